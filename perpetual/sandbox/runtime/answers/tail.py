"""CloudWatch Logs' Live Tail: events as they are put, once a second.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
"""

import json
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from moto.core.eventstream import EventStreamEncoder

from perpetual.sandbox.runtime.answers.patterns import Pattern
from perpetual.sandbox.runtime.api import Key, Streamer, Tap
from perpetual.sandbox.runtime.wire import Call, Refused

PERIOD: Final = 1.0
"""Seconds between updates; one is sent even when nothing came."""

MOST: Final = 500
"""Events in one update; of more, AWS sends a sample."""


@dataclass(kw_only=True)
class Session:
    """One listener: what it wants, and what has come for it."""

    groups: tuple[str, ...]
    streams: tuple[str, ...] | None
    prefixes: tuple[str, ...] | None
    pattern: Pattern
    events: "queue.SimpleQueue[dict[str, Any]]" = field(default_factory=queue.SimpleQueue)

    def wants(self, group: str, stream: str, message: str) -> bool:
        """Tell whether an event is for this listener."""
        return (
            any(one in (group, _name(one)) or _name(one) == group for one in self.groups)
            and (self.streams is None or stream in self.streams)
            and (self.prefixes is None or stream.startswith(self.prefixes))
            and self.pattern.matches(message)
        )


class LiveTail:
    """Sessions, and what puts events into them."""

    def __init__(self, account: str) -> None:
        """Begin without sessions."""
        self._account = account
        self._lock = threading.Lock()
        self._sessions: list[Session] = []
        self._over = threading.Event()

    @property
    def streamers(self) -> dict[Key, Streamer]:
        """Return what answers with a stream, by operation."""
        return {("logs", "StartLiveTail"): self._start}

    @property
    def taps(self) -> dict[Key, Tap]:
        """Return what listens to others' calls, by operation."""
        return {("logs", "PutLogEvents"): self._put}

    def close(self) -> None:
        """End every session."""
        self._over.set()

    def _put(self, call: Call) -> None:
        group, stream = call.parameters["logGroupName"], call.parameters["logStreamName"]
        with self._lock:
            sessions = list(self._sessions)
        now = int(time.time() * 1000)
        for event in call.parameters["logEvents"]:
            for session in sessions:
                if session.wants(group, stream, event["message"]):
                    session.events.put(
                        {
                            "logGroupIdentifier": f"{self._account}:{group}",
                            "logStreamName": stream,
                            "ingestionTime": now,
                            **event,
                        }
                    )

    def _start(self, call: Call) -> Iterator[bytes]:
        wanted = call.parameters
        names, prefixes = wanted.get("logStreamNames"), wanted.get("logStreamNamePrefixes")
        if names and prefixes:
            raise Refused(
                "InvalidParameterException",
                "logStreamNames and logStreamNamePrefixes exclude each other.",
            )
        session = Session(
            groups=tuple(wanted["logGroupIdentifiers"]),
            streams=tuple(names) if names else None,
            prefixes=tuple(prefixes) if prefixes else None,
            pattern=Pattern.of(wanted.get("logEventFilterPattern", "")),
        )
        with self._lock:
            self._sessions.append(session)
        return self._stream(session, wanted)

    def _stream(self, session: Session, wanted: Mapping[str, Any]) -> Iterator[bytes]:
        started = {
            "requestId": str(uuid.uuid4()),
            "sessionId": str(uuid.uuid4()),
            "logGroupIdentifiers": list(session.groups),
            **{key: wanted[key] for key in wanted if key != "logGroupIdentifiers"},
        }
        try:
            yield _event("initial-response", {})
            yield _event("sessionStart", started)
            while not self._over.wait(PERIOD):
                events, sampled = _waiting(session)
                update = {"sessionMetadata": {"sampled": sampled}, "sessionResults": events}
                yield _event("sessionUpdate", update)
        finally:
            with self._lock:
                self._sessions.remove(session)


def _waiting(session: Session) -> tuple[list[dict[str, Any]], bool]:
    events: list[dict[str, Any]] = []
    while len(events) < MOST:
        try:
            events.append(session.events.get_nowait())
        except queue.Empty:
            return events, False
    return events, not session.events.empty()


def _event(kind: str, payload: Mapping[str, Any]) -> bytes:
    headers = {
        ":message-type": "event",
        ":event-type": kind,
        ":content-type": "application/json",
    }
    encoded: bytes = EventStreamEncoder().encode_message(headers, json.dumps(payload).encode())
    return encoded


def _name(identifier: str) -> str:
    """Return a log group's name, given as name or ARN."""
    _, found, name = identifier.partition(":log-group:")
    return name.removesuffix(":*") if found else identifier
