"""Every line once and in order: late lines, pages, gaps, broken sessions, outages."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpetual.logs.follower import HELD, LATE, OVERLAP, POLL, SETTLE, Follower
from perpetual.logs.ledger import Event, Ledger
from tests.logs.simulated import Line, Session, World

START = 1_800_000_000_000
"""When following begins, milliseconds since 1970."""
BUSY = 60_000
"""Lines are written for so long."""
QUIET = 50_000
"""Time after the last line, in which what is late has to be found."""


@st.composite
def histories(draw: st.DrawFn, longest: int) -> list[Line]:
    """Return lines of some streams; each becomes visible in its order, at most `longest` late."""
    lines = []
    for stream in range(draw(st.integers(1, 3))):
        written = sorted(draw(st.lists(st.integers(-20_000, BUSY), max_size=25)))
        ingested = visible = 0
        for number, offset in enumerate(written):
            # Coarse values, so that many are equal.
            timestamp = START + offset // 500 * 500
            delay = draw(st.sampled_from((0, 300, 5_000, longest - 2_000)))
            ingested = max(ingested, timestamp + delay)
            visible = max(visible, ingested + draw(st.sampled_from((0, 200, 2_000))))
            lines.append(
                Line(
                    stream=f"web/release/{stream}",
                    number=number,
                    timestamp=timestamp,
                    ingested=ingested,
                    visible=visible,
                    message=draw(st.sampled_from(("a", "b", f"line {number}"))),
                )
            )
    return lines


@st.composite
def sessions(draw: st.DrawFn) -> list[Session]:
    """Return sessions one after another, which lose lines in some updates."""
    found = []
    at = START
    for _ in range(draw(st.integers(0, 4))):
        opens = at + draw(st.integers(0, 10_000))
        closes = opens + draw(st.integers(1_000, 40_000))
        sampled = draw(st.frozensets(st.integers(1, 40), max_size=3))
        replays = draw(st.sampled_from((0, 3_000)))
        found.append(Session(opens=opens, closes=closes, sampled=sampled, replays=replays))
        at = closes
    return found


outages = st.lists(
    st.tuples(st.integers(0, BUSY), st.integers(100, 20_000)).map(
        lambda pair: (START + pair[0], START + pair[0] + pair[1])
    ),
    max_size=2,
)


def line(offset: int, message: str, *, stream: str = "s", late: int = 0, unread: int = 0) -> Line:
    """Return a line, `late` in arriving, and found by reads `unread` after that."""
    return Line(
        stream=stream,
        number=offset,
        timestamp=START + offset,
        ingested=START + offset + late,
        visible=START + offset + late + unread,
        message=message,
    )


def messages(events: list[Event]) -> str:
    """Join messages of one letter."""
    return "".join(event.message for event in events)


def counted(lines: list[Line]) -> Counter[tuple[str, int, str]]:
    """Count the lines by all that a reader sees of them."""
    return Counter(line.key for line in lines)


@settings(max_examples=400)
@given(
    lines=histories(OVERLAP),
    live=sessions(),
    out=outages,
    page=st.sampled_from((1, 2, 7, 1_000)),
)
def test_every_line_is_printed_once_and_each_stream_in_order(
    lines: list[Line], live: list[Session], out: list[tuple[int, int]], page: int
) -> None:
    """Whatever breaks, with lines as late as `OVERLAP`."""
    world = World(lines=lines, sessions=live, outages=out, page=page)
    printed = world.run(Follower(START - 30_000), START, START + BUSY + QUIET)
    seen = Counter(map(key_of, printed))
    assert seen == counted(lines)
    for stream in {line.stream for line in lines}:
        told_apart = [key for key, count in seen.items() if key[0] == stream and count == 1]
        expected = [line.key for line in lines if line.key in told_apart]
        assert [key for key in map(key_of, printed) if key in told_apart] == expected


def key_of(event: Event) -> tuple[str, int, str]:
    """Return all that a reader sees of an event."""
    return (event.stream, event.timestamp, event.message)


@settings(max_examples=100)
@given(lines=histories(LATE), live=sessions(), page=st.sampled_from((2, 1_000)))
def test_lines_that_are_a_quarter_of_an_hour_late_are_printed_once(
    lines: list[Line], live: list[Session], page: int
) -> None:
    """By one of the reads that go back so far."""
    world = World(lines=lines, sessions=live, page=page)
    printed = world.run(Follower(START - 30_000), START, START + BUSY + LATE + QUIET)
    assert Counter(map(key_of, printed)) == counted(lines)


def test_what_live_tail_dropped_is_read_before_it_goes_on() -> None:
    """The lines after the gap wait for it; those before came at once."""
    lines = [
        line(20_000 + 300 * position, letter, unread=3_000)
        for position, letter in enumerate("abcdefgh")
    ]
    session = Session(opens=START, closes=START + BUSY, sampled=frozenset({22}))
    world = World(lines=lines, sessions=[session])
    assert messages(world.run(Follower(START), START, START + BUSY)) == "abcdefgh"
    prompt = world.when
    assert prompt[0] <= lines[0].timestamp + 2_000
    assert prompt[-1] >= lines[-1].visible


def test_a_line_that_two_sessions_bring_is_printed_once() -> None:
    """And one that was written twice in one millisecond, twice."""
    follower = Follower(START)
    follower.done(follower.next(START))
    for opened in (START + 1, START + 20_000):
        follower.opened(opened)
        filled = opened + SETTLE
        follower.done(follower.next(filled))
        events = [line(9_000, "a").event(ident=False), line(9_000, "b").event(ident=False)]
        said = follower.brought([*events, events[1]], filled + 1)
        assert messages(said) == ("abb" if opened == START + 1 else "")
        follower.closed()


def test_lines_that_come_together_are_printed_by_time() -> None:
    """Whichever task they are from."""
    lines = [
        line(1_000, "c", stream="one", late=400),
        line(700, "b", stream="two", late=700),
        line(500, "a", stream="three", late=900),
    ]
    for live in ([], [Session(opens=START - 20_000, closes=START + BUSY)]):
        world = World(lines=lines, sessions=live)
        assert messages(world.run(Follower(START - 20_000), START - 20_000, START + 9_000)) == "abc"


def test_a_clock_that_is_ahead_delays_nothing() -> None:
    """AWS bears one of up to 5 minutes."""
    lines = [line(offset, "x") for offset in range(0, BUSY, 1_000)]
    world = World(lines=lines, ahead=290_000)
    world.run(Follower(START), START, START + BUSY + QUIET)
    late = [when - event.timestamp for event, when in zip(world.printed, world.when, strict=True)]
    assert len(late) == len(lines)
    assert max(late) <= POLL + 1_000


def test_history_is_printed_page_by_page_and_the_present_joins_it() -> None:
    """A day of lines is not kept in memory until its end."""
    day = 24 * 60 * 60_000
    lines = [line(offset, f"{offset}") for offset in range(-day, 0, 600_000)]
    world = World(lines=lines, page=10)
    printed = world.run(Follower(START - day), START, START + 20_000)
    assert [event.message for event in printed] == [one.message for one in lines]
    assert world.reads[0].end is not None
    assert world.reads[1].end is None
    assert len(set(world.when)) > 10


@pytest.mark.parametrize("minutes", [2, 14, 16, 300])
def test_an_outage_is_caught_up_with(minutes: int) -> None:
    """However long; and then it is followed again."""
    gone = minutes * 60_000
    lines = [line(offset, f"{offset}") for offset in range(0, gone + BUSY, 7_000)]
    world = World(lines=lines, outages=[(START + 10_000, START + gone)], page=10)
    printed = world.run(Follower(START), START, START + gone + BUSY + QUIET)
    assert [event.message for event in printed] == [one.message for one in lines]
    assert world.reads[-1].start > START + gone


def test_while_live_tail_brings_the_lines_reads_are_few() -> None:
    """One every 10 seconds, most of them short."""
    session = Session(opens=START, closes=START + 600_000)
    world = World(lines=[], sessions=[session])
    world.run(Follower(START), START, START + 600_000)
    assert 55 <= len(world.reads) <= 70


def test_a_session_s_lines_from_before_are_not_printed() -> None:
    """A line that was late for hours is still older than what was asked for."""
    follower = Follower(START)
    follower.opened(START)
    follower.done(follower.next(START + SETTLE))
    old, new = line(-1, "old"), line(0, "new")
    said = follower.brought([one.event(ident=False) for one in (old, new)], START + SETTLE)
    assert messages(said) == "new"


def test_too_much_that_is_held_back_is_left_to_reading() -> None:
    """The lines are read all the same, and memory stays bounded."""
    follower = Follower(START)
    follower.opened(START)
    flood = [line(number, f"{number}") for number in range(HELD + 1)]
    assert follower.brought([one.event(ident=False) for one in flood], START + 90_000) == []
    assert follower.done(follower.next(START + 90_001)) == []
    assert not follower.live
    reading = follower.next(START + 90_000 + SETTLE)
    printed = follower.done(reading, [one.event(ident=True) for one in flood])
    assert [event.message for event in printed] == [one.message for one in flood]
    assert follower.live


def test_a_flood_is_printed_once_though_it_cannot_all_be_remembered() -> None:
    """Reads that go back by a quarter of an hour then go back by less."""
    lines = [line(offset, f"{offset}") for offset in range(0, 600_000, 1_000)]
    printed = World(lines=lines).run(Follower(START, 100), START, START + 700_000)
    assert [event.message for event in printed] == [one.message for one in lines]


def test_what_is_forgotten_is_never_read_again() -> None:
    """Where there is more than can be remembered, reads begin later: no line comes twice."""
    ledger = Ledger(START, capacity=100)
    for offset in range(0, 1_000_000, 1_000):
        ledger.read([line(offset, "x").event(ident=True)])
        ledger.forget(START)
    assert len(ledger) <= 110
    assert START + 880_000 <= ledger.floor <= START + 999_000
    again = [line(offset, "x").event(ident=True) for offset in range(0, 1_000_000, 1_000)]
    assert ledger.read([event for event in again if event.timestamp >= ledger.floor]) == []


def test_the_youngest_lines_are_remembered_however_many_they_are() -> None:
    """A burst within a few seconds would be printed again otherwise."""
    ledger = Ledger(START, capacity=100)
    burst = [line(number, f"{number}").event(ident=True) for number in range(5_000)]
    assert len(ledger.read(burst)) == 5_000
    ledger.forget(START)
    assert ledger.read(burst) == []
