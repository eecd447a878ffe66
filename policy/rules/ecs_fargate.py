"""What Fargate refuses in a task definition."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from graph.tokens import TASK_DEFINITION
from rules.containers import Container, containers
from rules.ecs_limits import fargate, units
from rules.limits import LATE
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, count, elements, number, present, rule, unknown

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_GIB: Final = 1024
# CPU units, and the memory in GiB that each may have:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
_PAIRS: Final = {
    256: (0.5, 1, 2),
    512: range(1, 5),
    1024: range(2, 9),
    2048: range(4, 17),
    4096: range(8, 31),
    8192: range(16, 61, 4),
    16384: range(32, 121, 8),
}
_LARGEST: Final = max(_PAIRS)
_LONGEST_STOP: Final = 120


def _fargate_task(subject: Subject) -> Iterator[Fault]:
    if subject.at("requiresCompatibilities") is UNKNOWN:
        yield unknown("requiresCompatibilities")
    if not fargate(subject):
        return
    values = {key: subject.at(key) for key in ("cpu", "memory", "networkMode")}
    yield from (unknown(key) for key, value in values.items() if value is UNKNOWN)
    if UNKNOWN not in values.values():
        yield from _pair(values["cpu"], values["memory"])
        if values["networkMode"] != "awsvpc":
            yield Fault("is for Fargate, whose network mode is awsvpc", "networkMode")
    if count(subject.at("placementConstraints")):
        yield Fault("is for Fargate and says where to place it", "placementConstraints")
    volumes, faults = elements(subject.at("volumes"), "volumes")
    yield from faults
    for path, volume in volumes:
        if present(volume.get("hostPath")) or present(volume.get("dockerVolumeConfiguration")):
            yield Fault("is for Fargate and mounts a volume of its host", path)
    found, lost = containers(subject)
    yield from lost
    for path, item in found:
        yield from _fargate_container(path, item)


def _pair(cpu: object, memory: object) -> Iterator[Fault]:
    asked, held = units(cpu), units(memory)
    if asked is None or held is None:
        yield Fault("is for Fargate and says no cpu and memory of its own", "cpu")
    elif asked <= _LARGEST and held / _GIB not in _PAIRS.get(int(asked), ()):
        yield Fault(
            f"asks Fargate for {asked:g} CPU units and {held:g} MiB, which are no pair that it has",
            "memory",
        )


def _fargate_container(path: str, item: Container) -> Iterator[Fault]:
    called = f"container {item.get('name', path)}"
    for key in ("privileged", "links", "dockerSecurityOptions"):
        if item.get(key) not in (None, False, [], UNKNOWN):
            yield Fault(f"is for Fargate, which has no {key}, as {called} wants", f"{path}.{key}")
    stop = number(item.get("stopTimeout"))
    if item.get("stopTimeout") is UNKNOWN:
        yield unknown(f"{path}.stopTimeout")
    elif stop is not None and stop > _LONGEST_STOP:
        yield Fault(
            f"gives {called} {stop:g} s to stop, and Fargate at most {_LONGEST_STOP}",
            f"{path}.stopTimeout",
        )


FARGATE: Final = rule(
    _fargate_task,
    TASK_DEFINITION,
    name="ecs-fargate-legal",
    title="Tasks for Fargate ask for what Fargate has",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a pair of cpu and memory that Fargate has, awsvpc, and nothing of the host's",
    url=f"{_GUIDE}fargate-tasks-services.html",
)

RULES: Final[tuple[Rule, ...]] = (FARGATE,)
