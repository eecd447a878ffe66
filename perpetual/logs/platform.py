"""`perpetual logs platform`: AWS's several logs about a stack as one, and what comes to them."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from perpetual.aws.published import Published
from perpetual.aws.session import Clients
from perpetual.errors import OperatorError
from perpetual.logs import document, sources
from perpetual.logs.entries import Entry, Level, Source, merged
from perpetual.logs.sources import Look
from perpetual.offline.reports.entries import visible
from perpetual.output import show, somebody_reads, write
from perpetual.status.ending import Ended, ending
from perpetual.status.together import Unread, together

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line

INCOMPLETE: Final = 1
"""Exit code where a source could not be read, and what the others say was printed."""

SECONDS: Final = 30.0
"""Time for all sources together."""
POLL: Final = 5.0
"""Time between two looks while following, seconds."""
SELDOM: Final = frozenset({Source.GROUP, Source.SCALING, Source.ALARMS, Source.DATABASE})
"""Sources in which things change seldom, and are told late."""
SELDOM_EVERY: Final = 3
"""They are looked at every so many times."""
LATE: Final = timedelta(minutes=15)
"""How late a source may tell of something; RDS takes minutes."""

_STYLES: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: ""}
_SOURCE: Final = max(map(len, Source))

Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to show: what happened from `since` on, as text or as lines of JSON."""

    since: datetime
    as_json: bool


def history(
    clients: Clients, published: Published, options: Options, say: Say, now: datetime
) -> int:
    """Print what happened; return the exit code.

    Raises:
        OperatorError: No source can be read.
    """
    looks = sources.sources(clients, published)
    answers = together(
        {source: partial(look, options.since, now) for source, look in looks.items()}, SECONDS
    )
    found = {source: told for source, told in answers.items() if not isinstance(told, Unread)}
    unread = {source: why for source, why in answers.items() if isinstance(why, Unread)}
    if not found:
        why = next(iter(unread.values()))
        raise OperatorError(why.why, hint=why.hint)
    for text in (*_unread(unread), *sources.gaps(found, options.since, now)):
        say(text)
    listed = merged((entry for told in found.values() for entry in told), options.since)
    if not listed:
        say(f"nothing happened since {options.since:%Y-%m-%dT%H:%M:%S} UTC")
    else:
        printed(listed, as_json=options.as_json)
    return INCOMPLETE if unread else 0


def follow(clients: Clients, published: Published, options: Options, say: Say) -> int:
    """Print what happened and what happens, until a signal ends it or nobody reads any more."""
    following = Following(
        looks=sources.sources(clients, published),
        since=options.since,
        show=lambda found: printed(found, as_json=options.as_json),
        say=say,
    )
    try:
        with ending():
            while following.look(datetime.now(UTC)) and _wait(POLL):
                pass
    except Ended as ended:
        return ended.code
    return 0


def _wait(seconds: float) -> bool:
    """Wait; tell whether anybody still reads."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not somebody_reads():
            return False
        time.sleep(min(1.0, left))
    return True


def _unread(found: Mapping[Source, Unread]) -> list[str]:
    """Return one sentence for each fault, with the sources that have it."""
    alike: dict[Unread, list[Source]] = {}
    for source, why in found.items():
        alike.setdefault(why, []).append(source)
    return [f"{', '.join(names)} could not be read: {why.why}" for why, names in alike.items()]


@dataclass(kw_only=True)
class Following:
    """What was printed, and which sources do not answer.

    Each look goes back to `LATE` before the last one that was answered, because sources tell late;
    what was printed is known by its identity. States of hosts are no events: one that is over may
    begin again, so it is forgotten.
    """

    looks: Mapping[Source, Look]
    since: datetime
    show: Callable[[list[Entry]], bool]
    say: Say
    _times: int = 0
    _answered: dict[Source, datetime] = field(default_factory=dict)
    _seen: dict[str, Entry] = field(default_factory=dict)
    _silent: dict[Source, set[str]] = field(default_factory=dict)

    def look(self, now: datetime) -> bool:
        """Look at what is due and print what is new; tell whether anybody reads."""
        seldom = self._times % SELDOM_EVERY == 0
        self._times += 1
        due = [source for source in self.looks if seldom or source not in SELDOM]
        answers = together(
            {source: partial(self.looks[source], self._begin(source), now) for source in due},
            SECONDS,
        )
        told = {key: found for key, found in answers.items() if not isinstance(found, Unread)}
        self._hear({key: why for key, why in answers.items() if isinstance(why, Unread)}, set(told))
        if self._times == 1:
            for text in sources.gaps(told, self.since, now):
                self.say(text)
        fresh = self._fresh(told)
        self._forget(told, now)
        return self.show(fresh) if fresh else True

    def _begin(self, source: Source) -> datetime:
        """Return from when on a source's entries count."""
        answered = self._answered.get(source)
        return self.since if answered is None else max(self.since, answered - LATE)

    def _fresh(self, told: Mapping[Source, list[Entry]]) -> list[Entry]:
        """Return what was not printed yet, by time, and count it as printed."""
        counting = [
            entry
            for source, found in told.items()
            for entry in found
            if entry.at >= self._begin(source) and entry.ident not in self._seen
        ]
        fresh = merged(counting, self.since)
        self._seen |= {entry.ident: entry for entry in fresh}
        return fresh

    def _forget(self, told: Mapping[Source, list[Entry]], now: datetime) -> None:
        """Forget what does not count any more, and states of hosts that are over."""
        self._answered |= dict.fromkeys(told, now)
        present = {entry.ident for entry in told.get(Source.HOSTS, ())}

        def kept(entry: Entry) -> bool:
            if entry.source is Source.HOSTS:
                return Source.HOSTS not in told or entry.ident in present
            return entry.at >= self._begin(entry.source)

        self._seen = {ident: entry for ident, entry in self._seen.items() if kept(entry)}

    def _hear(self, unread: Mapping[Source, Unread], told: set[Source]) -> None:
        """Say which sources fell silent, once for each way out, and which speak again."""
        news = {key: why for key, why in unread.items() if why.hint not in self._ways(key)}
        for text in _unread(news):
            self.say(f"{text}: trying again")
        if back := self._silent.keys() & told:
            self.say(f"{', '.join(sorted(back))}: read again")
        self._silent |= {key: self._ways(key) | {why.hint} for key, why in unread.items()}
        for source in back:
            del self._silent[source]

    def _ways(self, source: Source) -> set[str]:
        return self._silent.get(source, set())


def printed(found: Iterable[Entry], *, as_json: bool) -> bool:
    """Print entries; tell whether anybody reads them."""
    if as_json:
        return write("\n".join(map(document.entry, found)))
    return show(map(_line, found))


def _line(entry: Entry) -> "Line":
    style = _STYLES[entry.level]
    return (
        ("dim", f"{entry.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"),
        ("cyan", f"  {entry.source:{_SOURCE}}"),
        ("bold", f"  {visible(entry.subject)}"),
        # An entry is a line, whatever line feeds AWS's words have.
        (style, f"  {visible(' '.join(entry.text.split()))}"),
    )
