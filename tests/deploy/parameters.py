"""Parameter Store in simulated time, as far as a release uses it; moto says the same elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.deploy.doubles import refusal


@dataclass(frozen=True)
class Version:
    """One version of a parameter."""

    value: str
    number: int
    at: datetime


class Parameters:
    """Parameters by name, each with its versions; `today` tells the time."""

    def __init__(self, today: Callable[[], datetime]) -> None:
        """Begin with none."""
        self._today = today
        self.held: dict[str, list[Version]] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def __call__(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one operation."""
        answers: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "PutParameter": self._put,
            "GetParameter": self._get,
            "GetParametersByPath": self._below,
            "GetParameterHistory": self._history,
            "DescribeParameters": self._describe,
            "DeleteParameter": self._delete,
        }
        return answers[operation](request)

    def set(self, name: str, value: str) -> int:
        """Give a parameter another value."""
        versions = self.held.setdefault(name, [])
        number = versions[-1].number + 1 if versions else 1
        versions.append(Version(value, number, self._today()))
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
        del versions[:-100]
        return number

    def value(self, name: str) -> str:
        """Return a parameter's value."""
        return self.held[name][-1].value

    def _put(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name, again = request["Name"], request.get("Overwrite", False)
        if name in self.held and not again:
            raise refusal("ParameterAlreadyExists", "PutParameter")
        if again and request.get("Tags"):
            raise refusal("ValidationException", "PutParameter", "tags and overwrite")
        if len(request["Value"]) > 4096:
            raise refusal("ValidationException", "PutParameter", "4 KB are the most")
        if request.get("Tags"):
            self.tags[name] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {"Version": self.set(name, request["Value"])}

    def _get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["Name"]
        if name not in self.held:
            raise refusal("ParameterNotFound", "GetParameter")
        return {"Parameter": _shown(name, self.held[name][-1])}

    def _below(self, request: Mapping[str, Any]) -> dict[str, Any]:
        path = request["Path"].rstrip("/")
        found = [name for name in self.held if name.rpartition("/")[0] == path]
        return {"Parameters": [_shown(name, self.held[name][-1]) for name in sorted(found)]}

    def _history(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["Name"]
        if name not in self.held:
            raise refusal("ParameterNotFound", "GetParameterHistory")
        return {"Parameters": [_shown(name, version) for version in self.held[name]]}

    def _describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        (given,) = request["ParameterFilters"]
        return {"Parameters": [{"Name": name} for name in given["Values"] if name in self.held]}

    def _delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.held.pop(request["Name"], None) is None:
            raise refusal("ParameterNotFound", "DeleteParameter")
        return {}


def _shown(name: str, version: Version) -> dict[str, Any]:
    return {
        "Name": name,
        "Value": version.value,
        "Version": version.number,
        "LastModifiedDate": version.at,
    }
