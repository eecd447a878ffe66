"""Rolling back: which release, whether its code may run, and the same care as a deploy."""

from dataclasses import replace

import pytest

from perpetual.deploy.history import Result
from perpetual.deploy.journal import Kind, Schema
from perpetual.deploy.outcome import Exit, Phase
from perpetual.errors import OperatorError
from perpetual.sandbox.ecs.simulated import Behaviour
from tests.deploy.desk import Bench, receipt
from tests.deploy.world import NEW, NEWER, OLD, Aws


@pytest.fixture
def two(bench: Bench) -> Bench:
    """Return a desk after two releases, which left the schema alone."""
    bench.deploy()
    bench.deploy("release:newer")
    return bench


def tried(bench: Bench, *, compatible: bool | None, previous: str = "release:new") -> None:
    """Let the check of the newer release have tried the code of another one."""
    image = bench.images["release:newer"]
    found = receipt(image.id, tried=f"sha256:{previous}", compatible=compatible)
    bench.images["release:newer"] = replace(image, receipt=found)


def test_the_release_before_comes_back_in_one_step(aws: Aws, two: Bench) -> None:
    """Neither pushed nor migrated; under today's settings; written down as what it is."""
    aws.made.clear()
    report = two.rollback()
    assert aws.digest() == NEW
    assert report.exit_code is Exit.RELEASED
    assert not aws.said("RunTask")
    assert not aws.said("GetAuthorizationToken")
    (revision,) = aws.said("RegisterTaskDefinition")
    assert revision["containerDefinitions"][0]["image"] == aws.reference(NEW)
    record = two.records[-1]
    assert (record.kind, record.digest, record.previous) == (Kind.ROLLBACK, NEW, NEWER)
    assert (record.number, record.result) == (3, Result.RELEASED)
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(NEW)
    assert Phase.PULL in two.shown.phases
    assert Phase.MIGRATE not in two.shown.phases[-8:]


def test_an_earlier_release_comes_back_by_its_number(aws: Aws, two: Bench) -> None:
    """And from there forth again."""
    two.rollback(to=1)
    assert aws.digest() == NEW
    two.rollback(to=2)
    assert aws.digest() == NEWER


def test_what_was_rolled_back_is_not_good_to_return_to(aws: Aws, bench: Bench) -> None:
    """After a rollback from the newer release, another one goes further back, not forth."""
    bench.deploy()
    bench.deploy("release:newer")
    bench.rollback()
    with pytest.raises(OperatorError, match="no earlier release"):
        bench.rollback()
    assert aws.digest() == NEW


def test_without_a_history_there_is_nothing_to_return_to(bench: Bench) -> None:
    """What Pulumi started is in no history."""
    with pytest.raises(OperatorError, match="no earlier release") as raised:
        bench.rollback()
    assert "perpetual deploy --image" in raised.value.hint


@pytest.mark.parametrize(
    ("number", "says"), [(9, "there is no release 9"), (2, "was not released")]
)
def test_only_good_releases_can_be_named(number: int, says: str, aws: Aws, bench: Bench) -> None:
    """The good ones are listed."""
    bench.deploy()
    aws.world.behaviours[aws.reference(NEWER)] = Behaviour(crash=1.0)
    bench.fails("release:newer")
    with pytest.raises(OperatorError, match=says) as raised:
        bench.rollback(to=number)
    assert "good ones are 1" in raised.value.hint


def test_what_serves_already_is_not_brought_back(two: Bench) -> None:
    """It would be a restart under another name."""
    with pytest.raises(OperatorError, match="serves already"):
        two.rollback(to=2)


def test_an_image_that_is_gone_cannot_come_back(aws: Aws, two: Bench) -> None:
    """The repository keeps so many; its revision can be built again."""
    del aws.images[NEW]
    with pytest.raises(OperatorError, match="not in the repository any more") as raised:
        two.rollback()
    assert "image.keep" in raised.value.hint
    assert "1" * 40 in raised.value.hint


def test_an_alarm_that_rings_is_no_reason_to_stay(aws: Aws, two: Bench) -> None:
    """It is most likely the reason to go."""
    aws.ring()
    two.rollback()
    assert aws.digest() == NEW


def test_a_rollback_goes_back_while_the_release_is_still_rolling_out(
    aws: Aws, bench: Bench
) -> None:
    """Somebody's deployment under way is what it is for."""
    bench.deploy()
    bench.deploy("release:newer")
    aws.update(taskDefinition=aws.register("sha256:" + "d" * 64))
    bench.rollback()
    assert aws.digest() == NEWER


# --- the schema


def test_a_schema_that_moved_untried_holds_a_rollback_back(aws: Aws, bench: Bench) -> None:
    """Unless whoever rolls back knows better."""
    bench.deploy()
    aws.logs["*"] = ["migrated to 5"]
    bench.deploy("release:newer")
    with pytest.raises(
        OperatorError, match="release 2 moved the schema, and the code of release 1 was not tried"
    ):
        bench.rollback()
    assert aws.digest() == NEWER
    assert bench.rollback(anyway=True).exit_code is Exit.RELEASED
    assert aws.digest() == NEW


def test_a_schema_that_was_tried_with_the_code_lets_it_back(aws: Aws, bench: Bench) -> None:
    """As `release check --previous` found out, and the deploy wrote down."""
    bench.deploy()
    aws.logs["*"] = ["migrated to 5"]
    tried(bench, compatible=True)
    bench.deploy("release:newer")
    bench.rollback()
    assert aws.digest() == NEW


@pytest.mark.parametrize(
    ("compatible", "previous", "says"),
    [
        (False, "release:new", "does not run with it"),
        (None, "release:new", "does not run with it"),
        (True, "release:other", "was not tried with it"),
    ],
)
def test_a_schema_that_was_not_found_to_bear_the_code_does_not(
    *, compatible: bool | None, previous: str, says: str, aws: Aws, bench: Bench
) -> None:
    """Tried with it and failed, not tried, or tried with another one's."""
    bench.deploy()
    aws.logs["*"] = ["migrated to 5"]
    tried(bench, compatible=compatible, previous=previous)
    bench.deploy("release:newer", without=frozenset({"receipt"}))
    with pytest.raises(OperatorError, match=says):
        bench.rollback()


def test_a_failed_migration_after_the_release_counts_too(aws: Aws, two: Bench) -> None:
    """Nobody knows what it left."""
    aws.world.behaviours["migration"] = Behaviour(crash=1.0, exit_code=1)
    two.images["release:third"] = replace(
        two.images["release:new"], reference="release:third", id="sha256:third", commit="3" * 40
    )
    two.digests["release:third"] = "sha256:" + "e" * 64
    two.fails("release:third")
    assert two.records[-1].schema is Schema.UNFINISHED
    with pytest.raises(
        OperatorError, match="the migration of release 3 did not come to a good end"
    ):
        two.rollback()


def test_a_broken_old_release_leaves_the_new_one(aws: Aws, two: Bench) -> None:
    """A rollback is a rollout, and can fail as one."""
    aws.world.behaviours[aws.reference(NEW)] = Behaviour(crash=1.0)
    with pytest.raises(OperatorError, match="is rolled back") as raised:
        two.rollback()
    assert raised.value.exit_code == Exit.KEPT
    assert aws.digest() == NEWER
    assert two.records[-1].kind is Kind.ROLLBACK
    assert two.records[-1].result is Result.FAILED
    assert OLD not in aws.parameter(aws.contract.stack.release_parameter)
