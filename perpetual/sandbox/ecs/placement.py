"""Which host takes a task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from perpetual.sandbox.ecs.constraints import allowed, attributes
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


class Places:
    """The hosts that take tasks of one kind, one after another.

    The caller gives a task its place before it asks for the next one's.

    What stopping tasks still hold counts as free, as it will be when the task needs it:
    https://aws.amazon.com/blogs/containers/improvements-to-amazon-ecs-task-launch-behavior-when-tasks-have-prolonged-shutdown/
    """

    def __init__(self, instances: Iterable[Instance], ask: Ask) -> None:
        """Look at every host once; later only at the one that was taken last.

        Hosts that agree in every attribute that the strategy spreads over form a group: within it
        only what a host has itself decides, so that its best host stays the best.
        """
        self._instances = tuple(instances)
        self._ask = ask
        self._allowed = allowed(ask.constraints, ask.hosts)
        self._rules = [_rule(one, ask) for one in _ordering(ask)]
        self._groups: dict[tuple[str, ...], list[tuple[tuple[int, ...], int]]] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self._taken: int | None = None
        for number, instance in enumerate(self._instances):
            if ask.hosts.get(instance.arn):
                self._count(instance, ask.hosts[instance.arn])
            self._offer(number)

    def take(self) -> Instance | None:
        """Return the best host for the next task, the first of equals; None where there is none."""
        if self._taken is not None:
            self._count(self._instances[self._taken], 1)
            self._offer(self._taken)
            self._taken = None
        offers = [
            (self._rank(group, heap[0][0]), heap[0][1], heap)
            for group, heap in self._groups.items()
            if heap
        ]
        if not offers:
            return None
        *_, heap = min(offers)
        self._taken = heapq.heappop(heap)[1]
        return self._instances[self._taken]

    def lacking(self) -> list[Lack]:
        """Return why the hosts that could take tasks of this kind do not take another one now."""
        reasons = ((one, self._refusal(one)) for one in self._instances if self._belongs(one))
        return [Lack(instance=one.arn, reason=reason) for one, reason in reasons if reason]

    def _offer(self, number: int) -> None:
        """Offer a host's place, if it has one."""
        instance = self._instances[number]
        if self._belongs(instance) and self._refusal(instance) is None:
            keys = tuple(rule.own(instance) for rule in self._rules if rule.own)
            heapq.heappush(self._groups.setdefault(self._group(instance), []), (keys, number))

    def _belongs(self, instance: Instance) -> bool:
        provider = self._ask.provider
        return instance.status == "ACTIVE" and provider in (None, instance.host.capacity_provider)

    def _refusal(self, instance: Instance) -> str | None:
        if not instance.connected:
            return AGENT
        if self._ask.zone not in (None, instance.host.zone) or not self._allowed(instance):
            return ATTRIBUTE
        return lacks(instance, self._ask.needs, instance.promised)

    def _group(self, instance: Instance) -> tuple[str, ...]:
        return tuple(rule.value(instance) for rule in self._rules if rule.value)

    def _count(self, instance: Instance, tasks: int) -> None:
        for number, value in enumerate(self._group(instance)):
            self._counts[number, value] += tasks

    def _rank(self, group: tuple[str, ...], keys: tuple[int, ...]) -> tuple[int, ...]:
        """Return how a host ranks: group's and host's keys, in the order of the strategy."""
        shared = iter([self._counts[number, value] for number, value in enumerate(group)])
        own = iter(keys)
        return tuple(next(own) if rule.own else next(shared) for rule in self._rules)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """One rule of a strategy: by what a host has itself, or by the attribute it shares."""

    own: Callable[[Instance], int] | None = None
    value: Callable[[Instance], str] | None = None


def _ordering(ask: Ask) -> list[Document]:
    """Return the rules that prefer some host: a random choice is the first one here.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
    """
    return [one for one in ask.strategy or BY_DEFAULT if one["type"] != "random"]


def _rule(rule: Document, ask: Ask) -> _Rule:
    if rule["type"] == "binpack":
        resource = str(rule.get("field", "memory")).lower()
        return _Rule(own=_free_cpu if resource == "cpu" else _free_memory)
    field_ = str(rule.get("field", "instanceId"))
    if field_ in HOST_FIELDS:
        return _Rule(own=lambda one: ask.hosts.get(one.arn, 0))
    if field_ == ZONE:
        return _Rule(value=lambda one: one.host.zone)
    name = field_.removeprefix("attribute:")
    return _Rule(value=lambda one: attributes(one).get(name, ""))


def _free_cpu(instance: Instance) -> int:
    return instance.host.cpu - instance.promised.cpu


def _free_memory(instance: Instance) -> int:
    return instance.host.memory - instance.promised.memory
