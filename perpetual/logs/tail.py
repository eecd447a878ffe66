"""Following a log group: two threads that ask AWS, and one that decides and prints.

One thread reads when told to; one keeps a session of Live Tail open as long as that works. Both
put what they get into one inbox. Only the main thread knows the follower, prints, and is where
signals arrive; so the order of lines is the order of the inbox.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types
from botocore.eventstream import ParserError  # type: ignore[import-untyped]  # as above
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]  # as above
from urllib3.exceptions import HTTPError

from perpetual.aws import faults
from perpetual.errors import OperatorError
from perpetual.logs.follower import SAFETY_POLL, Follower, Reading
from perpetual.logs.ledger import Event
from perpetual.logs.reading import AbsentError, Reader, passing
from perpetual.status.ending import INTERRUPTED, ending

LASTING: Final = 10.0
"""Seconds after which a session counts as one that worked."""
FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
"""Seconds before a session or a read is tried again: from the first to the longest, doubled."""
PAGES: Final = 4
"""Pages that wait to be printed; reading waits where there are more."""
UPDATES: Final = 60
"""Updates of Live Tail that wait to be printed, a minute's; more are dropped and read instead."""
_REFUSED: Final = faults.DENIED | {"InvalidParameterException", "InvalidOperationException"}
"""Refusals of Live Tail that another try would get again."""
_TIMED_OUT: Final = "SessionTimeoutException"
TICK: Final = 1.0
"""Longest time without a look whether anybody still reads, seconds."""

ENDED: Final = "it ended"

Update = Mapping[str, Any]
Session = Callable[[], Iterator[Update]]
"""Opens a session of Live Tail: what it sends, until it ends or breaks."""


# --- what the threads tell


@dataclass(frozen=True)
class Page:
    """A page of history."""

    events: Sequence[Event]


@dataclass(frozen=True)
class Done:
    """The end of a read, with its events where it is no history."""

    reading: Reading
    events: Sequence[Event] = ()


@dataclass(frozen=True)
class Failed:
    """A read that failed."""

    error: OperatorError


@dataclass(frozen=True)
class Opened:
    """A session has begun."""

    at: int


@dataclass(frozen=True)
class Brought:
    """An update of the session; `dropped` where lines are missing from it or before it."""

    events: Sequence[Event]
    at: int
    dropped: bool


@dataclass(frozen=True)
class Closed:
    """A session has ended, or could not begin; `seconds` is how long it lasted."""

    why: str
    seconds: float


@dataclass(frozen=True)
class Broken:
    """A fault of this program in a thread."""

    error: Exception


@dataclass(frozen=True)
class Signal:
    """SIGINT or SIGTERM."""

    number: int


Message = Page | Done | Failed | Opened | Brought | Closed | Broken | Signal


def now() -> int:
    """Return the time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass
class Tail:
    """Following one log group from `since` on.

    `show` prints lines and tells whether anybody reads them; `reads` tells the same without any;
    `say` is for the person, beside the lines.
    """

    reader: Reader
    session: Session
    since: int
    show: Callable[[Sequence[Event]], bool]
    reads: Callable[[], bool]
    say: Callable[[str], object]
    _inbox: "queue.SimpleQueue[Message]" = field(default_factory=queue.SimpleQueue)
    _orders: "queue.SimpleQueue[Reading | None]" = field(default_factory=queue.SimpleQueue)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Follow until a signal ends it or nobody reads any more; return the exit code.

        Raises:
            OperatorError: The lines cannot be read, and waiting would not help.
        """
        pages = threading.Semaphore(PAGES)
        reading = threading.Thread(target=self._read, args=(pages,), daemon=True)
        tailing = threading.Thread(target=self._tail, daemon=True)
        loop = _Loop(self, pages)
        with ending(lambda number: self._inbox.put(Signal(number))):
            reading.start()
            tailing.start()
            try:
                return loop.run(self._inbox, self._orders)
            finally:
                self._over.set()
                self._orders.put(None)
                for _ in range(PAGES):
                    pages.release()

    # --- the thread that reads

    def _read(self, room: threading.Semaphore) -> None:
        while (reading := self._orders.get()) is not None and not self._over.is_set():
            try:
                if reading.end is None:
                    self._inbox.put(Done(reading, self.reader.whole(reading)))
                    continue
                for page in self.reader.pages(reading):
                    room.acquire()
                    if self._over.is_set():
                        return
                    self._inbox.put(Page(page))
                self._inbox.put(Done(reading))
            except OperatorError as error:
                self._inbox.put(Failed(error))
            except Exception as error:  # noqa: BLE001 - the main thread raises it
                self._inbox.put(Broken(error))

    # --- the thread that tails

    def _tail(self) -> None:
        delay = FIRST_DELAY
        while not self._over.is_set():
            began = time.monotonic()
            try:
                why, lasting = self._one_session()
            except Exception as error:  # noqa: BLE001 - the main thread raises it
                self._inbox.put(Broken(error))
                return
            lasted = time.monotonic() - began
            self._inbox.put(Closed(why, lasted))
            if not lasting:
                return
            delay = FIRST_DELAY if lasted >= LASTING else min(2 * delay, LONGEST_DELAY)
            self._over.wait(delay)

    def _one_session(self) -> tuple[str, bool]:
        """Pass on what one session brings; return why it ended, and whether to try another."""
        try:
            dropped = False
            for update in self.session():
                if self._over.is_set():
                    break
                if "sessionStart" in update:
                    self._inbox.put(Opened(now()))
                elif "sessionUpdate" in update:
                    dropped = self._pass_on(update["sessionUpdate"], missing=dropped)
        except exceptions.ClientError as error:
            if faults.code(error) == _TIMED_OUT:
                return ENDED, True
            return str(faults.sentence(error).message), faults.code(error) not in _REFUSED
        except exceptions.BotoCoreError as error:
            return str(faults.sentence(error).message), True
        except (HTTPError, OSError) as error:
            return f"the connection broke: {type(error).__name__}", True
        except (ParserError, ResponseParserError) as error:
            # What a proxy answers, or a stream that ends before it began.
            return f"the answer is no event stream: {type(error).__name__}", True
        return ENDED, True

    def _pass_on(self, update: Update, *, missing: bool) -> bool:
        """Pass on one update, unless too many wait already; return whether it was dropped."""
        if self._inbox.qsize() >= UPDATES:
            return True
        sampled = update.get("sessionMetadata", {}).get("sampled", False)
        events = [
            Event(stream=raw["logStreamName"], timestamp=raw["timestamp"], message=raw["message"])
            for raw in update.get("sessionResults", ())
            if self.reader.source.holds(raw["logStreamName"])
        ]
        self._inbox.put(Brought(events, now(), sampled or missing))
        return False


class _Loop:
    """The main thread: takes what the threads tell, one after another."""

    def __init__(self, tail: Tail, pages: threading.Semaphore) -> None:
        self._tail = tail
        self._pages = pages
        self._follower = Follower(tail.since)
        self._asked = False
        self._again = 0.0
        self._delay = FIRST_DELAY
        self._said: set[str] = set()
        self._opened = 0

    def run(self, inbox: "queue.SimpleQueue[Message]", orders: Any) -> int:
        """Follow until something ends it; return the exit code."""
        while True:
            self._order(orders)
            try:
                message = inbox.get(timeout=self._patience())
            except queue.Empty:
                if not self._tail.reads():
                    return 0
                continue
            if isinstance(message, Signal):
                return INTERRUPTED + message.number
            events = self._take(message)
            if events and not self._tail.show(events):
                return 0

    def _order(self, orders: Any) -> None:
        """Tell the reading thread to read, if a read is due and none goes on."""
        # A clock that was set back makes a read due in a long time: it is done at once.
        wait = self._follower.due() - now()
        if self._asked or time.monotonic() < self._again or 0 < wait <= SAFETY_POLL:
            return
        orders.put(self._follower.next(now()))
        self._asked = True

    def _patience(self) -> float:
        if self._asked:
            return TICK
        due = max((self._follower.due() - now()) / 1_000, self._again - time.monotonic())
        return min(max(due, 0.0), TICK)

    def _take(self, message: Message) -> list[Event]:
        """Let the follower know; return what is to be printed."""
        match message:
            case Page(events):
                self._pages.release()
                return self._follower.page(events)
            case Done(reading, events):
                self._read(reading)
                return self._follower.done(reading, events)
            case Failed(error):
                self._failed(error)
            case Opened(at):
                self._opened = at
                self._follower.opened(at)
            case Brought(events, at, dropped):
                return self._brought(events, at, dropped=dropped)
            case Closed(why, seconds):
                self._closed(why, seconds)
            case Broken(error):
                raise error
        return []

    def _read(self, reading: Reading) -> None:
        self._asked = False
        self._delay = FIRST_DELAY
        if reading.end is None and self._said & {"absent", "reading"}:
            self._said -= {"absent", "reading"}
            self._tail.say("reading again")

    def _failed(self, error: OperatorError) -> None:
        self._asked = False
        if isinstance(error, AbsentError):
            self._once("absent", f"{error.message} yet: waiting for it")
        elif passing(error):
            self._once("reading", f"{error.message}: trying again")
        else:
            raise error
        self._again = time.monotonic() + self._delay
        self._delay = min(2 * self._delay, LONGEST_DELAY)

    def _brought(self, events: Sequence[Event], at: int, *, dropped: bool) -> list[Event]:
        if "tail" in self._said and at - self._opened >= LASTING * 1_000:
            self._said -= {"tail"}
            self._tail.say("Live Tail is back")
        if dropped:
            self._follower.dropped(at)
        return self._follower.brought(events, at)

    def _closed(self, why: str, seconds: float) -> None:
        self._follower.closed()
        # AWS ends each session after three hours, and then another begins: not worth a word.
        if why == ENDED and seconds >= LASTING:
            return
        what = "was cut off" if seconds >= LASTING else "does not work"
        self._once("tail", f"Live Tail {what} ({why}): reading every few seconds instead")

    def _once(self, topic: str, text: str) -> None:
        if topic not in self._said:
            self._said.add(topic)
            self._tail.say(text)
