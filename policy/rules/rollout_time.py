"""The rule that a service can be rolled out within the time a team is ready to wait."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from graph import UNKNOWN, Resource
from graph.tokens import ECS_SERVICE
from rules.balancer import TARGET_GROUPS
from rules.ecs_service import rolling
from rules.rollout import Pace, Timeline, parts, timeline
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, elements, number, only_if, rule, unknown, within

TASKS: Final = 2
"""Tasks of a service that begins with none, as one does whose deploys own their number."""

MOST: Final = 5000
"""Tasks of a service, as far as the quota goes:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""

_PERCENTAGES: Final = (
    ("deploymentMinimumHealthyPercent", 100),
    ("deploymentMaximumPercent", 200),
)
_INTERVAL: Final = 30
_DEREGISTRATION: Final = 300
"""Defaults of services and target groups:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""


def _counted(subject: Subject) -> bool:
    strategy = subject.at("deploymentConfiguration.strategy")
    return (
        rolling(subject)
        and strategy in (None, UNKNOWN, "ROLLING")
        and subject.at("schedulingStrategy") != "DAEMON"
    )


def _in_time(subject: Subject) -> Iterator[Fault]:
    groups = _groups(subject)
    if not groups:
        return  # without a balancer nobody waits for checks; one of another stack says nothing here
    read = {
        "desiredCount": subject.at("desiredCount"),
        **{path: subject.at(path) for path, _ in _PERCENTAGES},
    }
    for group in groups:
        read |= {
            "healthCheck.interval": within(group.properties, "healthCheck.interval"),
            "deregistrationDelay": within(group.properties, "deregistrationDelay"),
        }
        unread = [path for path, value in read.items() if value is UNKNOWN]
        if unread:
            yield unknown(unread[0])
            continue
        yield from _judged(subject, _pace(read))


def _judged(subject: Subject, pace: Pace) -> Iterator[Fault]:
    found, most = timeline(pace), subject.thresholds.rollout_seconds
    if found is not None and found.alone > most:
        yield Fault(
            f"takes {found.alone:.0f} s to roll out at best, more than {most}: "
            f"{_words(pace, found)}",
            "deploymentMaximumPercent" if len(found.waves) > _TWO else "loadBalancers",
        )


_TWO: Final = 2
"""Waves of a rollout that replaces everything at once: start and stop, then stop."""


def _words(pace: Pace, found: Timeline) -> str:
    made = sorted(parts(pace, found).items(), key=lambda item: -item[1])
    return ", ".join(f"{seconds:.0f} s {part}" for part, seconds in made)


def _pace(read: dict[str, Any]) -> Pace:
    minimum, maximum = (_or(read[path], default) for path, default in _PERCENTAGES)
    return Pace(
        desired=min(MOST, int(_or(read["desiredCount"], 0))) or TASKS,
        minimum=minimum,
        maximum=maximum,
        health=_or(read["healthCheck.interval"], _INTERVAL),
        deregistration=_or(read["deregistrationDelay"], _DEREGISTRATION),
    )


def _or(value: object, default: float) -> float:
    given = number(value)
    return default if given is None or not isfinite(given) else max(0.0, given)


def _groups(subject: Subject) -> list[Resource]:
    """Return the target groups of this stack that a service registers its tasks with."""
    index = subject.graph.index
    given, _ = elements(subject.at("loadBalancers"), "loadBalancers")
    links = [
        index.link(subject.resource, "loadBalancers", item.get("targetGroupArn"), TARGET_GROUPS)
        for _, item in given
    ]
    found = [index.by_urn.get(link.urn or "") for link in links if link]
    return list({item.urn: item for item in found if item is not None}.values())


IN_TIME: Final = rule(
    only_if(_counted, _in_time),
    ECS_SERVICE,
    name="ecs-rollout-time",
    title="A release is rolled out within a minute",
    severity=Severity.LOW,
    why="A deploy that takes minutes is done rarely, and a cure takes as long as the fault did",
    fix=(
        "lower deregistration_delay of the target group to what requests need, its health check's "
        "interval to 5, or widen the deployment's percentages; `perpetual deploy --explain` says "
        "which of them suffices"
    ),
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (IN_TIME,)
