"""When to begin: what is understood, and what is not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.errors import OperatorError
from perpetual.logs.since import milliseconds, moment, parse

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("0s", timedelta()),
        (" 5m ", timedelta(minutes=5)),
        ("2026-11-29T10:00", timedelta(hours=2)),
        ("2026-11-29 10:00:30", timedelta(hours=2) - timedelta(seconds=30)),
        ("2026-11-29T10:00Z", timedelta(hours=2)),
        ("2026-11-29T10:00+01:00", timedelta(hours=3)),
        ("2026-11-29", timedelta(hours=12)),
    ],
)
def test_durations_and_moments_are_understood(text: str, ago: timedelta) -> None:
    """A moment without a zone is UTC, as everything printed is."""
    found = parse(text, NOW)
    assert found == NOW - ago
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize("text", ["", " ", "1", "h", "1x", "1h1d", "-1h", "1.5h", "10:00", "soon"])
def test_what_is_neither_is_refused(text: str) -> None:
    """With examples of both."""
    with pytest.raises(OperatorError, match="neither a duration nor a moment") as raised:
        parse(text, NOW)
    assert repr(text) in raised.value.message
    assert "1h30m" in raised.value.hint
    assert "2026-11-29T10:00" in raised.value.hint


def test_what_is_yet_to_come_is_refused() -> None:
    """It tells the time, which may be why."""
    with pytest.raises(OperatorError, match=r"is yet to come: it is 2026-11-29T12:00:00 UTC"):
        parse("2026-11-29T12:30", NOW)


@pytest.mark.parametrize("text", ["99999d", "999999999999d", "0001-01-01"])
def test_what_is_before_all_logs_is_refused(text: str) -> None:
    """Also where no calendar reaches."""
    with pytest.raises(OperatorError, match="before 1970"):
        parse(text, NOW)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is given beside
def test_cloudwatch_counts_milliseconds(when: datetime) -> None:
    """Down, so that a line of the same millisecond is not left out."""
    assert moment(milliseconds(when)) <= when
    assert when - moment(milliseconds(when)) < timedelta(milliseconds=1)
    there = timezone(timedelta(hours=5))
    assert milliseconds(when.astimezone(there)) == milliseconds(when)
