"""A line as people read it."""

import json
from typing import Any

import pytest

from perpetual.logs import pretty
from perpetual.logs.ledger import Event

AT = 1_796_119_200_123
STREAM = "web/release/0af31c2d9e8b4f6a8f7c0a1b2c3d4e5f"
HEAD = "2026-12-01T10:00:00.123  0af31c2d"


def shown(message: str | dict[str, Any]) -> str:
    """Return a message of a task as it is printed."""
    text = message if isinstance(message, str) else json.dumps(message)
    event = Event(stream=STREAM, timestamp=AT, message=text)
    lines = ["".join(piece for _, piece in line).rstrip() for line in pretty.to_lines(event)]
    return "\n".join(lines)


def style(message: dict[str, Any], words: str) -> str:
    """Return the style of the piece that holds these words."""
    event = Event(stream=STREAM, timestamp=AT, message=json.dumps(message))
    return next(name for line in pretty.to_lines(event) for name, text in line if words in text)


def test_json_is_level_message_and_the_rest() -> None:
    """As the example application logs it, and logger_json, which nests and says severity."""
    flat = {"level": "info", "message": "node joined", "time": "x", "peer": "app@10.0.1.2"}
    assert shown(flat) == f"{HEAD}  info     node joined  peer=app@10.0.1.2"
    nested = {
        "severity": "error",
        "message": "request failed",
        "time": "x",
        "metadata": {"request_id": "F1", "path": "/a b", "status": 500},
    }
    assert shown(nested) == (
        f'{HEAD}  error    request failed  request_id=F1  path="/a b"  status=500'
    )


def test_other_lines_are_shown_as_they_are() -> None:
    """Boot crashes bypass the logger, and some text only begins like JSON."""
    assert shown("** (Mix) crashed\n") == f"{HEAD}  ** (Mix) crashed"
    assert shown("{erl_crash, [") == f"{HEAD}  {{erl_crash, ["
    assert shown("[1]") == f"{HEAD}  [1]"
    assert shown("{}") == f"{HEAD}  {{}}"
    assert shown({"a": 1}).split() == [*HEAD.split(), "a=1"]


def test_a_text_of_several_lines_keeps_them() -> None:
    """Stack traces, below the line that they belong to."""
    assert shown({"level": "error", "message": "oops\n  at a\n  at b", "x": 1}) == (
        f"{HEAD}  error    oops  x=1\n      at a\n      at b"
    )


def test_a_message_may_be_anything() -> None:
    """Formatters differ."""
    assert shown({"message": {"a": [1, "ü"]}, "level": 3}) == f'{HEAD}  3        {{"a": [1, "ü"]}}'
    assert shown({"msg": "m", "metadata": 5}) == f"{HEAD}           m  metadata=5"
    assert shown({"message": "m", "empty": "", "quote": '"'}) == (
        f'{HEAD}           m  empty=""  quote="\\""'
    )


@pytest.mark.parametrize(
    "message", ["\x1b[2Jx", {"message": "\x1b[2Jx"}, {"message": "m", "\x1b[2Jx": 1}]
)
def test_nothing_steers_the_terminal(message: Any) -> None:
    """Whoever can write a log line must not be able to draw on somebody's screen."""
    assert "\x1b" not in shown(message)
    assert "\\x1b[2Jx" in shown(message)


@pytest.mark.parametrize("fields", [{"a\nforged": 1}, {"level": "x\nforged"}, {"a": "x\nforged"}])
def test_no_field_begins_a_line(fields: dict[str, Any]) -> None:
    """Only a message has several, below its first."""
    text = shown({"message": "m", **fields})
    assert "forged" in text
    assert "\n" not in text


@pytest.mark.parametrize("depth", [900, 960, 980, 985, 990, 995, 1_000, 100_000])
@pytest.mark.parametrize("field", ["a", "message", "level"])
def test_what_is_nested_too_deep_is_shown_as_it_is(field: str, depth: int) -> None:
    """Users send such things, and a line of the log must not end the command."""
    text = f'{{"{field}":{"[" * depth}{"]" * depth}}}'
    assert "[" * depth in shown(text)


def test_colour_tells_level_and_task() -> None:
    """And words tell the level, too."""
    assert style({"level": "error", "message": "boom"}, "boom") == "red"
    assert style({"level": "warning", "message": "hm"}, "hm") == "yellow"
    assert style({"level": "info", "message": "fine"}, "fine") == ""
    assert style({"message": "m"}, "0af31c2d") != ""
