"""Faults at the worst moments: what is said is true, and the next run completes."""

import json
from dataclasses import replace

import pytest
from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.deploy import history
from perpetual.deploy.history import Result
from perpetual.deploy.outcome import Exit, Interrupted, Phase
from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench
from tests.deploy.doubles import calling, refusal, writing
from tests.deploy.world import MIGRATION, NEW, OLD, Aws

LOST = exceptions.EndpointConnectionError(endpoint_url="https://ssm")


def test_a_journal_that_cannot_be_written_after_the_update_hides_no_update(
    aws: Aws, bench: Bench
) -> None:
    """The service was told to change by then, whatever AWS refuses afterwards."""
    aws.fail_after(
        writing('"updated": "2', "/journal"), refusal("ThrottlingException", "PutParameter")
    )
    error = bench.fails()
    assert error.phase is Phase.UPDATE
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "The service was told to change." in error.detail
    assert bench.deploy().exit_code is Exit.RELEASED
    assert len(aws.said("UpdateService")) == 1


def test_a_network_lost_before_the_update_is_no_update(aws: Aws, bench: Bench) -> None:
    """It was not told to change, for it was not asked yet."""
    aws.fail_after(writing('"phase": "update"', "/journal"), LOST)
    error = bench.fails()
    assert error.phase is Phase.UPDATE
    assert error.exit_code is Exit.KEPT
    assert "The service was not touched." in error.detail
    assert bench.deploy().exit_code is Exit.RELEASED


def test_an_update_that_fails_on_aws_s_side_may_have_been_made(aws: Aws, bench: Bench) -> None:
    """A fault of the server's is no refusal."""
    fault = refusal("ServerException", "UpdateService")
    fault.response["ResponseMetadata"] = {"HTTPStatusCode": 500}
    aws.fail_after(calling("UpdateService"), fault)
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "it reads what became of it" in error.detail
    assert bench.deploy().exit_code is Exit.RELEASED
    assert len(aws.said("UpdateService")) == 1


@pytest.mark.parametrize(
    "operation",
    ["DescribeServices", "DescribeTasks", "GetParametersByPath", "PutParameter", "GetParameter"],
)
@pytest.mark.parametrize("error", [refusal("ThrottlingException", "some"), LOST])
def test_faults_in_the_middle_of_a_rollout_are_borne(
    error: Exception, operation: str, aws: Aws, bench: Bench
) -> None:
    """Signs of life and the journal fail as looks do, and are tried again as they are."""

    def after() -> None:
        if bench.shown.phases[-1:] == [Phase.SERVE]:
            aws.clock.after = lambda: None
            aws.faults[operation] = [error] * 8

    aws.clock.after = after
    assert bench.deploy().exit_code is Exit.RELEASED
    assert not aws.faults[operation]
    assert "trying on for 60 s" in bench.shown.text
    assert len(aws.said("UpdateService")) == 1


def test_a_fault_names_the_phase_that_it_was_in(aws: Aws, bench: Bench) -> None:
    """Following goes through three of them."""

    def after() -> None:
        if bench.shown.phases[-1:] == [Phase.CONFIRM]:
            aws.clock.after = lambda: None
            aws.faults["DescribeServices"] = [LOST] * 500

    aws.clock.after = after
    error = bench.fails()
    assert error.phase is Phase.CONFIRM
    assert error.message.startswith("confirm: AWS cannot be reached")


def test_a_migration_left_alone_by_the_network_is_told(aws: Aws, bench: Bench) -> None:
    """It goes on without anybody who looks; the next run finds it."""
    aws.faults["DescribeTasks"] = [LOST]
    error = bench.fails()
    assert error.phase is Phase.MIGRATE
    assert "A migration that was begun goes on in its task." in error.detail
    assert bench.deploy().exit_code is Exit.RELEASED
    assert len(aws.said("RunTask")) == 1


def test_a_release_whose_end_cannot_be_written_is_none_that_was_refused(
    aws: Aws, bench: Bench
) -> None:
    """It serves; the next run writes down the rest."""
    aws.fail_after(writing('"done": true', "/journal"), LOST)
    error = bench.fails()
    assert (error.phase, error.exit_code) == (Phase.RECORD, Exit.NEEDS_HUMAN)
    assert bench.deploy().exit_code is Exit.RELEASED
    assert len(bench.records) == 1


def test_a_signal_as_a_failure_is_written_down_does_not_hide_it(aws: Aws, bench: Bench) -> None:
    """Nor does one as the lock is given back hide a release."""
    aws.world.behaviours[aws.reference(NEW)] = Behaviour(crash=1.0)
    aws.fail_after(writing("", "/history"), Interrupted(2))
    assert "is rolled back" in bench.fails().message
    aws.world.behaviours[aws.reference(NEW)] = Behaviour()
    assert "is rolled back" in bench.fails().message
    assert [record.result for record in bench.records] == [Result.FAILED]
    bench.deploy()
    aws.fail_after(writing('"held": false'), Interrupted(2))
    assert bench.deploy("release:newer").exit_code is Exit.RELEASED


def test_a_service_that_is_not_even_listed_is_gone(aws: Aws, bench: Bench) -> None:
    """ECS forgets a deleted one after a while."""
    answer = aws._ecs  # noqa: SLF001 - one operation answered otherwise

    def without(operation: str, request: dict[str, object]) -> dict[str, object]:
        if operation == "DescribeServices" and aws.said("UpdateService"):
            return {"services": [], "failures": [{"reason": "MISSING"}]}
        return answer(operation, request)

    aws._ecs = without  # type: ignore[method-assign,assignment]  # noqa: SLF001 - as above
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "without its service" in error.message


def test_a_service_that_was_given_something_else_entirely_is_a_sentence(
    aws: Aws, bench: Bench
) -> None:
    """Of no container that the contract names."""
    aws.ecs(
        "RegisterTaskDefinition",
        family="other",
        networkMode="awsvpc",
        containerDefinitions=[
            {"name": "x", "image": "x", "memory": 64, "portMappings": [{"containerPort": 1}]}
        ],
    )
    answer = aws._ecs  # noqa: SLF001 - one answer is changed

    def other(operation: str, request: dict[str, object]) -> dict[str, object]:
        said = answer(operation, request)
        if operation == "DescribeServices":
            said["services"][0]["taskDefinition"] = "other:1"
        return said

    aws._ecs = other  # type: ignore[method-assign,assignment]  # noqa: SLF001 - as above
    with pytest.raises(OperatorError, match="other:1 has no container") as raised:
        bench.deploy()
    assert raised.value.exit_code == Exit.REFUSED
    assert "pulumi up" in raised.value.hint


def test_a_migration_that_was_stopped_is_waited_for(aws: Aws, bench: Bench) -> None:
    """The next run's would otherwise run beside it."""
    aws.world.behaviours[MIGRATION] = Behaviour()
    bench.fails(patience=60.0)
    (task,) = aws.said("StopTask")
    said = aws.ecs("DescribeTasks", cluster=aws.contract.service.cluster, tasks=[task["task"]])
    assert said["tasks"][0]["lastStatus"] == "STOPPED"


def test_a_long_failure_still_fits_into_the_history(bench: Bench) -> None:
    """A parameter holds 4 KB, and what is not ASCII takes more of them."""
    bench.deploy()
    (record,) = bench.records
    long = replace(record, said="\N{COLLISION SYMBOL}" * 500, run="other")
    assert history.append(bench.store, long) == 2
    assert bench.records[-1].said.startswith("\N{COLLISION SYMBOL}")
    assert bench.records[-1].digest == NEW
    assert len(history.text(long).encode()) <= 4096


def test_the_history_goes_on_after_a_hundred_versions(bench: Bench) -> None:
    """AWS drops the oldest; numbers go on."""
    bench.deploy()
    (record,) = bench.records
    for number in range(150):
        bench.store.write(history.name(bench.store.stack), history.text(
            replace(record, run=str(number), digest=OLD)
        ))  # fmt: skip
    assert bench.deploy("release:newer").number == 152
    assert len(bench.records) == 100
    assert bench.rollback().digest == OLD


def test_a_version_that_somebody_labelled_is_in_the_way_and_named(aws: Aws, bench: Bench) -> None:
    """AWS cannot drop it, and says so; nothing is lost meanwhile."""
    code = "ParameterMaxVersionLimitExceeded"

    def refuse(request: object) -> None:
        if str(request["Name"]).endswith("/history"):  # type: ignore[index]
            raise refusal(code, "PutParameter", "version 1 has a label")

    aws.before["PutParameter"] = refuse
    error = bench.fails()
    assert error.phase is Phase.RECORD
    assert "label" in error.message
    assert "unlabel-parameter-version" in error.hint
    aws.before.clear()
    assert bench.deploy().exit_code is Exit.RELEASED
    assert [item.result for item in bench.records] == [Result.RELEASED]
    assert json.loads(history.text(bench.records[0]))["digest"] == NEW


def test_a_rollout_is_taken_back_although_aws_is_busy(aws: Aws, bench: Bench) -> None:
    """The call is made again with the next look, unless the rollout has ended by then."""
    aws.world.behaviours[aws.reference(NEW)] = Behaviour(health=100_000.0)
    busy = refusal("ThrottlingException", "StopServiceDeployment")
    aws.faults["StopServiceDeployment"] = [busy] * 3
    error = bench.fails(patience=120.0)
    assert error.exit_code is Exit.KEPT
    assert aws.digest() == OLD
    aws.simulation.run(100)
    aws.faults["StopServiceDeployment"] = [busy] * 500
    error = bench.fails(patience=120.0)
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert not error.final
