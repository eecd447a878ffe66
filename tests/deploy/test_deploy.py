"""A deploy from beginning to end, in simulated time, against the specification's own ECS."""

from perpetual.deploy.history import Result
from perpetual.deploy.journal import Kind, Schema
from perpetual.deploy.outcome import Exit, Phase
from tests.deploy.desk import Bench
from tests.deploy.world import NEW, NEWER, OLD, Aws


def test_a_release_goes_through_every_phase_and_serves(aws: Aws, bench: Bench) -> None:
    """Pushed, pulled, migrated, rolled out, confirmed, written down."""
    aws.logs["*"] = ["migrated to 20261129"]
    report = bench.deploy()
    assert aws.digest() == NEW
    assert aws.service()["runningCount"] == 3
    assert report.exit_code is Exit.RELEASED
    assert (report.number, report.digest, report.schema) == (1, NEW, Schema.MOVED)
    assert list(dict.fromkeys(bench.shown.phases)) == [
        Phase.PREFLIGHT,
        Phase.PUSH,
        Phase.REGISTER,
        Phase.PULL,
        Phase.MIGRATE,
        Phase.UPDATE,
        Phase.SERVE,
        Phase.DRAIN,
        Phase.CONFIRM,
        Phase.RECORD,
    ]
    assert aws.parameter(aws.contract.stack.release_parameter) == aws.reference(NEW)
    assert bench.journal is None


def test_the_seconds_are_those_until_it_serves_alone(bench: Bench) -> None:
    """Not those for which ECS still watches its alarms; the phases add up to them."""
    report = bench.deploy()
    measured = {phase: report.phases[phase] for phase in report.phases if phase != "confirm"}
    # Pull and migration go on at the same time.
    measured.pop("pull")
    assert report.seconds == sum(measured.values())
    assert report.phases["confirm"] >= 15
    assert report.first is not None
    assert report.phases["migrate"] < report.first < report.seconds


def test_what_was_released_is_written_down(bench: Bench) -> None:
    """By whom, from what, how long, and what a rollback will ask."""
    report = bench.deploy()
    (record,) = bench.records
    assert record.kind is Kind.DEPLOY
    assert record.result is Result.RELEASED
    assert (record.digest, record.previous) == (NEW, OLD)
    assert (record.who, record.commit, record.tag) == ("ada", "1" * 40, report.tag)
    assert record.schema is Schema.SAME
    assert record.backward_compatible is None
    assert record.seconds == report.seconds
    assert record.phases["serve"] == report.phases["serve"]


def test_the_revision_is_pulumis_own_but_for_the_image(aws: Aws, bench: Bench) -> None:
    """Settings of the newest revision reach the tasks; tags too."""
    before = aws.ecs("DescribeTaskDefinition", taskDefinition="perpetual-prod-web:1")
    bench.deploy()
    after = aws.ecs(
        "DescribeTaskDefinition", taskDefinition="perpetual-prod-web:2", include=["TAGS"]
    )
    old, new = before["taskDefinition"], after["taskDefinition"]
    (container,) = new["containerDefinitions"]
    assert container == {**old["containerDefinitions"][0], "image": aws.reference(NEW)}
    for key in ("taskRoleArn", "executionRoleArn", "networkMode", "runtimePlatform"):
        assert new[key] == old[key]
    assert after["tags"] == [{"key": "perpetual:stack", "value": "prod"}]


def test_migrations_connect_as_the_migrator_and_the_release_never_does(
    aws: Aws, bench: Bench
) -> None:
    """The twin of the revision reads another secret, and belongs to a family of its own."""
    bench.deploy()
    (run,) = aws.said("RunTask")
    assert run["taskDefinition"].endswith("task-definition/perpetual-prod-migrate:1")
    twin = aws.ecs("DescribeTaskDefinition", taskDefinition="perpetual-prod-migrate")
    release = aws.ecs("DescribeTaskDefinition", taskDefinition="perpetual-prod-web")

    def secrets(said: dict[str, object]) -> dict[str, str]:
        (container,) = said["taskDefinition"]["containerDefinitions"]  # type: ignore[index]
        return {item["name"]: item["valueFrom"].rpartition("/")[2] for item in container["secrets"]}

    assert secrets(twin)["DATABASE_URL"] == "MIGRATOR_DATABASE_URL"
    assert secrets(release)["DATABASE_URL"] == "DATABASE_URL"
    assert secrets(twin)["RELEASE_COOKIE"] == secrets(release)["RELEASE_COOKIE"]


def test_without_migrations_none_is_run(aws: Aws, bench: Bench) -> None:
    """Nor registered; the schema is as it was."""
    report = bench.deploy(migrate=False)
    assert not aws.said("RunTask")
    assert [call["family"] for call in aws.said("RegisterTaskDefinition")] == ["perpetual-prod-web"]
    assert report.schema is Schema.SAME


def test_the_image_is_pulled_on_every_host_while_migrations_run(aws: Aws, bench: Bench) -> None:
    """One command, of the stack's own document, with nothing but the digest."""
    bench.deploy()
    (command,) = aws.said("SendCommand")
    assert command["DocumentName"] == "perpetual-prod-pull"
    assert command["Parameters"] == {"digest": [NEW]}
    assert len(command["InstanceIds"]) == 3
    times = {made.operation: made.at for made in aws.made}
    assert times["SendCommand"] <= times["RunTask"] < times["UpdateService"]


def test_a_second_run_of_the_same_release_changes_nothing(aws: Aws, bench: Bench) -> None:
    """Neither revision nor update nor record."""
    first = bench.deploy()
    aws.made.clear()
    again = bench.deploy()
    assert again.fresh is False
    assert again.number == first.number
    changed = {made.operation for made in aws.made} - {"PutParameter", "DeleteParameter"}
    assert not any(
        name.startswith(("Update", "Register", "Run", "Send", "Stop")) for name in changed
    )
    assert len(bench.pushed) == 1
    assert len(bench.records) == 1


def test_one_release_after_the_other(aws: Aws, bench: Bench) -> None:
    """Each has its number, and knows the one before."""
    bench.deploy()
    report = bench.deploy("release:newer")
    assert report.number == 2
    assert aws.digest() == NEWER
    assert [(record.digest, record.previous) for record in bench.records] == [
        (NEW, OLD),
        (NEWER, NEW),
    ]


def test_the_first_release_of_a_stack_starts_it(aws: Aws, bench: Bench) -> None:
    """Pulumi makes the service with no task; the number is the settings'."""
    aws.update(desiredCount=0)
    aws.simulation.run(300)
    assert aws.service()["runningCount"] == 0
    bench.deploy()
    assert aws.said("UpdateService")[0]["desiredCount"] == 3
    assert aws.service()["runningCount"] == 3


def test_more_tasks_than_the_settings_say_are_left_running(aws: Aws, bench: Bench) -> None:
    """Somebody had a reason; it is said."""
    aws.update(desiredCount=4)
    aws.simulation.run(300)
    bench.deploy()
    assert "desiredCount" not in aws.said("UpdateService")[0]
    assert aws.service()["desiredCount"] == 4
    assert "runs 4 tasks, the settings say 3" in bench.shown.text


def test_an_early_release_does_not_wait_for_the_old_tasks(aws: Aws, bench: Bench) -> None:
    """ECS calls it a success once the new ones serve; this command watches the alarms then."""
    late = bench.deploy()
    early = bench.deploy("release:newer", early=True)
    configuration = aws.said("UpdateService")[1]["deploymentConfiguration"]
    assert configuration["earlySuccessCriteria"] == {
        "enable": True,
        "healthyPercent": 100,
        "sourceServiceRevisionCleanup": "DEFERRED",
    }
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert configuration["alarms"]["alarmNames"] == list(aws.watched)
    assert early.seconds < late.seconds - 15
    assert early.exit_code is Exit.RELEASED


def test_after_an_early_release_a_usual_one_switches_it_off(aws: Aws, bench: Bench) -> None:
    """The service keeps its configuration, and nobody asked for it any more."""
    bench.deploy(early=True)
    bench.deploy("release:newer")
    configuration = aws.said("UpdateService")[1]["deploymentConfiguration"]
    assert configuration["earlySuccessCriteria"] == {"enable": False}


def test_over_the_budget_is_an_exit_code_of_its_own(bench: Bench) -> None:
    """The release stands all the same."""
    assert bench.deploy(budget=10).exit_code is Exit.OVER_BUDGET
    assert bench.deploy("release:newer", budget=300).exit_code is Exit.RELEASED
