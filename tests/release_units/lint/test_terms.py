"""Values in Elixir: where they end, and which of them production sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.release.elixir import code
from perpetual.release.lint import terms
from perpetual.release.lint.files import File, Kind, Term

MARKS = ["(", ")", "[", "]", "{", "}", "do", "end", "else", "fn", "->", ",", "\n", " ", "|>"]
WORDS = [
    "a: ",
    "b",
    "if config_env() == :dev do",
    "unless config_env() in [:prod] do",
    "config :a, ",
]
FRAGMENTS = st.lists(st.sampled_from(MARKS + WORDS)).map("".join)


def file(text: str) -> File:
    """Return a file of settings."""
    return File(path="config/prod.exs", kind=Kind.COMPILE, text=text)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("key: 1, other: 2", "1"),
        ("key: [a: 1, b: [2]], other: 2", "[a: 1, b: [2]]"),
        ("[key: f(1, 2)]", "f(1, 2)"),
        ("key: a\nother", "a"),
        ("key:\n  a, other: 1", "a"),
        ("key: a ||\n  b\nother", "a ||\n  b"),
        ("key: a\n  |> b()\nother", "a\n  |> b()"),
        ("key: fn a, b -> a end, other: 1", "fn a, b -> a end"),
        ("key: if a do\n  1\nelse\n  2\nend\nother", "if a do\n  1\nelse\n  2\nend"),
        ("key: a # why\nother", "a"),
        ("key: a; other", "a"),
        ("key: do_it, other: 1", "do_it"),
        ("key: 1", "1"),
        ("key: ", ""),
    ],
)
def test_a_value_ends_where_elixir_ends_it(source: str, value: str) -> None:
    """By brackets, blocks, commas, and lines that do not go on."""
    (term,) = file(source).whole.keywords("key")
    assert term.text == value


def test_a_key_is_a_word_of_its_own() -> None:
    """Not the end of another, not a text, not a comment."""
    found = file('other_key: 1, key: 2, :key, "key: 3", a.key: 4 # key: 5').whole.keywords("key")
    assert [term.text for term in found] == ["2"]


def test_calls_are_found_with_and_without_brackets() -> None:
    """Over lines, comments between them included; and what only begins so is none."""
    calls = file("config :a, B,\n  # why\n  c: 1\n\nconfig(:d, e: 2)\nconfig_env()\n").calls(
        "config"
    )
    assert [[part.text for part in call.arguments] for call in calls] == [
        [":a", "B", "c: 1"],
        [":d", "e: 2"],
    ]


def test_a_literal_is_a_text_and_nothing_else() -> None:
    """What is put together is known only when it runs."""
    whole = file('a: "x", b: "x" <> "y", c: "x#{y}", d: System.get_env("NAME", "z")').whole
    values = [next(whole.keywords(key)) for key in "abcd"]
    assert [value.literal for value in values] == ["x", None, None, None]
    assert [value.variables for value in values][3] == ("NAME",)


@pytest.mark.parametrize(
    ("condition", "then", "otherwise"),
    [
        ("if config_env() == :prod do", True, False),
        ("if config_env() == :dev do", False, True),
        ("if config_env() != :prod do", False, True),
        ("if config_env() != :test do", True, False),
        ("if config_env() in [:dev, :test] do", False, True),
        ("if Mix.env() in [:dev, :prod] do", True, False),
        ("if config_env() not in [:prod] do", False, True),
        ("unless config_env() == :prod do", False, True),
        ("unless config_env() == :dev do", True, False),
        ("if something() == :dev do", True, True),
    ],
)
def test_other_environments_are_left_out(condition: str, *, then: bool, otherwise: bool) -> None:
    """What production does not take, it does not see."""
    seen = terms.in_production(
        code(f"{condition}\n  if a do\n yes()\n end\nelse\n  no()\nend\nlast()")
    )
    assert ("yes()" in seen, "no()" in seen, "last()" in seen) == (then, otherwise, True)


def test_a_branch_that_does_not_end_ends_with_the_file() -> None:
    """As long as somebody is typing."""
    assert terms.in_production("a()\nif config_env() == :dev do\n  b()\n").split() == [
        *("a()", "if", "config_env()", "==", ":dev", "do")
    ]


@given(FRAGMENTS)
def test_every_offset_stays(source: str) -> None:
    """Whatever is blanked; and every value lies in its file."""
    seen = terms.in_production(source)
    assert len(seen) == len(source)
    assert seen.count("\n") == source.count("\n")
    made = file(source)
    for term in (*made.whole.keywords("a"), *made.calls("config")):
        assert 0 <= term.span.start <= term.span.end <= len(source)
        assert all(inside(part, term) for part in term.arguments)


def inside(part: Term, whole: Term) -> bool:
    """Tell whether a term lies in another."""
    return whole.span.start <= part.span.start < part.span.end <= whole.span.end
