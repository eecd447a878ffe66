"""The reducer of a rollout, on answers as AWS gives them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from perpetual.deploy.follow import (
    OVER,
    Goal,
    Look,
    Row,
    Standing,
    State,
    advance,
    exit_code,
    failed,
    why,
)

AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
NEW = "arn:aws:ecs:eu-west-1:111122223333:task-definition/perpetual-prod-web:8"
OLD = NEW.replace(":8", ":7")
OTHER = NEW.replace(":8", ":9")
GOAL = Goal(definition=NEW, previous=OLD, desired=2, began=AT)
EARLY = Goal(definition=NEW, previous=OLD, desired=2, began=AT, early=True)


def task(
    number: int, definition: str = NEW, status: str = "RUNNING", **more: Any
) -> dict[str, Any]:
    """Return a task as DescribeTasks shows it."""
    return {
        "taskArn": f"arn:aws:ecs:eu-west-1:111122223333:task/perpetual-prod/{number:032x}",
        "taskDefinitionArn": definition,
        "lastStatus": status,
        "desiredStatus": "RUNNING",
        "availabilityZone": "eu-west-1a",
        "createdAt": AT,
        "containers": [{"name": "release", "lastStatus": status}],
        "attachments": [
            {
                "type": "ElasticNetworkInterface",
                "details": [
                    {"name": "networkInterfaceId", "value": "eni-1"},
                    {"name": "privateIPv4Address", "value": f"10.0.32.{number}"},
                ],
            }
        ],
        **more,
    }


def stopped(number: int, code: str, reason: str) -> dict[str, Any]:
    """Return a task that stopped."""
    return task(number, status="STOPPED", stoppedAt=AT, stopCode=code, stoppedReason=reason)


def event(identity: str, seconds: int, message: str) -> dict[str, Any]:
    """Return an event of the service, so long after the update."""
    return {
        "id": identity,
        "createdAt": AT + timedelta(seconds=seconds),
        "message": f"(service perpetual-prod-web) {message}",
    }


def target(number: int, state: str) -> dict[str, Any]:
    """Return a target as DescribeTargetHealth shows it."""
    return {
        "Target": {"Id": f"10.0.32.{number}", "Port": 5000},
        "TargetHealth": {"State": state},
    }


def deployment(
    definition: str, rollout: str = "IN_PROGRESS", status: str = "PRIMARY"
) -> dict[str, Any]:
    """Return one of a service's deployments."""
    return {"status": status, "taskDefinition": definition, "rolloutState": rollout}


def look(  # noqa: PLR0913 - the parts of a look, most of them left out
    at: float = 1.0,
    *,
    record: str | None = "IN_PROGRESS",
    deployments: Sequence[Mapping[str, Any]] = (deployment(NEW),),
    tasks: Sequence[Mapping[str, Any]] = (),
    targets: Sequence[Mapping[str, Any]] = (),
    events: Sequence[Mapping[str, Any]] = (),
    status: str = "ACTIVE",
) -> Look:
    """Return a look."""
    return Look(
        at=at,
        service={
            "serviceName": "perpetual-prod-web",
            "status": status,
            "deployments": deployments,
            "events": events,
        },
        deployment=None if record is None else {"status": record},
        tasks=tasks,
        targets=targets,
    )


RECORDED = {
    "PENDING": Standing.UNDERWAY,
    "IN_PROGRESS": Standing.UNDERWAY,
    "STOP_REQUESTED": Standing.UNDERWAY,
    "SUCCESSFUL": Standing.CONFIRMED,
    "ROLLBACK_REQUESTED": Standing.ROLLING_BACK,
    "ROLLBACK_IN_PROGRESS": Standing.ROLLING_BACK,
    "ROLLBACK_SUCCESSFUL": Standing.ROLLED_BACK,
    "ROLLBACK_FAILED": Standing.STRANDED,
    "STOPPED": Standing.STOPPED,
}


@pytest.mark.parametrize("status", RECORDED)
def test_the_record_of_a_deployment_decides(status: str) -> None:
    """Every state that the API knows; a rollback is never a success."""
    found = advance(State(), look(record=status), GOAL).state
    assert found.standing is RECORDED[status]
    assert (found.confirmed is not None) == (status == "SUCCESSFUL")


def test_every_state_of_the_api_is_known() -> None:
    """A new one would read as under way, for ever."""
    import botocore.session  # type: ignore[import-untyped]  # noqa: PLC0415 - this test alone asks

    model = botocore.session.get_session().get_service_model("ecs")
    assert set(RECORDED) == set(model.shape_for("ServiceDeploymentStatus").enum)


def test_a_stopped_deployment_beside_somebody_elses_is_superseded() -> None:
    """A newer one stops the one before."""
    mine = deployment(NEW, status="ACTIVE")
    found = advance(State(), look(record="STOPPED", deployments=[deployment(OTHER), mine]), GOAL)
    assert found.state.standing is Standing.SUPERSEDED


WITHOUT = [
    ([deployment(NEW)], Standing.UNDERWAY),
    ([deployment(NEW, "COMPLETED")], Standing.CONFIRMED),
    ([deployment(NEW, "FAILED")], Standing.STRANDED),
    ([deployment(OLD), deployment(NEW, "FAILED", "ACTIVE")], Standing.ROLLING_BACK),
    ([deployment(OLD, "COMPLETED"), deployment(NEW, "FAILED", "ACTIVE")], Standing.ROLLED_BACK),
    ([deployment(OTHER), deployment(NEW, status="ACTIVE")], Standing.SUPERSEDED),
    ([deployment(OLD, "COMPLETED")], Standing.SUPERSEDED),
]


@pytest.mark.parametrize(("deployments", "standing"), WITHOUT)
def test_without_a_record_the_service_decides(
    deployments: list[dict[str, Any]], standing: Standing
) -> None:
    """By the older fields; what is not ours, and not failed, is somebody else's."""
    found = advance(State(), look(60.0, record=None, deployments=deployments), GOAL)
    assert found.state.standing is standing


def test_a_description_from_before_the_update_is_not_taken_for_somebody_elses() -> None:
    """ECS shows what it took a moment later."""
    seen = look(2.0, record=None, deployments=[deployment(OLD, "COMPLETED")])
    assert advance(State(), seen, GOAL).state.standing is Standing.UNDERWAY


def test_a_deleted_service_is_gone() -> None:
    """Whatever its record says."""
    found = advance(State(), look(status="INACTIVE"), GOAL)
    assert found.state.standing is Standing.GONE
    assert Standing.GONE in OVER


def test_moments_are_the_first_time_that_something_held() -> None:
    """First new task, all new tasks, nothing of the old one, AWS's word."""
    old, one, two = task(9, OLD), task(1), task(2)
    state = State()
    steps = [
        (1.0, [old, one], [target(1, "initial")], "IN_PROGRESS"),
        (6.0, [old, one, two], [target(1, "healthy"), target(2, "initial")], "IN_PROGRESS"),
        (11.0, [old, one, two], [target(1, "healthy"), target(2, "healthy")], "IN_PROGRESS"),
        (12.0, [old, one, two], [target(1, "unhealthy"), target(2, "healthy")], "IN_PROGRESS"),
        (40.0, [one, two], [target(1, "healthy"), target(2, "healthy")], "IN_PROGRESS"),
        (200.0, [one, two], [target(1, "healthy"), target(2, "healthy")], "SUCCESSFUL"),
    ]
    for at, tasks, targets, record in steps:
        state = advance(state, look(at, record=record, tasks=tasks, targets=targets), GOAL).state
    assert (state.first, state.serving, state.alone, state.confirmed) == (6.0, 11.0, 40.0, 200.0)
    assert state.released == 40.0


def test_an_early_release_is_there_once_all_new_tasks_serve() -> None:
    """The old ones may still be leaving."""
    tasks = [task(9, OLD), task(1), task(2)]
    seen = look(11.0, tasks=tasks, targets=[target(1, "healthy"), target(2, "healthy")])
    assert advance(State(), seen, EARLY).state.released == 11.0
    assert advance(State(), seen, GOAL).state.released is None


def test_a_running_task_that_the_balancer_does_not_know_does_not_serve() -> None:
    """RUNNING is not served."""
    found = advance(State(), look(tasks=[task(1), task(2)]), GOAL)
    assert found.state.first is None
    assert [row.serves for row in found.rows] == [False, False]


def test_on_the_way_back_nothing_is_reached() -> None:
    """Even if all new tasks are healthy at that moment."""
    seen = look(
        record="ROLLBACK_IN_PROGRESS",
        tasks=[task(1), task(2)],
        targets=[target(1, "healthy"), target(2, "healthy")],
    )
    found = advance(State(), seen, GOAL).state
    assert (found.serving, found.alone, found.released) == (None, None, None)


def test_what_happened_is_told_once() -> None:
    """However often it is seen; events from before the update never."""
    events = [
        event("e2", 3, "was unable to place a task because no host met its requirements."),
        event("e1", -3, "has reached a steady state."),
        event("e3", 4, "has started 1 tasks: (task 1)."),
    ]
    seen = look(tasks=[task(1, status="PENDING")], events=events)
    first = advance(State(), seen, GOAL)
    assert first.lines == [
        "new task 00000000 pending in eu-west-1a",
        "ECS: was unable to place a task because no host met its requirements.",
    ]
    assert advance(first.state, seen, GOAL).lines == []


def test_tasks_are_told_by_what_they_do() -> None:
    """New ones by status and target, old ones when they leave."""
    ended = task(
        3,
        status="STOPPED",
        stoppedAt=AT + timedelta(seconds=9),
        stoppedReason="it exited",
        containers=[{"name": "release", "exitCode": 137, "reason": "OutOfMemoryError"}],
    )
    never = task(4, status="STOPPED", stoppedAt=AT, stoppedReason="Task failed to start")
    tasks = [task(1), task(7, OLD), task(8, OLD, "DEACTIVATING"), ended, never]
    targets = [target(1, "healthy"), target(7, "draining")]
    assert set(advance(State(), look(tasks=tasks, targets=targets), GOAL).lines) == {
        "new task 00000000 runs in eu-west-1a, target healthy",
        "old task 00000000 leaving",
        "new task 00000000 stopped, exit code 137: it exited; OutOfMemoryError",
        "new task 00000000 stopped, without starting: Task failed to start",
    }


def test_tasks_of_an_earlier_attempt_are_left_out() -> None:
    """ECS shows stopped tasks for an hour."""
    before = task(5, status="STOPPED", stoppedAt=AT - timedelta(minutes=5))
    found = advance(State(), look(tasks=[before]), GOAL)
    assert found.rows == []
    assert failed(look(tasks=[before]), GOAL) is None


def test_rows_are_in_an_order_that_can_be_read() -> None:
    """New before old, stopped last."""
    tasks = [task(9, OLD), task(2, status="STOPPED", stoppedAt=AT), task(1), task(3)]
    rows: Sequence[Row] = advance(State(), look(tasks=tasks), GOAL).rows
    assert [int(row.task, 16) for row in rows] == [1, 3, 2, 9]


def test_the_task_that_tells_most_is_one_that_ended_by_itself() -> None:
    """What ECS stops on the way back says nothing of the cause."""
    crash = stopped(1, "EssentialContainerExited", "exited")
    health = stopped(2, "ServiceSchedulerInitiated", "Task failed ELB health checks")
    scaled = stopped(3, "ServiceSchedulerInitiated", "Scaling activity")
    assert failed(look(tasks=[scaled, health, crash]), GOAL) == crash
    assert failed(look(tasks=[scaled, health]), GOAL) == health
    assert failed(look(tasks=[scaled]), GOAL) == scaled
    assert failed(look(tasks=[task(1)]), GOAL) is None


def test_exit_codes_and_reasons() -> None:
    """The first that is none of success; every reason once."""
    held = {
        "stoppedReason": "Essential container in task exited",
        "containers": [
            {"name": "a", "exitCode": 0},
            {"name": "b", "exitCode": 3, "reason": "Error"},
            {"name": "c", "reason": "Error"},
        ],
    }
    assert exit_code(held) == 3
    assert why(held) == "Essential container in task exited; Error"
    assert exit_code({"containers": [{"name": "a", "exitCode": 0}]}) == 0
    assert exit_code({"containers": [{"name": "a"}]}) is None
    assert why({"containers": []}) == ""
