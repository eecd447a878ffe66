"""A line as programs read it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.logs import document
from perpetual.logs.ledger import Event

SCHEMA = json.loads(Path(document.__file__).with_name("schema.json").read_text())


def told(message: str) -> str:
    """Return a message of a task as it is written."""
    event = Event(stream="web/release/0af31c2d", timestamp=1_796_119_200_123, message=message)
    return document.line(event)


def read(message: str) -> Any:
    """Return what a program reads as a task's line."""
    content = json.loads(told(message))
    jsonschema.validate(content, SCHEMA)
    assert (content["at"], content["task"]) == ("2026-12-01T10:00:00.123Z", "0af31c2d")
    return content["line"]


def test_an_object_stands_in_it_as_it_was_written() -> None:
    """Character by character, but for the line's end."""
    text = '{"b": 12345678901234567890.10,  "a": "\\u00fc"}'
    assert told(f"{text}\n").endswith(f', "line": {text}}}')
    assert read(text)["a"] == "ü"


@pytest.mark.parametrize(
    "text",
    [
        "** (Mix) boom",
        "3",
        '["a"]',
        '{"cut": ',
        '{"a": NaN}',
        '{"a":\n1}',
        f'{{"a": {"[" * 100_000}{"]" * 100_000}}}',
    ],
)
def test_whatever_else_is_text(text: str) -> None:
    """Also what some take for JSON, and what no reader would follow so deep."""
    assert read(text) == text


@pytest.mark.parametrize(
    "text", ['{"a": "\x9b2J\u202e\U000e0001x"}', "\x1b[2J\x9b2J\u202e\U000e0001x"]
)
def test_nothing_steers_the_terminal(text: str) -> None:
    """And a program reads what was written."""
    assert told(text).isprintable()
    assert read(text) == (json.loads(text) if text.startswith("{") else text)


@given(st.text())
def test_every_line_is_one_and_is_json(text: str) -> None:
    """Nothing that a release writes ends the reader's program."""
    assert "\n" not in told(text)
    assert read(text) == text.rstrip("\n")
