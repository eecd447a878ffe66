"""Which hosts may take a task at all: placement constraints over the attributes of hosts.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from perpetual.sandbox.ecs.errors import invalid
from perpetual.sandbox.ecs.model import Instance
from perpetual.sandbox.ecs.records import Document

_TERM: Final = re.compile(
    r"\s*attribute:(?P<name>[\w./\\-]+)\s*(?P<operator>==|!=|=~|!~|in|not_in|exists|!exists)"
    r"\s*(?P<value>\[[^\]]*\]|[^\s\[\]]*)\s*"
)
_TEST: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "==": lambda found, value: found == value,
    "!=": lambda found, value: found != value,
    "=~": lambda found, value: re.fullmatch(value, found) is not None,
    "!~": lambda found, value: re.fullmatch(value, found) is None,
    "in": lambda found, value: found in _listed(value),
    "not_in": lambda found, value: found not in _listed(value),
    "exists": lambda found, _value: found != "",
    "!exists": lambda found, _value: found == "",
}


def attributes(instance: Instance) -> dict[str, str]:
    """Return a host's attributes, those it has from ECS included.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
    """
    host = instance.host
    return {
        "ecs.ami-id": host.image,
        "ecs.availability-zone": host.zone,
        "ecs.cpu-architecture": host.architecture,
        "ecs.instance-type": host.instance_type,
        "ecs.os-type": "linux",
        "ecs.subnet-id": host.subnet,
        "ecs.vpc-id": host.vpc,
        **host.attributes,
    }


def check_constraints(constraints: Sequence[Document]) -> None:
    """Refuse an expression that cannot be read: attributes compared, joined by `and`.

    The language has more (groups, `or`, `not`), which the sandbox leaves out:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html

    Raises:
        EcsError: There is one.
    """
    for constraint in constraints:
        if constraint.get("type") == "memberOf":
            _terms(str(constraint.get("expression", "")))


def _terms(expression: str) -> list[re.Match[str]]:
    found = [_TERM.fullmatch(part) for part in re.split(r"\band\b", expression)]
    if not all(found):
        raise invalid(
            f"Invalid expression: {expression!r}. Accepted are comparisons of attributes, joined "
            "by `and`: attribute:ecs.instance-type == t4g.medium"
        )
    return [one for one in found if one is not None]


def allowed(
    constraints: Sequence[Document], hosts: Mapping[str, int]
) -> Callable[[Instance], bool]:
    """Return the test of all constraints; `hosts` have how many of the task's like, by ARN."""
    terms: list[re.Match[str]] = []
    distinct = False
    for constraint in constraints:
        if constraint.get("type") == "distinctInstance":
            distinct = True
        else:
            terms.extend(_terms(str(constraint.get("expression", ""))))

    def test(instance: Instance) -> bool:
        if distinct and hosts.get(instance.arn, 0):
            return False
        found = attributes(instance) if terms else {}
        return all(
            _TEST[one["operator"]](found.get(one["name"], ""), one["value"]) for one in terms
        )

    return test


def _listed(value: str) -> list[str]:
    return [item.strip() for item in value.strip("[]").split(",")]
