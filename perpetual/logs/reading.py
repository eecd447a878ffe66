"""Reading a log group: pages of events, in the order of their time; faults as sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.aws import faults
from perpetual.aws.calls import attempt, perform
from perpetual.aws.session import Clients
from perpetual.errors import OperatorError
from perpetual.logs import requests
from perpetual.logs.follower import Reading
from perpetual.logs.ledger import Event
from perpetual.logs.requests import Source

ABSENT: Final = "ResourceNotFoundException"
INVALID: Final = "InvalidParameterException"
_SERVER_FAULT: Final = 500


class AbsentError(OperatorError):
    """The log group is not there, or not yet."""


@dataclass
class Reader:
    """Reads pages of a log group.

    A read that reaches to the newest line asks for its newest page first. Emulators that do not
    know this begin with the oldest all the same, which is seen by the first line that is younger
    than the one before it, and remembered.
    """

    clients: Clients
    source: Source
    _forward: bool = False

    def pages(self, reading: Reading) -> Iterator[list[Event]]:
        """Yield a read's pages as they come, each with its oldest line first.

        Raises:
            OperatorError: AWS refuses it or cannot be reached, or the pattern is none.
        """
        token: str | None = None
        while True:
            said = _page(self.clients, self.source, reading, token)
            found = [
                _event(raw) for raw in said["events"] if self.source.holds(raw["logStreamName"])
            ]
            yield self._ascending(found, reading)
            before, token = token, said.get("nextToken")
            # A token that leads to itself would lead on for ever.
            if token is None or token == before:
                return

    def whole(self, reading: Reading) -> list[Event]:
        """Return all lines of a read, the oldest first.

        Raises:
            OperatorError: As for `pages`.
        """
        found = list(self.pages(reading))
        if self._backward(reading):
            found.reverse()
        return [event for page in found for event in page]

    def _backward(self, reading: Reading) -> bool:
        return reading.end is None and not self._forward

    def _ascending(self, events: list[Event], reading: Reading) -> list[Event]:
        if reading.end is None and any(
            one.timestamp < other.timestamp for one, other in pairwise(events)
        ):
            self._forward = True
        # Lines of one moment come in the opposite order, too.
        ordered = events[::-1] if self._backward(reading) else events
        return sorted(ordered, key=lambda event: event.timestamp)


def _page(
    clients: Clients, source: Source, reading: Reading, token: str | None
) -> Mapping[str, Any]:
    try:
        said = attempt(clients, requests.read(source, reading, token), ABSENT)
    except OperatorError as error:
        cause = error.__cause__
        if isinstance(cause, Exception) and faults.code(cause) == INVALID and source.pattern:
            raise OperatorError(
                f"CloudWatch does not take --filter {source.pattern!r}",
                hint='Write a word, as `timeout`, or a pattern, as `{ $.level = "error" }`.',
                detail=error.detail,
            ) from error
        raise
    if said is None:
        raise AbsentError(
            f"log group {source.group} is not there",
            hint="It comes with the service: `pulumi up` makes both.",
        )
    return said


def _event(raw: Mapping[str, Any]) -> Event:
    return Event(
        stream=raw["logStreamName"],
        timestamp=raw["timestamp"],
        message=raw["message"],
        ident=raw["eventId"],
    )


def has_streams(clients: Clients, source: Source) -> bool:
    """Tell whether any task has ever written a line."""
    return bool(perform(clients, requests.any_stream(source))["logStreams"])


def passing(error: OperatorError) -> bool:
    """Tell whether a fault may pass by itself: the network's, AWS's own, too many calls."""
    cause = error.__cause__
    if isinstance(cause, exceptions.ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return faults.code(cause) in faults.THROTTLED or status >= _SERVER_FAULT
    return isinstance(cause, exceptions.HTTPClientError | exceptions.ConnectionError)
