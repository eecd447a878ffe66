"""The rules of an ignore file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image.ignore import ignored, rules

SEGMENT = st.text("ab.*", min_size=1, max_size=4).filter(lambda text: set(text) - {".", "*"})
PATH = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        (["deps"], "deps", True),
        (["deps"], "deps/jason/mix.exs", True),
        (["deps"], "lib/deps", False),
        (["/deps/"], "deps/jason", True),
        (["./deps"], "deps", True),
        (["*.md"], "README.md", True),
        (["*.md"], "docs/README.md", False),
        (["*/*.md"], "docs/README.md", True),
        (["**/*.md"], "README.md", True),
        (["**/*.md"], "a/b/README.md", True),
        (["**"], "a/b", True),
        (["a/**/z"], "a/z", True),
        (["a/**/z"], "a/b/c/z", True),
        (["a/**"], "a/b/c", True),
        (["a/**"], "b/a", False),
        (["?.ex"], "a.ex", True),
        (["?.ex"], "ab.ex", False),
        (["?"], "/", False),
        (["[ab].ex"], "b.ex", True),
        (["[^ab].ex"], "b.ex", False),
        ([r"\*.ex"], "*.ex", True),
        ([r"\*.ex"], "a.ex", False),
        (["a.ex"], "axex", False),
        (["*.md", "!README.md"], "README.md", False),
        (["!README.md", "*.md"], "README.md", True),
        (["priv", "!priv/static"], "priv/static/app.js", False),
        (["priv", "!priv/static"], "priv/repo", True),
        (["# deps", "", "  ", "!", "."], "deps", False),
        (["  deps  "], "deps", True),
        (["! deps"], "deps", False),
        ([], "deps", False),
    ],
)
def test_a_path_is_left_out_as_docker_would(lines: list[str], path: str, *, expected: bool) -> None:
    """Docker's own examples, and the ones that are easily got wrong."""
    assert ignored(path, rules(lines)) is expected


@given(st.lists(PATH, max_size=4), PATH)
def test_plain_rules_leave_out_a_path_and_all_below_it(lines: list[str], path: str) -> None:
    """Without wildcards the answer is one about prefixes."""
    below = any(path == line or path.startswith(f"{line}/") for line in lines)
    assert ignored(path, rules(lines)) is below


@given(st.lists(SEGMENT, max_size=4), PATH)
def test_everything_taken_back_is_nothing_left_out(lines: list[str], path: str) -> None:
    """The last rule that names a path decides."""
    assert not ignored(path, rules([*lines, "!**"]))


@pytest.mark.parametrize("line", ["[", "a[", "]", "(", "a+b", "a{1}", "^a$", "a|b", "a.b"])
def test_what_only_regular_expressions_know_is_plain_text(line: str) -> None:
    """Patterns are Docker's, not Python's."""
    assert ignored(line, rules([line]))


@pytest.mark.parametrize("line", ["[]", "[z-a]", "[^]"])
def test_a_broken_pattern_is_named(line: str) -> None:
    """Docker refuses the build too, but later and elsewhere."""
    with pytest.raises(ValueError, match="no pattern that Docker reads"):
        rules([line])
