"""A rollout as seen from outside: from one look at AWS to the next, what is new, where it stands.

Pure: a look is what AWS answered, kept as it came; `advance` joins it to what was known. States are
those of ECS's service deployments, and where there is no record of one, those of the older
`deployments` of the service:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from perpetual.deploy.requests import task_id

Answer = Mapping[str, Any]


class Standing(StrEnum):
    """Where a rollout stands."""

    UNDERWAY = "under way"
    ROLLING_BACK = "being rolled back"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled back"
    STRANDED = "failed, and not rolled back"
    STOPPED = "stopped by somebody"
    SUPERSEDED = "replaced by somebody's other deployment"
    GONE = "without its service"


CONSISTENT: Final = 30.0
"""Seconds after an update in which a description may still be the one before it."""

OVER: Final = frozenset(Standing) - {Standing.UNDERWAY, Standing.ROLLING_BACK}

_RECORDED: Final = {
    "SUCCESSFUL": Standing.CONFIRMED,
    "ROLLBACK_REQUESTED": Standing.ROLLING_BACK,
    "ROLLBACK_IN_PROGRESS": Standing.ROLLING_BACK,
    "ROLLBACK_SUCCESSFUL": Standing.ROLLED_BACK,
    "ROLLBACK_FAILED": Standing.STRANDED,
    "STOPPED": Standing.STOPPED,
}


_SUBJECT: Final = re.compile(r"^\(service [^)]*\) ")
_ROUTINE: Final = re.compile(
    r"has (started|stopped) \d+ (running )?tasks|(de)?registered \d+ targets|has begun draining"
)
"""Events that say once more what the tasks themselves show:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a rollout is to reach: revision and number of tasks; `previous` ran before.

    `began` is ECS's own time of the update: what happened earlier is none of this rollout's. With
    `early` it is enough that the new tasks serve; the old ones may still be leaving.
    """

    definition: str
    previous: str
    desired: int
    began: datetime
    early: bool = False


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look, `at` seconds after the update: service, deployment record, tasks, targets."""

    at: float
    service: Answer
    deployment: Answer | None
    tasks: Sequence[Answer]
    targets: Sequence[Answer]


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known of a rollout; moments are seconds since the update.

    `first` is when the first new task served, `serving` when all of them did, `alone` when nothing
    of the old release was left, `confirmed` when AWS called it a success, and `released` when the
    release was there, as its goal says it.
    """

    standing: Standing = Standing.UNDERWAY
    first: float | None = None
    serving: float | None = None
    alone: float | None = None
    confirmed: float | None = None
    released: float | None = None
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One task in a table: `new` tells whether it is of the new revision."""

    task: str
    new: bool
    status: str
    target: str
    zone: str
    started: datetime | None = None

    @property
    def serves(self) -> bool:
        """Tell whether the balancer sends it requests."""
        return self.status == "RUNNING" and self.target == "healthy"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a look added: the state after it, the tasks, and what there is to tell."""

    state: State
    rows: Sequence[Row]
    lines: Sequence[str] = field(default=())


def advance(state: State, look: Look, goal: Goal) -> Step:
    """Return what is known after one more look."""
    look = replace(look, tasks=[task for task in look.tasks if _concerns(task, goal)])
    rows = [_row(task, look, goal) for task in look.tasks]
    standing = _standing(look, goal)
    moments = _moments(state, look, goal, rows, standing)
    facts = dict(_facts(look, goal, rows))
    lines = [words for key, words in facts.items() if key not in state.told]
    known = replace(moments, standing=standing, told=state.told | facts.keys())
    return Step(state=known, rows=sorted(rows, key=_order), lines=lines)


def primary(service: Answer) -> Answer:
    """Return a service's newest deployment; empty where there is none."""
    return next((item for item in service["deployments"] if item["status"] == "PRIMARY"), {})


def stranded(deployment: Answer) -> bool:
    """Tell whether a deployment failed, and nothing was brought back in its place."""
    return bool(deployment.get("rolloutState") == "FAILED")


def failed(look: Look, goal: Goal) -> Answer | None:
    """Return the task of the new revision that tells most of why it failed, if one stopped."""
    stopped = [
        task
        for task in look.tasks
        if task["taskDefinitionArn"] == goal.definition
        and task["lastStatus"] == "STOPPED"
        and _concerns(task, goal)
    ]
    # What ECS stopped itself, on the way back, says nothing of the cause.
    own = [task for task in stopped if task.get("stopCode") != "ServiceSchedulerInitiated"]
    unhealthy = [task for task in stopped if "health" in task.get("stoppedReason", "").lower()]
    found = own or unhealthy or stopped
    return max(found, key=lambda task: str(task.get("stoppedAt", "")), default=None)


def exit_code(task: Answer) -> int | None:
    """Return the exit code of a task: of its containers', the first that is none of success."""
    codes = [item["exitCode"] for item in task["containers"] if "exitCode" in item]
    return next((code for code in codes if code), codes[0] if codes else None)


def why(task: Answer) -> str:
    """Return why a task stopped, in ECS's words: the task's and its containers'."""
    reasons = [item["reason"] for item in task["containers"] if item.get("reason")]
    words = dict.fromkeys([task.get("stoppedReason", ""), *reasons])
    return "; ".join(word for word in words if word)


def _concerns(task: Answer, goal: Goal) -> bool:
    """Tell whether a task was there after the update: ECS shows stopped ones for an hour."""
    if task["lastStatus"] != "STOPPED":
        return True
    ended = task.get("stoppedAt") or task.get("createdAt")
    return isinstance(ended, datetime) and ended >= goal.began


# --- where it stands


def _standing(look: Look, goal: Goal) -> Standing:
    if look.service.get("status") != "ACTIVE":
        return Standing.GONE
    newest = primary(look.service)
    if look.deployment is None:
        return _without_record(look, newest, goal)
    found = _RECORDED.get(look.deployment["status"], Standing.UNDERWAY)
    if found is Standing.STOPPED:
        return _stopped(newest, goal)
    if found is Standing.CONFIRMED and newest.get("taskDefinition") != goal.definition:
        # Its record stays a success for ever, whatever has taken its place since.
        return Standing.UNDERWAY if look.at < CONSISTENT else Standing.SUPERSEDED
    return found


def _stopped(newest: Answer, goal: Goal) -> Standing:
    """Tell who stopped it: somebody, another deployment, or ECS where it may bring nothing back."""
    if _somebody_elses(newest, goal):
        return Standing.SUPERSEDED
    own = newest.get("taskDefinition") == goal.definition
    return Standing.STRANDED if own and stranded(newest) else Standing.STOPPED


def _somebody_elses(newest: Answer, goal: Goal) -> bool:
    return newest.get("taskDefinition") not in (goal.definition, goal.previous)


def _without_record(look: Look, newest: Answer, goal: Goal) -> Standing:
    listed = look.service["deployments"]
    ours = [item for item in listed if item["taskDefinition"] == goal.definition]
    if not ours and look.at < CONSISTENT:
        return Standing.UNDERWAY
    done = newest.get("rolloutState") == "COMPLETED"
    if newest.get("taskDefinition") == goal.definition:
        if stranded(newest):
            return Standing.STRANDED
        return Standing.CONFIRMED if done else Standing.UNDERWAY
    if any(map(stranded, ours)):
        return Standing.ROLLED_BACK if done else Standing.ROLLING_BACK
    return Standing.SUPERSEDED


def _moments(
    state: State, look: Look, goal: Goal, rows: Sequence[Row], standing: Standing
) -> State:
    serving = sum(row.new and row.serves for row in rows)
    old = [row for row in rows if not row.new and row.status != "STOPPED"]
    complete = serving >= goal.desired
    confirmed = standing is Standing.CONFIRMED

    def reached(before: float | None, holds: bool) -> float | None:  # noqa: FBT001 - one use, right below
        return look.at if before is None and holds else before

    forth = standing in (Standing.UNDERWAY, Standing.CONFIRMED)
    return replace(
        state,
        first=reached(state.first, serving > 0),
        serving=reached(state.serving, forth and complete),
        alone=reached(state.alone, forth and complete and not old),
        confirmed=reached(state.confirmed, confirmed),
        released=reached(
            state.released, confirmed or (forth and complete and (goal.early or not old))
        ),
    )


# --- what there is to tell


def _facts(look: Look, goal: Goal, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield everything a look shows, each with a key by which it is told once."""
    tasks = {task_id(task["taskArn"]): task for task in look.tasks}
    for row in rows:
        if row.new:
            yield f"{row.task} {row.status} {row.target}", _new_words(row, tasks[row.task])
        elif row.status != "RUNNING" or row.target == "draining":
            state = "gone" if row.status == "STOPPED" else "leaving"
            yield f"{row.task} {state}", f"old task {short(row.task)} {state}"
    events = sorted(look.service.get("events", ()), key=lambda event: event["createdAt"])
    for event in events:
        words = _SUBJECT.sub("", event["message"])
        if event["createdAt"] >= goal.began and not _ROUTINE.match(words):
            yield event["id"], f"ECS: {words}"


def _new_words(row: Row, task: Answer) -> str:
    name = f"new task {short(row.task)}"
    if row.status == "STOPPED":
        code = exit_code(task)
        ended = f"exit code {code}" if code is not None else "without starting"
        return f"{name} stopped, {ended}: {why(task)}"
    if row.status == "RUNNING" and row.target:
        return f"{name} runs in {row.zone}, target {row.target}"
    return f"{name} {row.status.lower()} in {row.zone}".removesuffix(" in ")


def _row(task: Answer, look: Look, goal: Goal) -> Row:
    address = _address(task)
    states = {item["Target"]["Id"]: item["TargetHealth"]["State"] for item in look.targets}
    return Row(
        task=task_id(task["taskArn"]),
        new=task["taskDefinitionArn"] == goal.definition,
        status=task["lastStatus"],
        target=states.get(address, "") if task["lastStatus"] != "STOPPED" else "",
        zone=task.get("availabilityZone", ""),
        started=task.get("startedAt"),
    )


def _address(task: Answer) -> str:
    """Return the address of a task's network interface, under which it is a target."""
    for attachment in task.get("attachments", ()):
        for detail in attachment.get("details", ()):
            if detail["name"] == "privateIPv4Address":
                return str(detail["value"])
    return ""


def short(task: str) -> str:
    """Return what people call a task: the head of its id."""
    return task[:8]


def _order(row: Row) -> tuple[bool, bool, str]:
    return (not row.new, row.status == "STOPPED", row.task)
