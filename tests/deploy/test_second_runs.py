"""Second runs find what really serves: nothing that failed or was replaced is called a success."""

from collections.abc import Callable

import pytest

from perpetual.deploy import rehearsal
from perpetual.deploy.history import Result
from perpetual.deploy.outcome import Exit, FailedError, Interrupted, Phase
from perpetual.deploy.push import fault
from perpetual.deploy.run import Options
from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench, KilledError
from tests.deploy.doubles import When, entering, refusal
from tests.deploy.world import MIGRATION, NEW, NEWER, OLD, STACK, Aws


def interrupted(aws: Aws, bench: Bench, when: When) -> None:
    """Deploy, and interrupt it right after a call."""
    aws.fail_after(when, Interrupted(2))
    with pytest.raises(FailedError, match="interrupted"):
        bench.deploy()


def strand(aws: Aws, bench: Bench) -> None:
    """Let a release fail where ECS brings nothing back."""
    aws.update(deploymentConfiguration={
        "minimumHealthyPercent": 50,
        "maximumPercent": 150,
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    })  # fmt: skip
    aws.world.behaviours[aws.reference(NEW)] = Behaviour(crash=1.0)
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "failed, and not rolled back" in error.message
    assert aws.digest() == NEW


def test_a_release_that_is_stranded_does_not_serve_already(aws: Aws, bench: Bench) -> None:
    """The service is told to run it, and does not: it fails again, and says so again."""
    strand(aws, bench)
    assert bench.fails().exit_code is Exit.NEEDS_HUMAN
    assert [record.result for record in bench.records] == [Result.UNCLEAR, Result.UNCLEAR]
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)


def test_a_release_that_was_stranded_goes_through_once_its_cause_is_gone(
    aws: Aws, bench: Bench
) -> None:
    """The same image: a deployment is forced, for the revision is the service's already."""
    strand(aws, bench)
    aws.world.behaviours[aws.reference(NEW)] = Behaviour()
    planned = rehearsal.rehearse(bench.desk, Options(stack=STACK, image="release:new"))
    calls = [call for step in planned.steps for call in step.calls]
    aws.made.clear()
    report = bench.deploy()
    assert report.fresh
    assert [one.request for one in calls if one.operation == "UpdateService"] == aws.said(
        "UpdateService"
    )
    (call,) = aws.said("UpdateService")
    assert call["forceNewDeployment"] is True
    assert aws.service()["runningCount"] == 3
    assert bench.records[-1].result is Result.RELEASED


def test_a_release_that_was_replaced_before_it_was_recorded_is_no_success(
    aws: Aws, bench: Bench
) -> None:
    """ECS calls that deployment a success for ever; something else serves."""
    interrupted(aws, bench, entering(Phase.CONFIRM))
    aws.simulation.run(600)
    aws.update(taskDefinition=aws.register(NEWER))
    aws.simulation.run(600)
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "replaced by somebody's other deployment" in error.message
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)
    assert bench.records[-1].result is Result.UNCLEAR
    assert bench.deploy().fresh
    assert aws.digest() == NEW


@pytest.mark.parametrize("image", ["release:new", "release:newer"])
def test_a_release_that_ecs_takes_back_meanwhile_is_followed_to_that_end(
    image: str, aws: Aws, bench: Bench
) -> None:
    """The same release tells how it ends; another waits for it, and is told what for."""
    interrupted(aws, bench, entering(Phase.CONFIRM))
    aws.world.behaviours[aws.reference(OLD)] = Behaviour(health=60.0)
    aws.ring()
    aws.simulation.run(10)
    assert aws.digest() == OLD
    aws.alarms.clear()
    if image == "release:newer":
        with pytest.raises(OperatorError, match="ECS brings back what served before"):
            bench.deploy(image)
        aws.simulation.run(600)
        assert bench.deploy(image).fresh
    else:
        error = bench.fails()
        assert error.exit_code is Exit.KEPT
        assert "is rolled back" in error.message
        assert aws.digest() == OLD
    assert bench.records[0].result is Result.FAILED
    assert bench.journal is None


def _ring_once_released(aws: Aws) -> None:
    """Let an alarm ring once the release is in the history."""

    def ring() -> None:
        name = f"/perpetual/{aws.contract.stack.name}/deploy/history"
        if name in aws.parameters.held and aws.digest() == NEW:
            aws.alarms[aws.watched[0]] = "ALARM"

    aws.clock.after = ring


def _end_on_the_way_back(aws: Aws, end: BaseException) -> None:
    """End the process right after the service was told to go back to its first revision."""
    aws.fail_after(
        lambda made: (
            made.operation == "UpdateService" and made.request["taskDefinition"].endswith(":1")
        ),
        end,
    )


@pytest.mark.parametrize("killed", [True, False])
def test_an_early_release_that_was_being_taken_back_is_taken_back(
    killed: bool,  # noqa: FBT001 - a parameter of the test
    aws: Aws,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Interrupted on the way back, the next run finishes that way, and says that it failed."""
    monkeypatch.setattr("perpetual.deploy.lock._dead", lambda *_: True)
    _ring_once_released(aws)
    _end_on_the_way_back(aws, KilledError() if killed else Interrupted(2))
    with pytest.raises(KilledError if killed else FailedError):
        bench.deploy(early=True)
    aws.clock.after = lambda: None
    aws.alarms.clear()
    aws.simulation.run(600)
    error = bench.fails(early=True)
    assert "rings after" in error.message
    assert "rolled back" in error.message
    assert error.exit_code is Exit.KEPT
    assert aws.digest() == OLD
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)
    assert [record.kind for record in bench.records] == ["deploy", "rollback"]
    assert bench.journal is None


@pytest.mark.parametrize("operation", ["DescribeAlarms", "DescribeTargetHealth"])
def test_faults_while_alarms_are_watched_are_none_of_a_refusal(
    operation: str, aws: Aws, bench: Bench
) -> None:
    """It is released by then: borne for a while, and exit code 2 would say otherwise."""

    def fault(number: int) -> Callable[[], None]:
        before = len(bench.records)

        def after() -> None:
            if len(bench.records) > before:
                aws.clock.after = lambda: None
                aws.faults[operation] = [refusal("ThrottlingException", operation)] * number

        return after

    aws.clock.after = fault(500)
    error = bench.fails(early=True)
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert error.phase is Phase.CONFIRM
    aws.faults.clear()
    assert bench.deploy(early=True).exit_code is Exit.RELEASED
    aws.clock.after = fault(3)
    assert bench.deploy("release:newer", early=True).exit_code is Exit.RELEASED
    assert "trying on for 60 s" in bench.shown.text


# --- every failure, its repair, and the run after it


def _behave(how: Behaviour, image: str = "") -> Callable[[Aws, pytest.MonkeyPatch], None]:
    def act(aws: Aws, _patch: pytest.MonkeyPatch) -> None:
        aws.world.behaviours[image or aws.reference(NEW)] = how

    return act


def _fill(aws: Aws, _patch: pytest.MonkeyPatch) -> None:
    aws.ecs(
        "RegisterTaskDefinition",
        family="other",
        networkMode="host",
        containerDefinitions=[{"name": "other", "image": "other", "cpu": 1024, "memory": 900}],
    )
    for _ in range(6):
        cluster = aws.contract.service.cluster
        aws.ecs("RunTask", cluster=cluster, taskDefinition="other", launchType="EC2")
    aws.simulation.run(30)
    aws.most_hosts = 3


def _empty(aws: Aws, _patch: pytest.MonkeyPatch) -> None:
    cluster = aws.contract.service.cluster
    for task in aws.ecs("ListTasks", cluster=cluster, family="other")["taskArns"]:
        aws.ecs("StopTask", cluster=cluster, task=task)
    aws.simulation.run(120)


def _meddle(aws: Aws, _patch: pytest.MonkeyPatch) -> None:
    def meddle(_request: object) -> None:
        aws.before.clear()
        aws.update(taskDefinition=aws.register(NEWER))

    aws.before["SendCommand"] = meddle


def _refuse_push(_aws: Aws, patch: pytest.MonkeyPatch) -> None:
    def push(*_: object) -> str:
        raise fault("denied: requested access to the resource is denied")

    patch.setattr(Bench, "_push", push)


def _settle(aws: Aws, patch: pytest.MonkeyPatch) -> None:
    patch.undo()
    aws.simulation.run(600)


_Act = Callable[[Aws, pytest.MonkeyPatch], None]

FAILURES: dict[str, tuple[_Act, _Act, int]] = {
    "the registry refuses": (_refuse_push, lambda _aws, patch: patch.undo(), 2),
    "the migration fails": (
        _behave(Behaviour(crash=2.0, exit_code=1), MIGRATION),
        _behave(Behaviour(crash=2.0, exit_code=0), MIGRATION),
        3,
    ),
    "the migration hangs": (
        _behave(Behaviour(), MIGRATION),
        _behave(Behaviour(crash=2.0, exit_code=0), MIGRATION),
        3,
    ),
    "the task exits at once": (_behave(Behaviour(crash=0.1)), _behave(Behaviour()), 3),
    "health is never green": (_behave(Behaviour(health=100_000.0)), _behave(Behaviour()), 3),
    "the hosts are full": (_fill, _empty, 2),
    "an alarm rings already": (
        lambda aws, _patch: aws.ring(),
        lambda aws, _patch: aws.ring("OK"),
        2,
    ),
    "somebody changes the service": (_meddle, _settle, 3),
}


@pytest.mark.parametrize("name", FAILURES)
def test_after_every_failure_a_second_run_completes(
    name: str, aws: Aws, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood in the way is gone; nothing of the first run is in the way either."""
    fail, repair, code = FAILURES[name]
    with monkeypatch.context() as patch:
        fail(aws, patch)
        with pytest.raises(OperatorError) as raised:
            bench.deploy(patience=120.0)
        assert raised.value.exit_code == code
        assert raised.value.hint
        assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(OLD)
        repair(aws, patch)
    report = bench.deploy()
    assert report.exit_code is Exit.RELEASED
    assert report.fresh
    assert aws.digest() == NEW
    assert bench.journal is None
    assert bench.records[-1].result is Result.RELEASED


def test_a_release_that_is_taken_back_leaves_the_image_s_own_name(
    aws: Aws, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Pulumi started may have a tag and no digest; it is in no history to return to."""
    tagged = f"{aws.contract.repository}:first"
    with monkeypatch.context() as patch:
        patch.setattr(aws, "reference", lambda _digest: tagged)
        aws.update(taskDefinition=aws.register(OLD))
    aws.simulation.run(600)
    _ring_once_released(aws)
    assert bench.fails(early=True).exit_code is Exit.KEPT
    assert aws.parameter(aws.contract.stack.release_parameter) == tagged
    aws.clock.after = lambda: None
    aws.alarms.clear()
    aws.simulation.run(600)
    bench.deploy("release:newer")
    with pytest.raises(OperatorError, match="no earlier release"):
        bench.rollback()


def test_another_release_settles_one_that_was_being_taken_back(
    aws: Aws, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is none to return to afterwards."""
    monkeypatch.setattr("perpetual.deploy.lock._dead", lambda *_: True)
    _ring_once_released(aws)
    _end_on_the_way_back(aws, KilledError())
    with pytest.raises(KilledError):
        bench.deploy(early=True)
    aws.clock.after = lambda: None
    aws.alarms.clear()
    aws.simulation.run(600)
    bench.deploy("release:newer")
    assert "was being taken back" in bench.shown.text
    assert bench.rollback().digest == OLD
