"""What stands in the way of a release is said before anything is changed, all of it at once."""

from dataclasses import replace
from typing import Any

import pytest
from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.deploy.outcome import Check, Exit, Phase
from perpetual.errors import OperatorError
from tests.deploy.desk import Bench, receipt
from tests.deploy.doubles import calling, refusal
from tests.deploy.world import NEW, OLD, Aws


def change(bench: Bench, **changes: Any) -> None:
    """Change the image that is released."""
    bench.images["release:new"] = replace(bench.images["release:new"], **changes)


def refused(bench: Bench, says: str, **options: Any) -> OperatorError:
    """Return why a deploy is refused, and see that nothing was changed."""
    with pytest.raises(OperatorError, match=says) as raised:
        bench.deploy(**options)
    assert raised.value.exit_code == Exit.REFUSED
    assert not bench.pushed
    changing = {"UpdateService", "RunTask", "RegisterTaskDefinition", "SendCommand"}
    assert not changing & {made.operation for made in bench.aws.made}
    assert bench.aws.digest() == OLD
    return raised.value


def test_an_image_of_another_architecture(bench: Bench) -> None:
    """No host could run it; nothing can leave that out."""
    change(bench, architecture="amd64")
    error = refused(bench, "is for amd64, and the hosts are arm64")
    assert "--platform linux/arm64" in error.hint
    assert "--without" not in error.hint


def test_an_image_of_what_is_not_committed(bench: Bench) -> None:
    """Its tag says so."""
    change(bench, reference="release:0123456789ab-dirty")
    refused(bench, "was built from what is not committed")


def test_an_image_that_was_never_checked(bench: Bench) -> None:
    """Or failed its check; each can be left out by name."""
    change(bench, receipt=None)
    error = refused(bench, "was never checked")
    assert "perpetual release check release:new" in error.hint
    assert "--without receipt" in error.hint
    change(bench, receipt=receipt("x", passed=False))
    refused(bench, "failed its check of 2026-11-29T11:00:00.00:00: health")
    assert bench.deploy(without=frozenset({Check.RECEIPT})).fresh
    assert "left out: release:new failed its check" in bench.shown.text


def test_secrets_that_are_not_there(aws: Aws, bench: Bench) -> None:
    """Each by its whole name; that of migrations only where they run."""
    service = aws.contract.service
    for name in (service.secrets["DATABASE_URL"], service.migration_secret):
        del aws.parameters.held[name]
    error = refused(bench, "secrets are not all there")
    assert "/perpetual/prod/secrets/DATABASE_URL" in error.message
    assert "/perpetual/prod/secrets/MIGRATOR_DATABASE_URL" in error.message
    assert "alias/perpetual-prod" in error.hint
    aws.parameters.set(service.secrets["DATABASE_URL"], "x")
    refused(bench, "MIGRATOR_DATABASE_URL")
    assert bench.deploy(migrate=False).fresh


def test_alarms_that_ring_already(aws: Aws, bench: Bench) -> None:
    """ECS would not watch them; a cure may go through all the same."""
    aws.ring()
    error = refused(bench, "alarms ring already: perpetual-prod-target-errors")
    assert "--without alarms" in error.hint
    aws.ring("OK")
    assert bench.deploy().fresh


def test_a_cluster_without_hosts(aws: Aws, bench: Bench) -> None:
    """Nothing could be placed."""
    for number in range(3):
        aws.simulation.lose(f"i-{number:017x}")
    refused(bench, "the cluster has no host that takes tasks")


def test_full_hosts_that_cannot_become_more(aws: Aws, bench: Bench) -> None:
    """A migration could never be placed; with room to grow it waits for a host."""
    fill(aws)
    aws.most_hosts = 3
    error = refused(bench, "the hosts are full")
    assert "1024 CPU units and 896 MiB" in error.message
    assert "hosts.maximum" in error.hint


def test_full_hosts_are_worth_knowing_where_old_tasks_may_stop_first(
    aws: Aws, bench: Bench
) -> None:
    """Without a migration nothing has to be placed before something stops."""
    fill(aws)
    aws.most_hosts = 3
    report = bench.deploy(migrate=False)
    assert report.fresh
    assert "no host has room for one more task" in bench.shown.text


def fill(aws: Aws) -> None:
    """Let other tasks take what is left on the hosts."""
    service, (container,) = aws.contract.service, [{"name": "other", "image": "other"}]
    aws.ecs(
        "RegisterTaskDefinition",
        family="other",
        networkMode="host",
        containerDefinitions=[{**container, "cpu": 1024, "memory": 900}],
    )
    for _ in range(6):
        aws.ecs("RunTask", cluster=service.cluster, taskDefinition="other", launchType="EC2")
    aws.simulation.run(30)


def test_everything_is_said_at_once(aws: Aws, bench: Bench) -> None:
    """The first as the message, the others below it."""
    aws.ring()
    change(bench, receipt=None, architecture="amd64")
    error = refused(bench, "is for amd64")
    assert "and release:new was never checked" in error.detail
    assert "and alarms ring already" in error.detail


def test_a_stack_that_builds_its_own_image_is_told_so(aws: Aws, bench: Bench) -> None:
    """The next `pulumi up` would take the release's place."""
    content = {
        **aws.contract.content,
        "image": {**aws.contract.content["image"], "source": "build"},
    }
    import json  # noqa: PLC0415 - this test alone writes a contract

    aws.parameters.set(aws.contract.stack.contract_parameter, json.dumps(content))
    bench.deploy()
    assert "the next `pulumi up` takes this release's place" in bench.shown.text


# --- AWS and the network


FAULTS = {
    "ExpiredTokenException": "have expired",
    "ThrottlingException": "too many calls",
    "AccessDeniedException": "may not",
}


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("operation", ["GetParameter", "DescribeServices", "BatchGetImage"])
def test_faults_before_anything_is_changed(
    code: str, operation: str, aws: Aws, bench: Bench
) -> None:
    """Refused, in words; a second run completes."""
    aws.faults[operation] = [refusal(code, operation)]
    refused(bench, FAULTS[code])
    assert bench.deploy().fresh
    assert aws.digest() == NEW


LATER = [
    ("RegisterTaskDefinition", Phase.REGISTER),
    ("SendCommand", Phase.PULL),
    ("RunTask", Phase.MIGRATE),
    ("DescribeTasks", Phase.MIGRATE),
    ("UpdateService", Phase.UPDATE),
]


@pytest.mark.parametrize(("operation", "phase"), LATER)
def test_a_call_that_aws_refuses_on_the_way_leaves_the_service_alone(
    operation: str, phase: Phase, aws: Aws, bench: Bench
) -> None:
    """The failure names its phase; a second run goes on from there."""
    aws.faults[operation] = [refusal("ThrottlingException", operation)]
    error = bench.fails()
    assert error.message.startswith(f"{phase}: AWS still refused {operation}")
    assert error.exit_code is Exit.KEPT
    assert "The service was not touched." in error.detail
    assert bench.deploy().fresh
    assert aws.digest() == NEW
    assert len(bench.records) == 1


def test_an_update_whose_answer_is_lost_is_looked_up_by_the_next_run(
    aws: Aws, bench: Bench
) -> None:
    """Nobody knows whether AWS had it; the service does."""
    lost = exceptions.ReadTimeoutError(endpoint_url="https://ecs")
    aws.fail_after(calling("UpdateService"), lost)
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "it reads what became of it" in error.detail
    assert bench.deploy().fresh
    assert len(aws.said("UpdateService")) == 1


def test_a_network_that_fails_for_a_while_is_borne(aws: Aws, bench: Bench) -> None:
    """The rollout goes on without being looked at."""
    lost = exceptions.EndpointConnectionError(endpoint_url="https://elasticloadbalancing")
    aws.faults["DescribeTargetHealth"] = [lost] * 5
    assert bench.deploy().fresh
    assert "AWS cannot be reached from here; trying on for 60 s" in bench.shown.text


def test_a_network_that_stays_away_is_given_up(aws: Aws, bench: Bench) -> None:
    """The rollout goes on; the next run reads what became of it."""
    lost = exceptions.EndpointConnectionError(endpoint_url="https://elasticloadbalancing")
    aws.faults["DescribeTargetHealth"] = [lost] * 500
    error = bench.fails()
    assert error.exit_code is Exit.NEEDS_HUMAN
    assert "AWS cannot be reached from here" in error.message
    aws.faults.clear()
    aws.simulation.run(300)
    assert bench.deploy().fresh
    assert aws.digest() == NEW
    assert len(aws.said("UpdateService")) == 1


def test_hosts_that_cannot_pull_beforehand_are_no_obstacle(aws: Aws, bench: Bench) -> None:
    """Their tasks pull when they start."""
    aws.pull_status = "Failed"
    assert bench.deploy().fresh
    assert "image on 0 of 3 hosts" in bench.shown.text


def test_hosts_that_ssm_does_not_know_are_no_obstacle(aws: Aws, bench: Bench) -> None:
    """An agent may not have registered yet."""
    aws.faults["SendCommand"] = [refusal("InvalidInstanceId", "SendCommand")]
    assert bench.deploy().fresh
    assert "3 hosts cannot be asked to pull" in bench.shown.text


def test_hosts_that_never_answer_are_not_waited_for(aws: Aws, bench: Bench) -> None:
    """Two minutes, and on."""
    aws.pull_status = "InProgress"
    report = bench.deploy()
    assert 120 < report.phases["pull"] < 125
    assert "pull when their tasks start" in bench.shown.text
