"""The whole of it: `perpetual sandbox up` on a project of its own, the release in it, and faults.

One sandbox serves the whole module; the tests run in order, each from what the one before left.
"""

import json
import os
import signal
from collections.abc import Iterator, Sequence

import pytest
from botocore.config import Config  # type: ignore[import-untyped]

from perpetual import contract
from perpetual.release.web import Client as Web
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.labels import Labels
from tests.sandbox_docker.example import Example
from tests.sandbox_docker.project import PORTS, STACK, Project, sandbox
from tests.sandbox_docker.support import until


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, example: Example) -> Iterator[Project]:
    """Return a project with a sandbox in which the release runs."""
    root = tmp_path_factory.mktemp("project")
    with sandbox(root, "--image", example.build("a shop")) as made:
        yield made


def left(client: Client, project: Project, registry: str) -> Sequence[str]:
    """Return whatever a sandbox left behind, in Docker and on disk."""
    mine = {"label": Labels.at(project.files.folder).filter}
    return [
        *(name for one in client.images() for name in one["RepoDigests"] or () if registry in name),
        *(one["Names"][0] for one in client.containers(all=True, filters=mine)),
        *(one["Name"] for one in client.networks(filters=mine)),
        *(one["Name"] for one in client.volumes(filters=mine)["Volumes"] or ()),
        *([str(project.files.folder)] if project.files.folder.exists() else []),
    ]


def test_the_release_serves_through_the_balancer(project: Project) -> None:
    """Over TLS that verifies, from two tasks that found each other by Cloud Map's name."""
    answer = project.web.ask("/")
    assert (answer.status, answer.body.strip()) == (200, "a shop")
    assert len(project.healthy()) == 2
    until(
        "both nodes know each other",
        lambda: len(json.loads(project.web.ask("/nodes").body)["nodes"]) == 2,
    )
    plain = Web(port=project.state.http).ask("/")
    assert plain.status == 301


def test_the_release_reads_and_writes_its_database(project: Project) -> None:
    """Over TLS by RDS's name, as the role that may not change the schema."""
    assert project.web.ask("/products").status == 200


def test_hosts_are_spread_and_tasks_with_them(project: Project) -> None:
    """One in each zone."""
    found = project.status()
    assert {one["zone"] for one in found["hosts"]} == {"eu-west-1a", "eu-west-1b"}
    assert [one["tasks"] for one in found["hosts"]] == [1, 1]


def test_aws_tells_what_really_is(project: Project) -> None:
    """Images, targets and commands on hosts: the API's answers are about containers."""
    clients = project.clients
    service = clients("ecs").describe_services(cluster=STACK.cluster, services=[STACK.service])
    (found,) = service["services"]
    assert (found["runningCount"], found["desiredCount"]) == (2, 2)
    stopped = clients("ecs").list_tasks(
        cluster=STACK.cluster, serviceName=STACK.service, desiredStatus="STOPPED"
    )
    assert stopped["taskArns"] == []
    (group,) = found["loadBalancers"]
    health = clients("elbv2").describe_target_health(TargetGroupArn=group["targetGroupArn"])
    assert {one["TargetHealth"]["State"] for one in health["TargetHealthDescriptions"]} == {
        "healthy"
    }
    (image,) = clients("ecr").describe_images(repositoryName=STACK.repository)["imageDetails"]
    released = clients("ssm").get_parameter(Name=STACK.release_parameter)["Parameter"]["Value"]
    assert released.endswith(image["imageDigest"])
    hosts = [one["instance"] for one in project.status()["hosts"]]
    command = clients("ssm").send_command(
        DocumentName=STACK.pull_document,
        InstanceIds=hosts,
        Parameters={"digest": [image["imageDigest"]]},
    )["Command"]["CommandId"]

    def statuses() -> set[str]:
        said = clients("ssm").list_command_invocations(CommandId=command)
        return {one["Status"] for one in said["CommandInvocations"]}

    until("the image is on every host", lambda: statuses() == {"Success"})


def test_secrets_are_in_no_log(project: Project) -> None:
    """Neither in the process's nor in the tasks'."""
    ssm = project.clients("ssm")
    secrets = [
        ssm.get_parameter(Name=STACK.secret(name), WithDecryption=True)["Parameter"]["Value"]
        for name in (*contract.SECRETS, contract.MIGRATOR)
    ]
    written = project.files.log.read_text() + project.run("logs", "app", "--stack", "dev")
    assert not [one for one in secrets if one in written]


def test_live_tail_shows_what_a_task_writes(project: Project) -> None:
    """A killed task's successor logs its start, and whoever listens hears of it."""
    logs = project.clients("logs")
    client = project.clients._session.client(  # noqa: SLF001 - the same, without a host's prefix
        "logs",
        endpoint_url=project.state.endpoint,
        config=Config(inject_host_prefix=False, read_timeout=60),
    )
    (group,) = logs.describe_log_groups(logGroupNamePrefix=STACK.log_group("release"))["logGroups"]
    stream = client.start_live_tail(logGroupIdentifiers=[group["arn"].removesuffix(":*")])
    events = iter(stream["responseStream"])
    assert "sessionStart" in next(events)
    said = project.run("sandbox", "fail", "task")
    assert said.startswith("killed release of task")
    found = ""
    while "listening" not in found:
        update = next(events)["sessionUpdate"]
        found += "".join(one["message"] for one in update["sessionResults"])
    stream["responseStream"].close()
    until("both tasks serve again", lambda: len(project.healthy()) == 2)


def test_a_task_that_hangs_is_replaced(project: Project) -> None:
    """Its health check goes red; the other serves on."""
    before = project.healthy()
    said = project.run("sandbox", "fail", "health")
    hanging = next(one for one in before if one in said)
    until(
        "another serves in its place",
        lambda: len(project.healthy()) == 2 and hanging not in project.healthy(),
        seconds=180,
    )


def test_a_host_that_dies_is_replaced(project: Project) -> None:
    """Its tasks start elsewhere; the group launches another host."""
    before = {one["instance"] for one in project.status()["hosts"]}
    said = project.run("sandbox", "fail", "host")
    dead = next(one for one in before if one in said)
    until("two tasks serve", lambda: len(project.healthy()) == 2, seconds=180)

    def ready() -> set[str]:
        return {one["instance"] for one in project.status()["hosts"] if one["state"] == "ready"}

    until("another host is ready", lambda: len(ready() - {dead}) == 2, seconds=180)


def test_what_is_silenced_speaks_again(project: Project) -> None:
    """A fault that lasts can be undone, and is not there twice."""
    assert "not answer" in project.run("sandbox", "fail", "database")
    project.run("sandbox", "fail", "database", code=2)
    project.run("sandbox", "fail", "database", "--undo")
    project.run("sandbox", "fail", "database", "--undo", code=2)
    project.run("sandbox", "fail", "host", "--undo", code=2)
    until("the database serves", lambda: project.web.status("/products") == 200)


def test_up_again_changes_nothing(project: Project) -> None:
    """Every resource is read back as it was made; what runs, runs on."""
    before = project.healthy()
    project.run("sandbox", "up", *PORTS)
    assert project.healthy() == before


def test_a_killed_sandbox_leaves_what_down_removes(project: Project, client: Client) -> None:
    """SIGKILL leaves containers; `down` finds them by their labels, and leaves nothing."""
    pid = project.files.holder()
    assert pid
    (ecr,) = project.clients("ecr").get_authorization_token()["authorizationData"]
    registry = ecr["proxyEndpoint"].removeprefix("http://")
    os.kill(pid, signal.SIGKILL)
    until("it is gone", lambda: project.files.holder() is None)
    assert left(client, project, registry)
    project.run("sandbox", "status", code=1)
    project.run("sandbox", "fail", "task", code=2)
    assert project.run("sandbox", "down") == "removed\n"
    assert left(client, project, registry) == []
    assert project.run("sandbox", "down") == "there was no sandbox\n"
