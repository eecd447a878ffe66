"""Whether tasks fit on the hosts that a stack has, and stop in the time that they have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from graph import UNKNOWN, Resource
from graph.tokens import AUTOSCALING_GROUP, ECS_SERVICE, LAUNCH_TEMPLATE, TASK_DEFINITION
from rules.balancer import TARGET_GROUPS
from rules.containers import Container, containers, each_container
from rules.ecs_fit import definition
from rules.ecs_limits import units
from rules.ecs_service import CAPACITY_PROVIDER
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, elements, number, rule, unknown, within

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_STRATEGIES: Final = "capacityProviderStrategies"
_MIB: Final = 1024
_CPU: Final = 1024
_STOP: Final = 30
"""Seconds that ECS gives a container which says nothing (`ECS_CONTAINER_STOP_TIMEOUT`)."""

_TYPE: Final = re.compile(r"([a-z]+)\d+[a-z-]*\.(?:(\d*)x?large|(nano|micro|small|medium))")
_SMALL: Final = {"nano": (2, 0.5), "micro": (2, 1), "small": (2, 2), "medium": (2, 4)}
_RATIO: Final = {"c": 2, "m": 4, "r": 8, "t": 4}
"""GiB for each virtual CPU, from `large` on; `t` has 8 GiB in a `large`, like `m`."""


@dataclass(frozen=True)
class Host:
    """One kind of instance: CPU units, and MiB, of which the system keeps some."""

    type: str
    cpu: float
    memory: float


def host(name: str) -> Host | None:
    """Return what an instance type has, `None` for families whose sizes follow no rule.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html
    """
    match = _TYPE.fullmatch(name)
    if not match or match[1] not in _RATIO:
        return None
    family, times, small = match.groups()
    if small:
        if family == "t":
            cpus, memory = _SMALL[small]
        elif small == "medium":
            cpus, memory = 1, _RATIO[family]
        else:
            return None
    else:
        cpus = 2 if not name.endswith("xlarge") else 4 * int(times or 1)
        memory = cpus * _RATIO[family]
    return Host(name, cpus * _CPU, memory * _MIB)


def types(subject: Subject, group: Resource) -> list[Any]:
    """Return the instance types that a group may start, `UNKNOWN` where one is not known."""
    own = within(group.properties, "mixedInstancesPolicy.launchTemplate.overrides")
    named = [item.get("instanceType", UNKNOWN) for _, item in elements(own, "")[0]]
    if named:
        return named
    for path in (
        "launchTemplate",
        "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification",
    ):
        held = within(group.properties, path)
        for key in ("id", "name", "launchTemplateId", "launchTemplateName"):
            value = within(held, key)
            link = subject.graph.index.link(group, path, value, (LAUNCH_TEMPLATE,))
            template = subject.graph.index.by_urn.get(link.urn or "") if link else None
            if template:
                return [template.properties.get("instanceType")]
    return []


def groups(subject: Subject) -> list[Resource]:
    """Return the autoscaling groups behind a service's capacity providers."""
    index = subject.graph.index
    found = []
    names = [
        item.get("capacityProvider")
        for _, item in elements(subject.at(_STRATEGIES), _STRATEGIES)[0]
    ]
    for provider in index.of(CAPACITY_PROVIDER):
        if provider.properties.get("name", UNKNOWN) not in names:
            continue
        group = group_of(subject, provider)
        if group:
            found.append(group)
    return found


def group_of(subject: Subject, provider: Resource) -> Resource | None:
    """Return the autoscaling group of this stack behind a capacity provider."""
    index, path = subject.graph.index, "autoScalingGroupProvider"
    arn = within(provider.properties, f"{path}.autoScalingGroupArn")
    link = index.link(provider, path, arn, (AUTOSCALING_GROUP,))
    return index.by_urn[link.urn] if link and link.urn else None


def need(found: list[tuple[str, Container]], task: Subject) -> tuple[float, float] | None:
    """Return the CPU units and MiB that one task reserves, `None` where that is not known."""
    total = []
    for key, parts in (("cpu", ("cpu",)), ("memory", ("memoryReservation", "memory"))):
        if (whole := units(task.at(key))) is not None:
            total.append(whole)
            continue
        values = [next((item[part] for part in parts if item.get(part)), 0) for _, item in found]
        if task.at(key) is UNKNOWN or UNKNOWN in values:
            return None
        total.append(sum(number(value) or 0 for value in values))
    return total[0], total[1]


def _room(subject: Subject) -> Iterator[Fault]:
    task, held = definition(subject), groups(subject)
    if task is None or not held:
        return
    found, lost = containers(task)
    asked = None if lost else need(found, task)
    names = [name for group in held for name in types(subject, group)]
    most = [number(group.properties.get("maxSize")) for group in held]
    if asked is None or UNKNOWN in names or None in most:
        yield Fault("has hosts for its tasks", "taskDefinition", undetermined=True)
        return
    kinds = [host(name) for name in names if isinstance(name, str)]
    if not kinds or None in kinds:
        return  # a family whose sizes follow no rule: nothing to reckon with
    cpu, memory = asked
    each = [min(_times(kind.cpu, cpu), _times(kind.memory, memory)) for kind in kinds if kind]
    desired = number(subject.at("desiredCount")) or 0
    room = max(each) * sum(size or 0 for size in most)
    if max(each) < 1:
        yield Fault(
            f"needs {cpu:g} CPU units and {memory:g} MiB for a task, which no host of its has: "
            f"{', '.join(map(str, names))}",
            "taskDefinition",
        )
    elif desired > room:
        yield Fault(
            f"wants {desired:g} tasks, and {room:g} fit on all of its hosts", "desiredCount"
        )


def _times(whole: float, part: float) -> float:
    """Return how often a part fits; anything fits often where it asks for nothing."""
    return whole // part if part else 10_000


def _drains(subject: Subject) -> Iterator[Fault]:
    name = subject.thresholds.drain_variable

    def test(path: str, called: str, item: Container) -> Iterator[Fault]:
        entries, lost = elements(item.get("environment"), f"{path}.environment")
        yield from lost
        stop = item.get("stopTimeout")
        for where, entry in entries:
            if entry.get("name") != name:
                continue
            drain = number(entry.get("value"))
            if UNKNOWN in (entry.get("value"), stop):
                yield unknown(where)
            elif drain is not None and drain >= (number(stop) or _STOP):
                yield Fault(
                    f"lets {called} drain for {drain:g} s and kills it after "
                    f"{number(stop) or _STOP:g}",
                    f"{path}.stopTimeout",
                )

    yield from each_container(test)(subject)


def _deregistration(subject: Subject) -> Iterator[Fault]:
    path, most = "deregistrationDelay", subject.thresholds.deregistration_seconds
    if subject.at("targetType") == "lambda":
        return
    value = subject.at(path)
    delay = 300 if value is None else number(value)
    if value is UNKNOWN:
        yield unknown(path)
    elif delay == 0:
        yield Fault("cuts the requests of a task that is replaced", path)
    elif delay is not None and delay > most:
        yield Fault(f"keeps a replaced task for {delay:g} s, more than {most}", path)


ROOM: Final = rule(
    _room,
    ECS_SERVICE,
    name="ecs-room",
    title="Tasks fit on the hosts that there can be",
    severity=Severity.HIGH,
    why="ECS waits for ever for a host that is never large enough, and the deployment with it",
    fix="choose a larger instance type, raise max_size, or ask for less",
    url=f"{_GUIDE}cluster-capacity-providers.html",
)
DRAINS: Final = rule(
    _drains,
    TASK_DEFINITION,
    name="ecs-drain-in-time",
    title="Containers are not killed while they drain",
    severity=Severity.HIGH,
    why="Requests in flight are cut at every deployment, and nobody knows why",
    fix="set stopTimeout above the seconds that the release drains for",
    url=f"{_GUIDE}task_definition_parameters.html",
)
DEREGISTRATION: Final = rule(
    _deregistration,
    *TARGET_GROUPS,
    name="target-deregistration-delay",
    title="Replaced targets finish their requests, and no more",
    severity=Severity.LOW,
    why="By default every deployment waits five minutes; at 0 it cuts what is in flight",
    fix="set deregistration_delay to more than the longest request, such as 30",
    url=f"{_GUIDE}load-balancer-connection-draining.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (ROOM, DRAINS, DEREGISTRATION)
