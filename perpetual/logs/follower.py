"""What to read next, and what of it to print: following a log group, without doing any of it.

Time comes as an argument, in milliseconds since 1970, and so does whatever was read or brought.
The driver (`perpetual.logs.tail`) does the calls.

What is promised, and on what:

* Every line is printed once, if it reaches CloudWatch at most `LATE` after its own time.
* Lines of one stream are printed in their order, if they become readable in it, and at most
  `OVERLAP` after their time. A stream is one task's output, sent in order by one Docker daemon.
  What comes later than that is printed when it is found, between younger lines.

Live Tail is fast, but its sessions break, start with what comes after them, and drop lines under
load ("sampled"). Each of these is a gap: from then on its lines are held back until a read that
began after the gap has filled it. A read that is meant to fill gaps goes from the newest page to
the oldest, so that all that precedes a line is looked up after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from perpetual.logs.ledger import CAPACITY, Event, Ledger

SECOND: Final = 1_000
LATE: Final = 15 * 60 * SECOND
"""How late a line may come. Hosts send every few seconds, but keep lines while they cannot."""
OVERLAP: Final = 30 * SECOND
"""What most reads read again."""
DEEP_EVERY: Final = 30 * SECOND
"""Time between reads that go back by `LATE`."""
SETTLE: Final = 5 * SECOND
"""Time from a line's arrival until every read finds it; indexing takes a second or two."""
POLL: Final = 1_500
"""Time between reads where Live Tail does not bring the lines, milliseconds.

A region allows all of an account 5 or 10 reads a second:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""
SAFETY_POLL: Final = 10 * SECOND
"""Time between reads where it does: they find what it dropped without saying so."""
HELD: Final = 20_000
"""Lines held back at most; beyond, they are left to reading."""
_SLACK: Final = 60 * SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A read to do: from `start` to `end`, inclusive, as seen at `began`.

    Without `end` it reaches to the newest line, newest page first, and is handed over whole. With
    one it is history, in which nothing moves any more: oldest page first, page by page. A deep one
    goes back as far as lines may be late.
    """

    start: int
    end: int | None
    began: int
    deep: bool


class Follower:
    """The state of following a log group."""

    def __init__(self, since: int, capacity: int = CAPACITY) -> None:
        """Begin with lines of `since`; remember `capacity` of them."""
        self._since = since
        self._ledger = Ledger(since, capacity)
        self._history: int | None = since  # how far it is printed; None: up to the present
        self._covered = since  # when the last read began that reached to the newest line
        self._deep = since  # likewise, of deep ones
        self._newest = since
        self._session = 0
        self._tailing = False
        self._gap: int | None = None
        self._held: list[Event] = []

    @property
    def live(self) -> bool:
        """Tell whether Live Tail brings the lines: a session runs, and has no gap."""
        return self._tailing and self._gap is None

    def due(self) -> int:
        """Return when the next read is to begin."""
        if self._history is not None:
            return 0
        return self._covered + (SAFETY_POLL if self.live else POLL)

    def next(self, now: int) -> Reading:
        """Return the read that is to begin now."""
        deep = self._history is not None or now - self._deep >= DEEP_EVERY
        start = max(self._start(deep=deep), self._ledger.floor)
        end = now - LATE if now - start > LATE + _SLACK else None
        return Reading(start=start, end=end, began=now, deep=deep)

    def _start(self, *, deep: bool) -> int:
        if self._history is not None:
            return self._history
        if deep:
            return self._deep - LATE
        # The newest line, because this machine's clock may be ahead, if by less than `LATE`: AWS
        # refuses requests that are signed 5 minutes off.
        return max(min(self._newest, self._covered) - OVERLAP, self._covered - LATE)

    def page(self, events: Iterable[Event]) -> list[Event]:
        """Take one page of history; return what of it to print."""
        fresh = self._ledger.read(events)
        self._ledger.forget(self._ledger.floor)
        return self._ordered(fresh)

    def done(self, reading: Reading, events: Iterable[Event] = ()) -> list[Event]:
        """Take the end of a read, and all events of one that is no history, oldest first."""
        if reading.end is not None:
            self._history = reading.end
            return []
        fresh = self._ledger.read(events)
        if self._gap is not None and reading.began >= self._gap + SETTLE:
            fresh += self._ledger.live(self._session, self._held)
            self._gap, self._held = None, []
        self._history = None
        self._covered = reading.began
        if reading.deep:
            self._deep = reading.began
        self._ledger.forget(self._deep - LATE)
        return self._ordered(fresh)

    def opened(self, now: int) -> None:
        """Take note that a session of Live Tail begins: what came before it is a gap."""
        self._session += 1
        self._tailing, self._gap, self._held = True, now, []

    def dropped(self, now: int) -> None:
        """Take note that lines are missing from what the session brought or is about to bring."""
        self._gap = now

    def brought(self, events: Iterable[Event], now: int) -> list[Event]:
        """Take what the session brings; return what of it to print, which may be nothing yet."""
        wanted = [event for event in events if event.timestamp >= self._since]
        if self._gap is None:
            return self._ordered(self._ledger.live(self._session, wanted))
        self._held += wanted
        if len(self._held) > HELD:
            self._gap, self._held = now, []
        return []

    def closed(self) -> None:
        """Take note that the session has ended; reading brings all lines from now on."""
        self._tailing, self._gap, self._held = False, None, []

    def _ordered(self, events: list[Event]) -> list[Event]:
        """Return events by time, those of one moment as they came; remember the newest."""
        events.sort(key=lambda event: event.timestamp)
        if events:
            self._newest = max(self._newest, events[-1].timestamp)
        return events
