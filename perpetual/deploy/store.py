"""Parameters below a stack's own path `deploy/`: what a release remembers between runs.

Parameters are never deleted to be made again: AWS asks for 30 seconds between the two.
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from perpetual import contract
from perpetual.aws.calls import Call, attempt, every, perform
from perpetual.aws.session import Clients
from perpetual.deploy.clock import Clock

EXISTS: Final = "ParameterAlreadyExists"
_ABSENT: Final = "ParameterNotFound"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One parameter: its value, its version, and the seconds since it was written.

    Both ends of that time are AWS's own, so that no clock of this or another machine counts.
    """

    value: str
    version: int
    age: float


# --- the calls


def get(name: str) -> Call:
    """Return the call that reads a parameter."""
    return Call(service="ssm", operation="GetParameter", request={"Name": name})


def below(path: str) -> Call:
    """Return the call that reads every parameter right below a path."""
    return Call(service="ssm", operation="GetParametersByPath", request={"Path": path})


def history(name: str) -> Call:
    """Return the call that reads every kept version of a parameter."""
    return Call(service="ssm", operation="GetParameterHistory", request={"Name": name})


def create(stack: contract.Stack, name: str, value: str) -> Call:
    """Return the call that makes a parameter, and is refused where it exists."""
    request = {
        "Name": name,
        "Value": value,
        "Type": "String",
        "Tags": [{"Key": contract.STACK_TAG, "Value": stack.name}],
    }
    return Call(service="ssm", operation="PutParameter", request=request)


def overwrite(name: str, value: str) -> Call:
    """Return the call that gives a parameter another value."""
    request = {"Name": name, "Value": value, "Type": "String", "Overwrite": True}
    return Call(service="ssm", operation="PutParameter", request=request)


def delete(name: str) -> Call:
    """Return the call that removes a parameter."""
    return Call(service="ssm", operation="DeleteParameter", request={"Name": name})


# --- the store


@dataclass(frozen=True)
class Store:
    """Reads and writes the parameters of one stack."""

    clients: Clients
    stack: contract.Stack
    clock: Clock
    _known: set[str] = field(default_factory=set, compare=False)

    def read(self, name: str) -> Entry | None:
        """Return a parameter, or `None` where there is none."""
        said = attempt(self.clients, get(name), _ABSENT)
        if said is None:
            return None
        self._known.add(name)
        item = said["Parameter"]
        age = (self._now(said) - item["LastModifiedDate"]).total_seconds()
        return Entry(value=item["Value"], version=item["Version"], age=max(0.0, age))

    def below(self, path: str) -> Sequence[str]:
        """Return the names of the parameters right below a path."""
        return [item["Name"] for item in every(self.clients, below(path), "Parameters")]

    def versions(self, name: str) -> Sequence[tuple[int, str]]:
        """Return number and value of every kept version, the oldest first; AWS keeps a hundred."""
        if self.read(name) is None:
            return ()
        found = every(self.clients, history(name), "Parameters")
        return sorted((item["Version"], item["Value"]) for item in found)

    def create(self, name: str, value: str) -> bool:
        """Make a parameter; tell whether this call was the one that made it."""
        return attempt(self.clients, create(self.stack, name, value), EXISTS) is not None

    def write(self, name: str, value: str) -> int:
        """Give a parameter a value, making it where there is none; return its version."""
        said = None
        if name not in self._known and self.read(name) is None:
            said = attempt(self.clients, create(self.stack, name, value), EXISTS)
        said = said or perform(self.clients, overwrite(name, value))
        self._known.add(name)
        return int(said["Version"])

    def delete(self, name: str) -> None:
        """Remove a parameter, if it is there."""
        attempt(self.clients, delete(name), _ABSENT)
        self._known.discard(name)

    def _now(self, said: Mapping[str, Any]) -> datetime:
        """Return the time at which AWS answered."""
        headers = said.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return parsedate_to_datetime(headers["date"]) if "date" in headers else self.clock.today()
