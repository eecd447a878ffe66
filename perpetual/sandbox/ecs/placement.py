"""Which host takes a task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from perpetual.sandbox.ecs.errors import invalid
from perpetual.sandbox.ecs.model import Instance, Load, Needs
from perpetual.sandbox.ecs.records import Document

ZONE: Final = "attribute:ecs.availability-zone"
HOST_FIELDS: Final = frozenset({"instanceId", "host"})

AGENT: Final = "AGENT"
ATTRIBUTE: Final = "ATTRIBUTE"

BY_DEFAULT: Final[tuple[Mapping[str, str], ...]] = (
    {"type": "spread", "field": ZONE},
    {"type": "spread", "field": "instanceId"},
)
"""Where nothing is said, tasks spread over zones, then over the hosts with fewest of them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
"""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a task asks of its host, and where its like are already (`hosts`, by instance ARN)."""

    needs: Needs
    provider: str | None = None
    strategy: Sequence[Document] = ()
    constraints: Sequence[Document] = ()
    hosts: Mapping[str, int] = field(default_factory=Counter)
    zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Why one host does not take a task, by the API's word: RESOURCE:MEMORY, AGENT and the like.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """

    instance: str
    reason: str


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


def lacks(instance: Instance, needs: Needs, load: Load) -> str | None:
    """Return what a host that carries a load lacks for a task, or None where it fits."""
    host = instance.host
    if load.cpu + needs.cpu > host.cpu:
        return "RESOURCE:CPU"
    if load.memory + needs.memory > host.memory:
        return "RESOURCE:MEMORY"
    if load.interfaces + needs.interfaces > host.interfaces and needs.interfaces:
        return "RESOURCE:ENI"
    if needs.ports and any(load.ports[port] > 0 for port in needs.ports):
        return "RESOURCE:PORTS"
    return None


def place(instances: Sequence[Instance], ask: Ask) -> tuple[Instance | None, list[Lack]]:
    """Return the host that takes a task; where there is none, why each does not.

    What stopping tasks still hold counts as free, as it will be when the task needs it:
    https://aws.amazon.com/blogs/containers/improvements-to-amazon-ecs-task-launch-behavior-when-tasks-have-prolonged-shutdown/
    """
    allowed = _allowed(ask)
    candidates: list[Instance] = []
    lacking: list[Lack] = []
    for instance in instances:
        if instance.status != "ACTIVE" or not _belongs(instance, ask):
            continue
        reason = _refusal(instance, ask, allowed)
        if reason is None:
            candidates.append(instance)
        else:
            lacking.append(Lack(instance=instance.arn, reason=reason))
    if not candidates:
        return None, lacking
    for rule in ask.strategy or BY_DEFAULT:
        candidates = _best(candidates, rule, ask, instances)
    return candidates[0], []


def _belongs(instance: Instance, ask: Ask) -> bool:
    return ask.provider is None or instance.host.capacity_provider == ask.provider


def _refusal(instance: Instance, ask: Ask, allowed: Callable[[Instance], bool]) -> str | None:
    if not instance.connected:
        return AGENT
    if not allowed(instance) or ask.zone not in (None, instance.host.zone):
        return ATTRIBUTE
    return lacks(instance, ask.needs, instance.promised)


def _best(
    candidates: list[Instance], rule: Document, ask: Ask, instances: Sequence[Instance]
) -> list[Instance]:
    """Return the candidates that one rule of the strategy finds best.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
    """
    if len(candidates) == 1 or rule["type"] == "random":
        return candidates
    if rule["type"] == "binpack":
        resource = str(rule.get("field", "memory")).lower()
        return _least(candidates, lambda one: _free(one, resource))
    spread = str(rule.get("field", "instanceId"))
    if spread in HOST_FIELDS:
        return _least(candidates, lambda one: ask.hosts.get(one.arn, 0))
    name = spread.removeprefix("attribute:")
    value = _value_of(name)
    counts: Counter[str] = Counter()
    for instance in instances:
        counts[value(instance)] += ask.hosts.get(instance.arn, 0)
    return _least(candidates, lambda one: counts[value(one)])


def _value_of(name: str) -> Callable[[Instance], str]:
    if name == "ecs.availability-zone":
        return lambda one: one.host.zone
    return lambda one: attributes(one).get(name, "")


def _free(instance: Instance, resource: str) -> int:
    if resource == "cpu":
        return instance.host.cpu - instance.promised.cpu
    return instance.host.memory - instance.promised.memory


def _least(candidates: list[Instance], key: Callable[[Instance], int]) -> list[Instance]:
    keys = [key(one) for one in candidates]
    least = min(keys)
    return [one for one, value in zip(candidates, keys, strict=True) if value == least]


# --- constraints

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


def _allowed(ask: Ask) -> Callable[[Instance], bool]:
    """Return the test of all constraints."""
    terms: list[Any] = []
    distinct = False
    for constraint in ask.constraints:
        if constraint.get("type") == "distinctInstance":
            distinct = True
        else:
            terms.extend(_terms(str(constraint.get("expression", ""))))

    def allowed(instance: Instance) -> bool:
        if distinct and ask.hosts.get(instance.arn, 0):
            return False
        if not terms:
            return True
        found = attributes(instance)
        return all(
            _TEST[one["operator"]](found.get(one["name"], ""), one["value"]) for one in terms
        )

    return allowed


def _listed(value: str) -> list[str]:
    return [item.strip() for item in value.strip("[]").split(",")]
