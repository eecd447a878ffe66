"""Which lines have been printed, so that none is printed twice, whoever brings it again.

A line comes from two sources. Reading (`FilterLogEvents`) names each event by its id, and is done
again and again over the same minutes, because lines arrive late. Live Tail brings events without
ids, and its sessions break. Both are lists of the same lines, so what a line is to be printed for
is the larger of the two counts: a line that stands twice in one millisecond of one stream was
written twice, and one that each source brought once was written once.

Memory is bounded by forgetting the oldest lines, and what is forgotten is never read again: reading
must begin no earlier than `floor`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

BUCKET_MILLISECONDS: Final = 10_000
"""Lines are forgotten by so many milliseconds at a time."""

CAPACITY: Final = 250_000
"""Lines remembered at most, about 100 MB of them; the newest bucket is kept whatever it holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One line of one stream; `ident` is the event's id, which Live Tail does not tell."""

    stream: str
    timestamp: int
    message: str
    ident: str | None = None

    @property
    def task(self) -> str:
        """Return the id of the task that wrote it: the end of a stream's name, as awslogs has it.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
        """
        return self.stream.rpartition("/")[2]

    @property
    def text(self) -> str:
        """Return what was written, without the line's end."""
        return self.message.rstrip("\n")


@dataclass(slots=True)
class _Count:
    """How often one line was printed, read, and brought by the present session."""

    printed: int = 0
    read: int = 0
    session: int = 0
    brought: int = 0


@dataclass(slots=True)
class _Bucket:
    lines: dict[bytes, _Count] = field(default_factory=dict)
    idents: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return max(len(self.lines), len(self.idents))


class Ledger:
    """What was printed, from `floor` on."""

    def __init__(self, floor: int, capacity: int = CAPACITY) -> None:
        """Remember nothing yet; lines before `floor`, in milliseconds, are not to be read."""
        self.floor = floor
        self._capacity = capacity
        self._buckets: dict[int, _Bucket] = {}

    def read(self, events: Iterable[Event]) -> list[Event]:
        """Return those of the events read that have not been printed, and count them as printed."""
        fresh = []
        for event in events:
            bucket = self._bucket(event)
            if event.ident is None or event.ident in bucket.idents:
                continue
            bucket.idents.add(event.ident)
            count = bucket.lines.setdefault(_key(event), _Count())
            count.read += 1
            if count.read > count.printed:
                count.printed += 1
                fresh.append(event)
        return fresh

    def live(self, session: int, events: Iterable[Event]) -> list[Event]:
        """Return those of a session's events that have not been printed, and count them so.

        What comes so late that it is forgotten already can be known to nobody but Live Tail.
        """
        fresh = []
        for event in events:
            if event.timestamp < self.floor:
                fresh.append(event)
                continue
            count = self._bucket(event).lines.setdefault(_key(event), _Count())
            if count.session != session:
                count.session, count.brought = session, 0
            count.brought += 1
            if count.brought > count.printed:
                count.printed += 1
                fresh.append(event)
        return fresh

    def forget(self, before: int) -> None:
        """Forget lines before this moment, and more where there are too many; raise the floor."""
        keep = before // BUCKET_MILLISECONDS
        ordered = sorted(self._buckets)
        total = sum(map(len, self._buckets.values()))
        for position, number in enumerate(ordered):
            crowded = total > self._capacity and position < len(ordered) - 1
            if number >= keep and not crowded:
                break
            total -= len(self._buckets.pop(number))
            self.floor = max(self.floor, (number + 1) * BUCKET_MILLISECONDS)
        self.floor = max(self.floor, keep * BUCKET_MILLISECONDS)

    def __len__(self) -> int:
        """Return how many lines are remembered."""
        return sum(map(len, self._buckets.values()))

    def _bucket(self, event: Event) -> _Bucket:
        return self._buckets.setdefault(event.timestamp // BUCKET_MILLISECONDS, _Bucket())


def _key(event: Event) -> bytes:
    """Return what makes a line the same line in both sources, in a few bytes.

    Not the time of ingestion: that both sources state the same one is documented nowhere.
    """
    whole = f"{event.stream}\0{event.timestamp}\0{event.message}"
    return hashlib.blake2b(whole.encode(errors="surrogatepass"), digest_size=16).digest()
