"""Dockerfiles: instructions with their lines, however they are written; stages; forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.release.lint import dockerfile
from perpetual.release.lint.dockerfile import Instruction, instructions, parse

WORDS = st.text(st.sampled_from("abc=$\"'&|/-."), min_size=1, max_size=6).filter(
    lambda word: not word.startswith("-")
)
WRITTEN = st.lists(
    st.tuples(
        st.sampled_from(["FROM", "RUN", "copy", "Env", "CMD"]),
        st.lists(WORDS, min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=6,
)
BETWEEN = st.lists(st.sampled_from(["", "   ", "# a comment", "  # one more \\"]), max_size=3)
WITHIN = st.lists(st.sampled_from(["", "# a comment", "   # indented"]), max_size=2)


def read(text: str) -> list[tuple[str, str, int]]:
    """Return keyword, value and line of each instruction."""
    return [(item.keyword, item.value, item.line) for item in instructions(text)]


@given(WRITTEN, st.data())
def test_continuations_change_nothing(
    written: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    """Split over lines, with comments in between, an instruction is the same one."""
    lines: list[str] = []
    expected = []
    for keyword, words in written:
        lines += data.draw(BETWEEN)
        expected.append((keyword.upper(), " ".join(words), len(lines) + 1))
        parts = [keyword, *words]
        while len(parts) > 1:
            cut = data.draw(st.integers(1, len(parts)))
            if cut == len(parts):
                break
            lines.append(" ".join(parts[:cut]) + " \\")
            lines += data.draw(WITHIN)
            parts = parts[cut:]
        lines.append(" ".join(parts))
    assert read("\n".join(lines)) == expected
    assert read("\r\n".join(lines)) == expected


@given(st.text(st.sampled_from("FROM RUN a\\\n#<\"'`[]-=")))
def test_whatever_it_holds_it_is_read(text: str) -> None:
    """Instructions come in order, and there is an end."""
    lines = [item.line for item in instructions(text)]
    assert lines == sorted(set(lines))
    parse(text).final  # noqa: B018 - it has to be there


def test_a_directive_names_the_sign_of_continuation() -> None:
    """As on Windows; anywhere but at the top it is a comment."""
    assert read("# escape=`\nRUN a `\n  b") == [("RUN", "a   b", 2)]
    assert read("RUN a\n# escape=`\nRUN b\\\nc") == [("RUN", "a", 1), ("RUN", "bc", 3)]


def test_documents_in_an_instruction_are_no_instructions() -> None:
    """They end with the word that begins them; without it, with the file."""
    text = (
        "RUN <<EOF\nUSER root\nEOF\nCOPY <<'A' <<-B /x\nFROM y\nA\nCMD z\n\tB\n"
        "USER 1\nRUN <<C\nUSER 2"
    )
    assert [line[0] for line in read(text)] == ["RUN", "COPY", "USER", "RUN"]


def test_flags_are_no_words() -> None:
    """They say where a copy comes from, and for what a stage is."""
    (copy,) = instructions('COPY --from=builder --chown="a b" x y /z')
    assert copy.flags == {"from": "builder", "chown": "a b"}
    assert copy.words == ("x", "y", "/z")


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ('["a", "b c"]', ("a", "b c")),
        ("[]", ()),
        ("['a']", None),
        ('["a", 1]', None),
        ('["a"', None),
        ("a b", None),
    ],
)
def test_only_json_is_the_exec_form(value: str, form: tuple[str, ...] | None) -> None:
    """Docker takes everything else for a line of the shell, and so does the check."""
    (item,) = instructions(f"CMD {value}")
    assert item.exec_form == form


def test_the_image_is_the_last_stage_and_what_it_starts_from() -> None:
    """Not the stages that it only copies from."""
    read_ = parse(
        "ARG A\nFROM a AS base\nUSER 1\nFROM b AS builder\nUSER 2\n"
        "FROM Base as middle\nENV X=1\nFROM middle\nCOPY --from=builder x y\n"
    )
    assert [item.keyword for item in read_.head] == ["ARG"]
    assert [(stage.name, stage.image) for stage in read_.stages] == [
        ("base", "a"),
        ("builder", "b"),
        ("middle", "base"),
        ("", "middle"),
    ]
    assert [item.value for item in read_.final if item.keyword != "FROM"] == ["1", "X=1", "x y"]


def test_a_stage_that_starts_from_itself_ends() -> None:
    """Names of later stages are names of images."""
    assert len(parse("FROM a AS a\nUSER 1\n").final) == 2
    assert dockerfile.parse("").final == ()


def test_an_instruction_is_plain_data() -> None:
    """Two that say the same are the same."""
    made = Instruction(keyword="USER", value="1", line=1, flags={})
    assert list(instructions("USER 1")) == [made]
