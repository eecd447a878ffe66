"""Containers' output as log events: lines, times, batches, and what CloudWatch takes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.sandbox.runtime import shipping
from perpetual.sandbox.runtime.shipping import Line

STAMP = "2026-11-29T05:36:01.000000002Z"
LETTERS = st.characters(codec="utf-8", exclude_characters="\n")
"""What is left of bytes once they are read as UTF-8, whatever they were."""
AT = 1_795_930_561_000_000_002


def test_a_line_has_dockers_time() -> None:
    """To the nanosecond, which tells lines apart; the event's is in milliseconds."""
    (line,) = shipping.lines(iter([f"{STAMP} hello world\r\n".encode()]))
    assert line == Line(AT, "hello world")
    assert list(shipping.batches([line])) == [
        [{"timestamp": AT // 1_000_000, "message": "hello world"}]
    ]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_chunks_end_anywhere(size: int) -> None:
    """A line may come in pieces, and the last one without an end."""
    text = f"{STAMP} one\n{STAMP} zwölf\n{STAMP} three".encode()
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert [line.text for line in shipping.lines(iter(chunks))] == ["one", "zwölf", "three"]


def test_empty_lines_are_no_events() -> None:
    """CloudWatch takes none."""
    assert list(shipping.batches([Line(1, ""), Line(2, "")])) == []


def test_batches_are_as_large_as_cloudwatch_takes() -> None:
    """In number of events, and in bytes with what each event adds."""
    many = [Line(number, "x") for number in range(shipping.MOST_EVENTS + 1)]
    assert [len(batch) for batch in shipping.batches(many)] == [shipping.MOST_EVENTS, 1]
    large = [Line(number, "x" * 200_000) for number in range(6)]
    assert [len(batch) for batch in shipping.batches(large)] == [5, 1]


@given(st.lists(st.text(LETTERS, max_size=20), max_size=30))
def test_nothing_is_lost_or_doubled(texts: Sequence[str]) -> None:
    """However lines are batched, their texts come out in order."""
    found = [
        event["message"]
        for batch in shipping.batches([Line(1, text) for text in texts])
        for event in batch
    ]
    assert found == [text for text in texts if text]


def test_a_line_that_is_too_long_is_several_events() -> None:
    """Split between characters, and whole when put together again."""
    text = "ä" * shipping.LARGEST_LINE
    messages = [event["message"] for batch in shipping.batches([Line(1, text)]) for event in batch]
    assert "".join(messages) == text
    assert all(len(one.encode()) <= shipping.LARGEST_LINE for one in messages)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"awslogs-stream-prefix": "web"}, "web/release/0123"),
        ({}, "runtime"),
    ],
)
def test_streams_are_named_as_awslogs_does(options: dict[str, str], expected: str) -> None:
    """With a prefix by container and task, else by the container's id."""
    assert shipping.stream_name(options, "arn:task/c/0123", "release", "runtime") == expected
