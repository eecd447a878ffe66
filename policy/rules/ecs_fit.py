"""What ECS refuses in a service, or never gets to run: launch types, networks, balancers."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from graph import UNKNOWN, Resource
from graph.tokens import ECS_SERVICE, SUBNET, TASK_DEFINITION
from rules.balancer import TARGET_GROUPS
from rules.containers import Container, containers
from rules.limits import LATE, outside, shown
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    count,
    elements,
    number,
    present,
    rule,
    unknown,
    within,
)

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_ZONES: Final = 2
_STRATEGIES: Final = 5
_CONSTRAINTS: Final = 10


def definition(subject: Subject) -> Subject | None:
    """Return a service's task definition, `None` where it is not in this stack."""
    path = "taskDefinition"
    value = subject.at(path)
    index = subject.graph.index
    link = index.link(subject.resource, path, value, (TASK_DEFINITION,))
    found = index.by_urn.get(link.urn or "") if link else None
    if found is None and isinstance(value, str):
        family = value.rsplit("/", 1)[-1].split(":")[0]
        named = [
            item for item in index.of(TASK_DEFINITION) if item.properties.get("family") == family
        ]
        found = named[0] if len(named) == 1 else None
    return Subject(subject.graph, found, subject.thresholds) if found else None


def _launch(subject: Subject) -> Iterator[Fault]:
    kind, strategies = subject.at("launchType"), subject.at("capacityProviderStrategies")
    if UNKNOWN in (kind, strategies):
        yield unknown("launchType" if kind is UNKNOWN else "capacityProviderStrategies")
        return
    given, faults = elements(strategies, "capacityProviderStrategies")
    yield from faults
    if present(kind) and given:
        yield Fault(
            f"names the launch type {kind} and capacity providers, of which ECS takes one",
            "launchType",
        )
    yield from _weights(given)
    names = [item.get("capacityProvider") for _, item in given]
    on_fargate = kind == "FARGATE" or (
        bool(names) and all(str(name).startswith("FARGATE") for name in names)
    )
    for path, most in (
        ("orderedPlacementStrategies", _STRATEGIES),
        ("placementConstraints", _CONSTRAINTS),
    ):
        placed = count(subject.at(path))
        if placed and on_fargate:
            yield Fault("is for Fargate and says where to place its tasks", path)
        elif placed > most:
            yield Fault(f"has {placed} {path}, more than {most}", path)
    if subject.at("schedulingStrategy") == "DAEMON":
        yield from _daemon(subject, on_fargate=on_fargate)


def _daemon(subject: Subject, *, on_fargate: bool) -> Iterator[Fault]:
    if on_fargate:
        yield Fault("is a daemon on Fargate, which has no hosts", "schedulingStrategy")
    if count(subject.at("orderedPlacementStrategies")):
        yield Fault("is a daemon with placement strategies", "orderedPlacementStrategies")


def _weights(given: list[tuple[str, Container]]) -> Iterator[Fault]:
    kinds = set()
    based = 0
    for path, item in given:
        for key, most in (("weight", 1000), ("base", 100000)):
            yield from outside(item.get(key), f"{path}.{key}", 0, most)
        based += bool(number(item.get("base")))
        name = item.get("capacityProvider")
        kinds.add(str(name).startswith("FARGATE") if name is not UNKNOWN else None)
    path = "capacityProviderStrategies"
    if based > 1:
        yield Fault("gives a base to more than one capacity provider", path)
    if {True, False} <= kinds:
        yield Fault("mixes Fargate with hosts in one strategy", path)
    weights = [number(item.get("weight")) for _, item in given]
    if (
        given
        and not any(weights)
        and not based
        and UNKNOWN
        not in chain.from_iterable((item.get("weight"), item.get("base")) for _, item in given)
    ):
        yield Fault("gives no capacity provider a weight or a base, so no task starts", path)


def _network(subject: Subject) -> Iterator[Fault]:
    path = "networkConfiguration"
    task = definition(subject)
    if task is None:
        return
    mode = task.at("networkMode")
    if mode is UNKNOWN:
        yield unknown(path)
    elif mode == "awsvpc" and subject.at(path) is None:
        yield Fault("runs tasks of awsvpc and says no subnets for them", path)
    elif mode != "awsvpc" and present(subject.at(path)) and subject.at(path) is not UNKNOWN:
        says = f"says subnets for tasks of the network mode {mode or 'bridge'}"
        yield Fault(says, path)


def _balanced(subject: Subject) -> Iterator[Fault]:
    task = definition(subject)
    given, faults = elements(subject.at("loadBalancers"), "loadBalancers")
    yield from faults
    if task is None or not given:
        return
    found, lost = containers(task)
    yield from (unknown(fault.path) for fault in lost)
    if lost:
        return
    for path, item in given:
        yield from _member(path, item, found)
        yield from _target_type(subject, path, item, task.at("networkMode"))


def _member(path: str, item: Container, found: list[tuple[str, Container]]) -> Iterator[Fault]:
    name, port = item.get("containerName"), item.get("containerPort")
    if UNKNOWN in (name, port):
        yield unknown(path)
        return
    named = [container for _, container in found if container.get("name") == name]
    if not named:
        if any(container.get("name") is UNKNOWN for _, container in found):
            yield unknown(path)
        else:
            yield Fault(f"balances {shown(name)}, a container that its task has not", path)
        return
    mappings, lost = elements(named[0].get("portMappings"), path)
    ports = [held.get("containerPort") for _, held in mappings]
    if number(port) in [number(held) for held in ports]:
        return
    if lost or UNKNOWN in ports:
        yield unknown(path)
    else:
        yield Fault(f"balances port {shown(port)} of {name}, which maps no such port", path)


def _target_type(subject: Subject, path: str, item: Container, mode: object) -> Iterator[Fault]:
    value = item.get("targetGroupArn")
    group = _group(subject, value)
    kind = group.properties.get("targetType") if group else UNKNOWN
    if UNKNOWN in (kind, mode):
        return  # of another stack: nothing to compare with
    wanted = "ip" if mode == "awsvpc" else "instance"
    if (kind or "instance") != wanted:
        yield Fault(
            f"registers tasks of {mode or 'bridge'} with a target group of type "
            f"{kind or 'instance'}, not {wanted}",
            path,
        )


def _group(subject: Subject, value: object) -> Resource | None:
    index = subject.graph.index
    link = index.link(subject.resource, "loadBalancers", value, TARGET_GROUPS)
    return index.by_urn.get(link.urn or "") if link else None


def _grace(subject: Subject) -> Iterator[Fault]:
    path = "healthCheckGracePeriodSeconds"
    value = subject.at(path)
    balanced = present(subject.at("loadBalancers"))
    if value is UNKNOWN:
        yield unknown(path)
        return
    yield from outside(value, path, 0, 2147483647, "s")
    grace = number(value) or 0
    if balanced and not grace:
        yield Fault("gives new tasks no time before the balancer's verdict counts", path)
    task = definition(subject)
    for _, item in containers(task)[0] if task and grace else ():
        start = number(within(item, "healthCheck.startPeriod"))
        if start and start > grace:
            says = f"gives a task {grace:g} s, and its container {start:g} s to start"
            yield Fault(says, path)


def _zones(subject: Subject) -> Iterator[Fault]:
    path = "networkConfiguration.subnets"
    value = subject.at(path)
    if value is UNKNOWN:
        sources = subject.graph.index.sources(subject.resource, path, (SUBNET,))
        if len(sources) < _ZONES:
            yield unknown(path)
    elif value is not None and count(value) < _ZONES:
        yield Fault("has its tasks in one subnet, so one zone's loss takes it down", path)


LAUNCH: Final = rule(
    _launch,
    ECS_SERVICE,
    name="ecs-launch-legal",
    title="Launch type, capacity providers and placement go together",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="name a launch type or capacity providers, and placement only for hosts",
    url="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html",
)
NETWORK: Final = rule(
    _network,
    ECS_SERVICE,
    name="ecs-network-fits",
    title="A service has subnets where its tasks have addresses",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set network_configuration for tasks of awsvpc, and for no others",
    url=f"{_GUIDE}task-networking.html",
)
BALANCED: Final = rule(
    _balanced,
    ECS_SERVICE,
    name="ecs-balancer-fits",
    title="A balanced container and its port exist",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="name a container and a port of the task definition, and a target group of its type",
    url=f"{_GUIDE}service-load-balancing.html",
)
GRACE: Final = rule(
    _grace,
    ECS_SERVICE,
    name="ecs-grace-period",
    title="New tasks get the time that they need to start",
    severity=Severity.LOW,
    why="The balancer fails a task that is still starting, ECS stops it, and starts it again",
    fix="set health_check_grace_period_seconds to more than the release takes to start",
    url=f"{_GUIDE}load-balancer-healthcheck.html",
    level=Level.ADVISORY,
)
ZONES: Final = rule(
    _zones,
    ECS_SERVICE,
    name="ecs-two-zones",
    title="Tasks may run in two zones",
    severity=Severity.MEDIUM,
    why="When the zone fails, no task can start anywhere else",
    fix="give network_configuration subnets in two zones or more",
    url=f"{_GUIDE}service-rebalancing.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (LAUNCH, NETWORK, BALANCED, GRACE, ZONES)
