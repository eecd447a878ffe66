"""CloudWatch Logs as the follower sees it, with a clock of its own: late lines, pages, sessions.

A line is written at its timestamp, arrives at `ingested`, and is found by reads from `visible` on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from perpetual.logs.follower import Follower, Reading
from perpetual.logs.ledger import Event

UPDATE = 1_000
"""Live Tail sends an update every second."""
PAGE_MILLISECONDS = 120
"""How long one page takes, milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line, and when it can be seen."""

    stream: str
    number: int
    timestamp: int
    ingested: int
    visible: int
    message: str

    @property
    def key(self) -> tuple[str, int, str]:
        """Return all that a reader sees of it."""
        return (self.stream, self.timestamp, self.message)

    def event(self, *, ident: bool) -> Event:
        """Return it as a source shows it."""
        return Event(
            stream=self.stream,
            timestamp=self.timestamp,
            message=self.message,
            ident=f"{self.stream}/{self.number}" if ident else None,
        )


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session of Live Tail: from when to when; updates that lose lines, by number.

    `replays` is by how much its first update reaches into what came before it.
    """

    opens: int
    closes: int
    sampled: frozenset[int] = frozenset()
    replays: int = 0


@dataclass(kw_only=True)
class World:
    """Lines, sessions, times at which the network is gone, and the size of a page.

    `ahead` is by how much this machine's clock is. What was printed goes with the time when it was.
    """

    lines: Sequence[Line]
    sessions: Sequence[Session] = ()
    outages: Sequence[tuple[int, int]] = ()
    page: int = 1_000
    ahead: int = 0
    printed: list[Event] = field(default_factory=list)
    when: list[int] = field(default_factory=list)
    reads: list[Reading] = field(default_factory=list)

    def run(self, follower: Follower, start: int, end: int) -> list[Event]:
        """Follow from `start` to `end`, and return what was printed."""
        now = start
        current: Session | None = None
        brought = 0
        while now < end:
            opening = self._session(now)
            if opening is not current:
                if current is not None:
                    follower.closed()
                if opening is not None:
                    follower.opened(now + self.ahead)
                    brought = now - opening.replays
                current = opening
            if current is not None and now - brought >= UPDATE:
                self._update(follower, current, brought, now)
                brought = now
            if now + self.ahead >= follower.due():
                now = self._read(follower, now)
            now = max(now + 1, self._next(follower, current, brought, now))
        return self.printed

    def _next(self, follower: Follower, current: Session | None, brought: int, now: int) -> int:
        """Return when something is due next: nothing happens before."""
        edges = [edge for one in self.sessions for edge in (one.opens, one.closes)]
        edges += [edge for outage in self.outages for edge in outage]
        due = [follower.due() - self.ahead, *(edge for edge in edges if edge > now)]
        if current is not None:
            due.append(brought + UPDATE)
        # A read that failed is tried again after a while.
        return max(min(due), now + 50)

    def _session(self, now: int) -> Session | None:
        if self._out(now):
            return None
        return next((one for one in self.sessions if one.opens <= now < one.closes), None)

    def _out(self, now: int) -> bool:
        return any(begin <= now < end for begin, end in self.outages)

    def _update(self, follower: Follower, session: Session, after: int, now: int) -> None:
        """Bring what arrived since the last update, in the order in which it arrived."""
        lines = sorted(
            (line for line in self.lines if after <= line.ingested < now),
            key=lambda line: (line.ingested, line.stream, line.number),
        )
        if (now - session.opens) // UPDATE in session.sampled:
            follower.dropped(now + self.ahead)
            lines = lines[::2]
        events = [line.event(ident=False) for line in lines]
        self._print(follower.brought(events, now + self.ahead), now)

    def _print(self, events: Sequence[Event], now: int) -> None:
        self.printed += events
        self.when += [now] * len(events)

    def _read(self, follower: Follower, now: int) -> int:
        """Do the next read, page by page, while time passes; return when it ends."""
        reading = follower.next(now + self.ahead)
        self.reads.append(reading)
        forward = reading.end is not None
        place: tuple[int, str, int] | None = None
        pages: list[list[Event]] = []
        while True:
            if self._out(now):
                return now
            found = self._page(reading.start, reading.end, now, place, forward=forward)
            if not found:
                break
            place = _place(found[-1])
            events = [line.event(ident=True) for line in found]
            if forward:
                self._print(follower.page(events), now)
            else:
                pages.append(events)
            now += PAGE_MILLISECONDS
        whole = [event for page in pages for event in page][::-1]
        self._print(follower.done(reading, whole), now)
        return now

    def _page(
        self,
        start: int,
        end: int | None,
        now: int,
        after: tuple[int, str, int] | None,
        *,
        forward: bool,
    ) -> list[Line]:
        """Return a page: the next lines in either direction from the place where the last ended."""
        found = sorted(
            (
                line
                for line in self.lines
                if line.visible <= now
                and line.timestamp >= start
                and (end is None or line.timestamp <= end)
                and (after is None or (_place(line) > after if forward else _place(line) < after))
            ),
            key=_place,
            reverse=not forward,
        )
        return found[: self.page]


def _place(line: Line) -> tuple[int, str, int]:
    return (line.timestamp, line.stream, line.number)
