"""Releases that fail: the old one serves again, and the words say the truth."""

import pytest

from perpetual.deploy.history import Result
from perpetual.deploy.journal import Schema
from perpetual.deploy.outcome import Exit, Phase
from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench
from tests.deploy.world import MIGRATION, NEW, NEWER, OLD, Aws

BROKEN = {
    "crash at boot": (Behaviour(crash=1.0, exit_code=1), "exit code 1"),
    "red health": (Behaviour(red=True, unhealthy=5.0), "health"),
    "killed by the kernel": (
        Behaviour(crash=2.0, exit_code=137, exit_reason="OutOfMemoryError: container killed"),
        "OutOfMemoryError",
    ),
    "image that cannot be pulled": (
        Behaviour(start_error="CannotPullContainerError: manifest unknown"),
        "CannotPullContainerError",
    ),
}


def behave(aws: Aws, digest: str, how: Behaviour) -> None:
    """Let the tasks of an image behave."""
    aws.world.behaviours[aws.reference(digest)] = how


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_release_is_rolled_back_and_told_so(name: str, aws: Aws, bench: Bench) -> None:
    """Which task, why, its last words, what serves, what became of the schema."""
    how, says = BROKEN[name]
    behave(aws, NEW, how)
    aws.logs["*"] = ["migrated to 3", "** (EXIT) no such table: orders"]
    error = bench.fails()
    assert error.exit_code is Exit.KEPT
    assert error.phase in (Phase.SERVE, Phase.DRAIN)
    assert "is rolled back" in error.message
    assert says in error.detail
    assert "| ** (EXIT) no such table: orders" in error.detail
    assert "which is not in the history serves, with 3 of 3 tasks" in error.detail
    assert "The schema moved: the migration of this release stands." in error.detail
    assert aws.digest() == OLD
    assert aws.service()["runningCount"] == 3
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)


def test_a_failed_release_is_in_the_history_and_not_in_the_way(aws: Aws, bench: Bench) -> None:
    """The next one goes through; the failed one is told from good ones."""
    behave(aws, NEW, Behaviour(crash=1.0))
    bench.fails()
    assert bench.journal is None
    report = bench.deploy("release:newer")
    assert report.exit_code is Exit.RELEASED
    assert [record.result for record in bench.records] == [Result.FAILED, Result.RELEASED]
    assert "is rolled back" in bench.records[0].said


def test_the_same_release_can_be_tried_again_without_another_revision(
    aws: Aws, bench: Bench
) -> None:
    """What an earlier attempt left in ECS's records is none of this one's."""
    behave(aws, NEW, Behaviour(crash=1.0))
    bench.fails()
    behave(aws, NEW, Behaviour())
    aws.made.clear()
    report = bench.deploy()
    assert report.exit_code is Exit.RELEASED
    assert not aws.said("RegisterTaskDefinition")
    assert aws.digest() == NEW


def test_once_released_what_serves_is_named_by_its_number(aws: Aws, bench: Bench) -> None:
    """After a failure, release and person."""
    bench.deploy()
    behave(aws, NEWER, Behaviour(crash=1.0))
    error = bench.fails("release:newer")
    assert "Now release 1 (" in error.detail
    assert " by ada) serves, with 3 of 3 tasks." in error.detail


# --- migrations


def test_a_migration_that_fails_stops_before_the_service(aws: Aws, bench: Bench) -> None:
    """Exit code and last words are checked; the service was not touched."""
    aws.world.behaviours[MIGRATION] = Behaviour(crash=2.0, exit_code=1)
    aws.logs["*"] = ["running 3 orders", "column total does not exist"]
    error = bench.fails()
    assert error.exit_code is Exit.KEPT
    assert error.phase is Phase.MIGRATE
    assert "ended with exit code 1" in error.message
    assert "| column total does not exist" in error.detail
    assert "The service was not touched." in error.detail
    assert "may have moved" in error.detail
    assert not aws.said("UpdateService")
    (record,) = bench.records
    assert (record.result, record.schema) == (Result.FAILED, Schema.UNFINISHED)


def test_a_migration_that_hangs_is_stopped(aws: Aws, bench: Bench) -> None:
    """After as long as whoever deploys has patience."""
    aws.world.behaviours[MIGRATION] = Behaviour()
    error = bench.fails(patience=60.0)
    assert "did not end within 60 s, and was stopped" in error.message
    (stop,) = aws.said("StopTask")
    assert stop["reason"] == "the migration took too long"
    assert not aws.said("UpdateService")


def test_a_migration_that_never_ran_moved_nothing(aws: Aws, bench: Bench) -> None:
    """No exit code is no success, and no change either."""
    aws.world.behaviours[MIGRATION] = Behaviour(start_error="CannotPullContainerError: denied")
    error = bench.fails()
    assert "did not run" in error.message
    assert "CannotPullContainerError" in error.message
    assert "The schema is as it was." in error.detail


def test_no_host_for_the_migration_is_a_sentence(aws: Aws, bench: Bench) -> None:
    """ECS answers with reasons, not with a task."""
    answer = aws._ecs  # noqa: SLF001 - one operation answered otherwise

    def full(operation: str, request: dict[str, object]) -> dict[str, object]:
        if operation == "RunTask":
            return {"tasks": [], "failures": [{"arn": "host", "reason": "RESOURCE:MEMORY"}]}
        return answer(operation, request)

    aws._ecs = full  # type: ignore[method-assign,assignment]  # noqa: SLF001 - as above
    error = bench.fails()
    assert "no host takes the migration: RESOURCE:MEMORY" in error.message
    assert bench.journal is not None
    assert bench.journal.schema is Schema.SAME
    assert error.exit_code is Exit.KEPT


# --- alarms and patience


def test_an_alarm_during_the_rollout_undoes_it(aws: Aws, bench: Bench) -> None:
    """ECS does; the command tells which."""
    aws.clock.after = lambda: aws.ring() if aws.said("UpdateService") and not aws.alarms else None
    error = bench.fails()
    assert error.exit_code is Exit.KEPT
    assert aws.watched[0] in error.message
    assert aws.digest() == OLD


def test_an_alarm_while_ecs_still_watches_undoes_a_release_that_served(
    aws: Aws, bench: Bench
) -> None:
    """Served by all tasks, and never called a success."""
    aws.clock.after = lambda: aws.ring() if Phase.CONFIRM in bench.shown.phases else None
    error = bench.fails()
    assert (error.exit_code, error.phase) == (Exit.KEPT, Phase.CONFIRM)
    assert aws.digest() == OLD
    assert bench.records[-1].result is Result.FAILED
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)


def test_an_alarm_after_an_early_release_is_undone_by_the_command(aws: Aws, bench: Bench) -> None:
    """ECS has let go by then; what served before is brought back, and written down."""

    def late() -> None:
        if len(bench.records) == 1 and not aws.alarms:
            aws.ring()

    behave(aws, OLD, Behaviour(drain=90.0))
    aws.clock.after = late
    error = bench.fails(early=True)
    assert error.exit_code is Exit.KEPT
    assert f"{aws.watched[0]} rings after" in error.message
    assert error.message.endswith("rolled back")
    assert aws.digest() == OLD
    first, second = bench.records
    assert (first.result, first.digest) == (Result.RELEASED, NEW)
    assert (second.kind, second.digest, second.previous) == ("rollback", OLD, NEW)
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)
    assert bench.journal is None


def test_an_early_release_whose_way_back_fails_is_in_the_history_as_unclear(
    aws: Aws, bench: Bench
) -> None:
    """The release stays the one that serves; that it was to be taken back is not lost."""

    def late() -> None:
        if len(bench.records) == 1 and not aws.alarms:
            behave(aws, OLD, Behaviour(crash=0.1))
            aws.ring()

    aws.clock.after = late
    error = bench.fails(early=True)
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "rings after" in error.message
    assert "the way back is rolled back" in error.message
    assert aws.digest() == NEW
    first, second = bench.records
    assert (first.result, first.digest) == (Result.RELEASED, NEW)
    assert (second.kind, second.result, second.digest) == ("rollback", Result.UNCLEAR, OLD)
    assert second.said == error.message
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(NEW)
    assert bench.journal is None


def test_health_that_never_turns_green_is_taken_back(aws: Aws, bench: Bench) -> None:
    """Where no breaker trips, patience ends; ECS is asked to roll back, and does."""
    behave(aws, NEW, Behaviour(health=100_000.0))
    error = bench.fails(patience=120.0)
    (stop,) = aws.said("StopServiceDeployment")
    assert stop["stopType"] == "ROLLBACK"
    assert "does not serve alone after 120 s: taking it back" in bench.shown.text
    assert error.exit_code is Exit.KEPT
    assert aws.digest() == OLD


# --- somebody else


def test_a_service_that_somebody_changed_before_the_update_is_left_alone(
    aws: Aws, bench: Bench
) -> None:
    """Between the first look and the update lie pull and migration."""

    def meddle(_request: object) -> None:
        aws.before.clear()
        aws.update(taskDefinition=aws.register(NEWER))

    aws.before["SendCommand"] = meddle
    error = bench.fails()
    assert "somebody else changed the service meanwhile" in error.message
    assert "perpetual-prod-web:" in error.message
    assert error.exit_code is Exit.KEPT
    assert not aws.said("UpdateService")


def test_a_rollout_that_somebody_replaced_needs_a_human(aws: Aws, bench: Bench) -> None:
    """It is neither released nor rolled back, and no success."""

    def meddle() -> None:
        if aws.said("UpdateService") and aws.digest() == NEW:
            aws.update(taskDefinition=aws.register(NEWER))

    aws.clock.after = meddle
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "replaced by somebody's other deployment" in error.message
    assert bench.records[-1].result is Result.UNCLEAR


def test_a_deployment_under_way_is_not_run_over(aws: Aws, bench: Bench) -> None:
    """Not begun by this command: refused, with both ways out."""
    aws.update(taskDefinition=aws.register(NEWER))
    with pytest.raises(
        OperatorError, match=r"another deployment of the service is under way, since .* UTC to "
    ) as it:
        bench.deploy()
    assert "perpetual rollback" in it.value.hint
    assert it.value.exit_code == Exit.REFUSED
    assert not aws.said("UpdateService")


def test_a_new_service_s_deployment_of_no_task_is_none(aws: Aws, bench: Bench) -> None:
    """Pulumi creates it so, and the first release need not wait until ECS has watched alarms."""
    aws.update(desiredCount=0)
    aws.update(taskDefinition=aws.register(NEWER))
    assert aws.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    bench.deploy()
    assert bench.records[-1].result is Result.RELEASED
    assert aws.service()["runningCount"] == aws.contract.service.desired


def test_a_service_that_is_gone_needs_a_human(aws: Aws, bench: Bench) -> None:
    """Deleted in the middle of the rollout."""
    service = aws.contract.service

    def remove() -> None:
        if aws.said("UpdateService") and aws.service()["status"] == "ACTIVE":
            aws.ecs("DeleteService", cluster=service.cluster, service=service.name, force=True)

    aws.clock.after = remove
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "without its service" in error.message
