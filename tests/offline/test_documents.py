"""YAML as the engine reads it."""

from pathlib import Path
from typing import Any

import pytest

from perpetual.errors import OperatorError
from perpetual.offline.documents import read_mapping


def _read(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "Pulumi.dev.yaml"
    path.write_text(text)
    return read_mapping(path)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("03:30", "03:30"),  # PyYAML alone: 12,600
        ("sun:04:00-sun:05:00", "sun:04:00-sun:05:00"),
        ("no", "no"),  # PyYAML alone: False
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("17", 17),
        ("-5", -5),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 15),
        ("0b11", 3),
        ("17.4", 17.4),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("012345678901", 12345678901.0),  # no octal, so a number: why accounts need quotes
        ('"012345678901"', "012345678901"),
        ("2026-11-22", "2026-11-22 00:00:00 +0000 UTC"),
        ("2026-11-22T20:00:00Z", "2026-11-22 20:00:00 +0000 UTC"),
        ('"2026-11-22T20:00:00Z"', "2026-11-22T20:00:00Z"),
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_is_what_the_engine_takes_it_for(
    tmp_path: Path, scalar: str, value: object
) -> None:
    """Where YAML 1.1 and 1.2 differ, 1.2 holds."""
    found = _read(tmp_path, f"key: {scalar}\n")["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_and_anchors_merge(tmp_path: Path) -> None:
    """A number as a key is a configuration key all the same."""
    text = "base: &base {a: 1, b: 2}\n5: {<<: *base, b: 3}\n"
    assert _read(tmp_path, text)["5"] == {"a": 1, "b": 3}


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    """A new stack's file may hold nothing yet."""
    assert _read(tmp_path, "# nothing yet\n") == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("config:\n  a: [1\n", r"Pulumi\.dev\.yaml is not valid YAML: line 3, column 1: .+"),
        ("config: {a: 1, a: 2}\n", r"line 1: the key 'a' is given twice"),
        ("- a\n- b\n", r"Pulumi\.dev\.yaml holds a list, not keys with values"),
        ("just text", r"holds a str, not keys with values"),
        ("config: !!python/object:os.system {}\n", r"not valid YAML: .*could not determine"),
    ],
)
def test_a_broken_file_is_one_sentence_that_says_where(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """No parser's own traceback."""
    with pytest.raises(OperatorError, match=sentence) as caught:
        _read(tmp_path, text)
    assert "\n" not in caught.value.message


def test_a_file_that_is_no_text_says_at_which_byte(tmp_path: Path) -> None:
    """An editor's other encoding."""
    path = tmp_path / "Pulumi.yaml"
    path.write_bytes(b"name: caf\xe9\n")
    with pytest.raises(OperatorError, match="not UTF-8 text: byte 9"):
        read_mapping(path)
