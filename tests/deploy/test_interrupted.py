"""Runs that are killed or interrupted, anywhere: the next one completes or explains."""

import subprocess
import sys
from typing import Any, Final

import pytest

from perpetual.deploy.history import Result
from perpetual.deploy.journal import Schema
from perpetual.deploy.outcome import Exit, FailedError, Interrupted, Phase
from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench, KilledError
from tests.deploy.doubles import Made, When, calling, entering
from tests.deploy.world import MIGRATION, NEW, NEWER, OLD, Aws

CHANGES: Final = ("RegisterTaskDefinition", "SendCommand", "RunTask", "UpdateService")


@pytest.fixture
def dead_pid(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of a process that is gone, under which the killed run goes."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    monkeypatch.setattr("perpetual.deploy.lock.os.getpid", lambda: child.pid)
    return child.pid


def kill(aws: Aws, when: When) -> None:
    """Let the run be killed right after a call, which has had its effect."""

    def after(made: Made) -> None:
        if when(made):
            aws.before["*"] = _dead
            raise KilledError

    aws.after = after


def _dead(_request: Any) -> None:
    raise KilledError


def revive(aws: Aws) -> None:
    """Let the next run live."""
    aws.before.clear()
    aws.after = lambda _made: None


def killed(aws: Aws, bench: Bench, when: When, **options: Any) -> None:
    """Deploy, and be killed."""
    kill(aws, when)
    with pytest.raises(KilledError):
        bench.deploy(**options)
    revive(aws)


WRITTEN = [phase for phase in Phase if phase not in (Phase.PREFLIGHT, Phase.BUILD, Phase.PULL)]


@pytest.mark.usefixtures("dead_pid")
@pytest.mark.parametrize("phase", WRITTEN)
def test_killed_as_a_phase_begins_a_second_run_completes(
    phase: Phase, aws: Aws, bench: Bench
) -> None:
    """The lock is recovered, nothing is deployed twice, and all of it is written down."""
    killed(aws, bench, entering(phase))
    assert bench.journal is not None
    report = bench.deploy()
    _complete(aws, bench)
    assert report.exit_code is Exit.RELEASED
    assert report.resumed
    assert "took over the lock of ada" in bench.shown.text
    assert f"interrupted in phase {phase}" in bench.shown.text


@pytest.mark.usefixtures("dead_pid")
@pytest.mark.parametrize("operation", CHANGES)
def test_killed_right_after_a_change_a_second_run_completes(
    operation: str, aws: Aws, bench: Bench
) -> None:
    """Also where the change is not in the journal yet."""
    killed(aws, bench, calling(operation))
    bench.deploy()
    _complete(aws, bench)


def _complete(aws: Aws, bench: Bench) -> None:
    """See that a release is there as if nobody had ever interrupted it."""
    aws.simulation.run(120)
    assert aws.digest() == NEW
    assert len(aws.said("UpdateService")) == 1
    assert len(bench.pushed) == 1
    families = [call["family"] for call in aws.said("RegisterTaskDefinition")]
    assert sorted(families) == ["perpetual-prod-migrate", "perpetual-prod-web"]
    migrations = {call["clientToken"] for call in aws.said("RunTask")}
    assert len(migrations) == 1
    (record,) = bench.records
    assert (record.result, record.digest) == (Result.RELEASED, NEW)
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(NEW)
    assert bench.journal is None


@pytest.mark.usefixtures("dead_pid")
def test_a_migration_that_ecs_has_forgotten_is_run_again(aws: Aws, bench: Bench) -> None:
    """An hour later nobody knows how it ended; a migration may run twice."""
    killed(aws, bench, lambda made: made.operation == "RunTask")
    aws.simulation.run(2 * 3600)
    bench.deploy()
    assert len(aws.said("RunTask")) == 2
    assert aws.digest() == NEW


@pytest.mark.usefixtures("dead_pid")
def test_a_rollout_that_was_rolled_back_meanwhile_is_told(aws: Aws, bench: Bench) -> None:
    """The second run reads what became of it, and does not begin once more."""
    aws.world.behaviours[aws.reference(NEW)] = Behaviour(crash=1.0)
    killed(aws, bench, entering(Phase.SERVE))
    aws.simulation.run(600)
    assert aws.digest() == OLD
    error = bench.fails()
    assert error.exit_code is Exit.KEPT
    assert "is rolled back" in error.message
    assert len(aws.said("UpdateService")) == 1
    assert bench.records[-1].result is Result.FAILED
    assert bench.journal is None


@pytest.mark.usefixtures("dead_pid")
def test_another_release_settles_an_interrupted_one(aws: Aws, bench: Bench) -> None:
    """It says what had happened, writes it down, and goes through."""
    aws.logs["*"] = ["migrated to 4"]
    killed(aws, bench, entering(Phase.UPDATE))
    bench.deploy("release:newer")
    assert "before it served; it had moved the schema" in bench.shown.text
    first, second = bench.records
    assert (first.result, first.schema) == (Result.INTERRUPTED, Schema.MOVED)
    assert (second.result, second.digest) == (Result.RELEASED, NEWER)


@pytest.mark.usefixtures("dead_pid")
def test_another_release_waits_for_a_migration_left_alone(aws: Aws, bench: Bench) -> None:
    """Two at once would wait for each other, or worse."""
    aws.world.behaviours[MIGRATION] = Behaviour(crash=500.0, exit_code=0)
    killed(aws, bench, lambda made: made.operation == "RunTask")
    with pytest.raises(OperatorError, match="its migration goes on") as raised:
        bench.deploy("release:newer")
    assert "Run that deploy again" in raised.value.hint
    assert len(aws.said("RunTask")) == 1


@pytest.mark.usefixtures("dead_pid")
def test_another_release_does_not_run_over_a_rollout_left_alone(aws: Aws, bench: Bench) -> None:
    """It is refused, and told whose rollout it is."""
    killed(aws, bench, entering(Phase.SERVE))
    with pytest.raises(OperatorError, match="its rollout is still under way") as raised:
        bench.deploy("release:newer")
    assert "perpetual rollback" in raised.value.hint
    aws.simulation.run(600)
    bench.deploy("release:newer")
    assert "came to a good end by itself" in bench.shown.text
    assert [record.digest for record in bench.records] == [NEW, NEWER]


@pytest.mark.usefixtures("dead_pid")
def test_a_rollout_left_alone_can_be_rolled_back(aws: Aws, bench: Bench) -> None:
    """To the release before it."""
    bench.deploy()
    killed(aws, bench, entering(Phase.SERVE), image="release:newer")
    assert aws.digest() == NEWER
    report = bench.rollback()
    assert (report.digest, aws.digest()) == (NEW, NEW)


def test_two_at_once_are_one_and_a_sentence(aws: Aws, bench: Bench) -> None:
    """Who, where, for what, since when; the first goes on undisturbed."""

    def second(_request: Any) -> None:
        aws.before.clear()
        with pytest.raises(OperatorError, match="has been releasing since") as raised:
            bench.deploy("release:newer")
        assert "ada, on " in raised.value.message
        assert "for the deploy of" in raised.value.message
        assert raised.value.exit_code == Exit.REFUSED

    aws.before["SendCommand"] = second
    assert bench.deploy().exit_code is Exit.RELEASED
    assert aws.digest() == NEW


@pytest.mark.parametrize("phase", WRITTEN)
def test_ctrl_c_says_what_stands_and_gives_the_lock_back(
    phase: Phase, aws: Aws, bench: Bench
) -> None:
    """From another machine too, the next run need not wait for the lock to grow old."""
    aws.fail_after(entering(phase), Interrupted(2))
    with pytest.raises(FailedError, match=f"interrupted in phase {phase}") as raised:
        bench.deploy()
    words = {
        Phase.PUSH: "Nothing was changed.",
        Phase.REGISTER: "The service was not touched.",
        Phase.MIGRATE: "The migration goes on in its task.",
        Phase.UPDATE: "The service may have been told to change already",
        Phase.SERVE: "The rollout goes on without this command",
        Phase.DRAIN: "The rollout goes on without this command",
        Phase.CONFIRM: "The rollout goes on without this command",
        Phase.RECORD: "It serves, and is not written down yet.",
    }
    assert words[phase] in raised.value.detail
    assert raised.value.exit_code == 130
    bench.deploy()
    _complete(aws, bench)
    assert "took over" not in bench.shown.text


@pytest.mark.parametrize("operation", ["SendCommand", "ListCommandInvocations", "BatchGetImage"])
def test_ctrl_c_within_a_phase_goes_on_from_there(operation: str, aws: Aws, bench: Bench) -> None:
    """Pulling has no entry of its own in the journal, for it leaves nothing to know."""
    aws.fail_after(calling(operation), Interrupted(15))
    with pytest.raises(FailedError, match="interrupted in phase") as raised:
        bench.deploy()
    assert raised.value.exit_code == 143
    bench.deploy()
    _complete(aws, bench)


def test_ctrl_c_before_the_first_phase_gives_the_lock_back(aws: Aws, bench: Bench) -> None:
    """While everything is read, nothing is there to go on with."""
    aws.fail_after(calling("DescribeContainerInstances"), Interrupted(2))
    with pytest.raises(Interrupted):
        bench.deploy()
    assert bench.journal is None
    bench.deploy()
    _complete(aws, bench)
    assert "took over" not in bench.shown.text


@pytest.mark.usefixtures("dead_pid")
def test_an_interrupted_rollback_goes_on_where_it_led(aws: Aws, bench: Bench) -> None:
    """Not one release further back, as "the one before" would say by then."""
    bench.deploy()
    bench.deploy("release:newer")
    kill(aws, entering(Phase.SERVE))
    with pytest.raises(KilledError):
        bench.rollback()
    revive(aws)
    assert aws.digest() == NEW
    report = bench.rollback()
    assert (report.digest, aws.digest()) == (NEW, NEW)
    assert len(bench.records) == 3
    assert len(aws.said("UpdateService")) == 3
