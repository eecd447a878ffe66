"""Doubles of what a run works with: clock, display, and clients that check every request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore import xform_name
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # as above
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # as above

from perpetual.deploy.follow import Row
from perpetual.deploy.outcome import Phase
from perpetual.sandbox.ecs.simulation import Simulation

EPOCH: Final = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)

_session = botocore.session.get_session()
model = cache(_session.get_service_model)


def checked(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """See that botocore would send a request."""
    shape = model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape) if shape else None
    assert report is None or not report.has_errors(), report.generate_report()


class Answering(Protocol):
    """What a client asks."""

    def answer(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a call."""


def refusal(code: str, operation: str, message: str = "no") -> ClientError:
    """Return what botocore raises when AWS refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Clock:
    """A clock that moves when somebody sleeps, and takes the simulation along."""

    def __init__(self, simulation: Simulation) -> None:
        """Start with the simulation."""
        self._simulation = simulation
        self.after: Callable[[], None] = lambda: None

    def seconds(self) -> float:
        """Return simulated seconds."""
        return self._simulation.now

    def today(self) -> datetime:
        """Return simulated time of day."""
        return EPOCH + timedelta(seconds=self._simulation.now)

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        self._simulation.run(seconds)
        self.after()


@dataclass
class Shown:
    """A display that remembers."""

    phases: list[Phase] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    tables: list[Sequence[Row]] = field(default_factory=list)

    def phase(self, phase: Phase) -> None:
        """Remember a phase."""
        self.phases.append(phase)

    def line(self, text: str) -> None:
        """Remember a line."""
        self.lines.append(text)

    def rows(self, rows: Sequence[Row]) -> None:
        """Remember a table."""
        self.tables.append(rows)

    def close(self) -> None:
        """Do nothing."""

    @property
    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self.lines)


class Client:
    """One service: checks each request against the model, records it, and answers."""

    def __init__(self, aws: Answering, service: str) -> None:
        """Answer for one service."""
        self._aws, self._service = aws, service
        self._operations = {xform_name(name): name for name in model(service).operation_names}

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """Return the method of an operation."""
        operation = self._operations.get(name)
        if operation is None:
            raise AttributeError(name)
        return lambda **request: self._aws.answer(self._service, operation, request)

    def get_paginator(self, name: str) -> "Pages":
        """Return a paginator of one page."""
        return Pages(getattr(self, name))


@dataclass(frozen=True)
class Pages:
    """A paginator of one page."""

    method: Callable[..., dict[str, Any]]

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the one page."""
        yield self.method(**request)


@dataclass(frozen=True)
class Made:
    """One call that a command made."""

    service: str
    operation: str
    request: Mapping[str, Any]
    at: float


When = Callable[[Made], bool]
"""Tells one call from others."""


def calling(operation: str) -> When:
    """Tell a call of an operation."""
    return lambda made: made.operation == operation


def writing(words: str, name: str = "") -> When:
    """Tell a call that writes these words into a parameter whose name ends so."""
    return lambda made: (
        made.operation == "PutParameter"
        and made.request["Name"].endswith(name)
        and words in made.request["Value"]
    )


def entering(phase: Phase) -> When:
    """Tell the call that writes down the beginning of a phase."""
    return writing(f'"phase": "{phase}"', "/journal")


def timed(value: Any, shape: Any) -> Any:
    """Return an answer with its times as boto3 gives them."""
    if shape is None or value is None:
        return value
    match shape.type_name:
        case "timestamp":
            return EPOCH + timedelta(seconds=value)
        case "structure":
            return {key: timed(item, shape.members.get(key)) for key, item in value.items()}
        case "list":
            return [timed(item, shape.member) for item in value]
        case _:
            return value
