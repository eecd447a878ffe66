"""Backup and maintenance windows, minute by minute."""

from hypothesis import given
from hypothesis import strategies as st

from settings.rules.database import DAY, WEEK, daily_minutes, overlap, weekly_minutes

starts = st.integers(min_value=0, max_value=DAY - 1)
lengths = st.integers(min_value=30, max_value=DAY)


def minutes(start: int, length: int, period: int) -> set[int]:
    """Return the minutes of a window, taken round its period."""
    return {minute % period for minute in range(start, start + length)}


@given(starts, lengths, st.integers(min_value=0, max_value=WEEK - 1), lengths)
def test_windows_overlap_when_they_share_a_minute(
    daily: int, daily_length: int, weekly: int, weekly_length: int
) -> None:
    """Also across midnight and across the end of the week."""
    every_day = {
        (minute + day * DAY) % WEEK
        for minute in range(daily, daily + daily_length)
        for day in range(7)
    }
    expected = bool(every_day & minutes(weekly, weekly_length, WEEK))
    assert overlap((daily, daily + daily_length), (weekly, weekly + weekly_length)) == expected


def test_windows_are_read_round_midnight_and_week() -> None:
    """An end before its start is one of the next day, or week."""
    assert daily_minutes("23:30-00:15") == (23 * 60 + 30, DAY + 15)
    assert weekly_minutes("sun:23:30-mon:00:30") == (WEEK - 30, WEEK + 30)
    assert weekly_minutes("mon:00:00-mon:01:00") == (0, 60)
