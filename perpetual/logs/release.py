"""`perpetual logs app`: the lines of all tasks, those there are, and those to come."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from perpetual.aws.session import Clients
from perpetual.logs import document, pretty, requests
from perpetual.logs.follower import Reading
from perpetual.logs.ledger import Event, Ledger
from perpetual.logs.reading import Reader, has_streams
from perpetual.logs.requests import Source
from perpetual.logs.since import moment
from perpetual.logs.tail import Tail, now
from perpetual.output import show, somebody_reads, write

SILENCE: Final = 20.0
"""Seconds without an update, of which Live Tail sends one a second, after which it is cut off."""

Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to show: lines of `source` from `since` on, in milliseconds; as JSON or pretty."""

    source: Source
    since: int
    as_json: bool


def history(clients: Clients, options: Options, say: Say) -> int:
    """Print the lines there are; return the exit code.

    Raises:
        OperatorError: They cannot be read.
    """
    reader = Reader(clients, options.source)
    ledger = Ledger(options.since)
    end = now()
    found = False
    for page in reader.pages(Reading(start=options.since, end=end, began=end, deep=True)):
        fresh = ledger.read(page)
        ledger.forget(ledger.floor)
        found = found or bool(fresh)
        if fresh and not printed(fresh, as_json=options.as_json):
            return 0
    if not found:
        say(nothing(clients, options))
    return 0


def nothing(clients: Clients, options: Options) -> str:
    """Return why there is no line."""
    source = options.source
    if not has_streams(clients, source):
        who = "no such task" if source.streams else "no task"
        return f"{who} has written a line to {source.group} yet"
    which = f" that matches {source.pattern!r}" if source.pattern else ""
    return f"no line{which} since {moment(options.since):%Y-%m-%dT%H:%M:%S} UTC"


def follow(clients: Clients, options: Options, say: Say) -> int:
    """Print the lines there are and those to come; return the exit code.

    Raises:
        OperatorError: They cannot be read, and waiting would not help.
    """
    return Tail(
        reader=Reader(clients, options.source),
        session=lambda: session(clients, options.source),
        since=options.since,
        show=lambda events: printed(events, as_json=options.as_json),
        reads=somebody_reads,
        say=say,
    ).run()


def session(clients: Clients, source: Source) -> Iterator[Mapping[str, Any]]:
    """Open a session of Live Tail, and yield what it sends."""
    client = clients.streaming("logs", SILENCE)
    stream = client.start_live_tail(**requests.tail(source).request)["responseStream"]
    try:
        yield from stream
    finally:
        stream.close()


def printed(events: Sequence[Event], *, as_json: bool) -> bool:
    """Print events; tell whether anybody reads them."""
    if as_json:
        return write("\n".join(map(document.line, events)))
    return show([line for event in events for line in pretty.to_lines(event)])
