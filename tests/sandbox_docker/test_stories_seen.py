"""What logs and status tell of a stack, beside what is true of its containers.

It comes last, for it leaves the stack without a host.
"""

import json
from collections import Counter
from typing import Any

from perpetual.release import docker
from perpetual.sandbox.runtime.docker_api import Client
from perpetual.sandbox.runtime.labels import Labels
from tests.sandbox_docker.project import PERPETUAL, PORTS, STACK
from tests.sandbox_docker.stage import ROOM, SETTINGS, Stage
from tests.sandbox_docker.support import until


def test_up_again_keeps_what_was_released(stage: Stage) -> None:
    """The program runs once more after releases that it knows nothing of, and changes nothing."""
    before = stage.service()["taskDefinition"], stage.image(), sorted(stage.tasks())
    stage.project.run("sandbox", "up", *SETTINGS, *ROOM, *PORTS)
    assert (stage.service()["taskDefinition"], stage.image(), sorted(stage.tasks())) == before


def test_the_release_s_log_has_every_line_once(stage: Stage, client: Client) -> None:
    """What the containers wrote is there, of all tasks, none of it lost and none doubled."""
    labels = Labels.at(stage.project.files.folder)
    found = client.containers(filters={"label": labels.filter})
    ids = {one["Labels"].get(labels.TASK): one["Id"] for one in found}
    written = {task: _written(ids[task]) for task in stage.tasks()}
    assert all(written.values())

    def told(*options: str) -> list[str]:
        common = ("--stack", STACK.name, "--since", "1d", "--json")
        said = stage.project.run("logs", "app", *common, *options).splitlines()
        return [one.partition(', "line": ')[2].removesuffix("}") for one in said]

    for task, lines in written.items():
        name = task.rpartition("/")[2]
        until(f"all of {name}", lambda: len(told("--task", name)) >= len(lines))  # noqa: B023 - called at once
        assert Counter(told("--task", name)) == Counter(lines)
    assert {line for lines in written.values() for line in lines} <= set(told())


def test_the_platform_s_log_tells_what_happened(stage: Stage) -> None:
    """Service, deployments, hosts and database in the order of time, each once."""
    told = stage.project.run("logs", "platform", "--stack", STACK.name, "--json")
    entries: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    assert [one["at"] for one in entries] == sorted(one["at"] for one in entries)
    assert len({one["id"] for one in entries}) == len(entries)
    assert {"service", "deployments", "group", "database"} <= {one["source"] for one in entries}
    assert "has reached a steady state" in told


def test_status_tells_of_a_host_that_is_gone(stage: Stage) -> None:
    """The exit code says that it is not healthy, and the words say why."""
    lost = stage.project.run("sandbox", "fail", "host").split()[1]
    said: dict[str, Any] = {}

    def unhealthy() -> bool:
        done = stage.project.ran(*PERPETUAL, "status", "--stack", STACK.name, "--json")
        said.update(json.loads(done.stdout))
        assert done.returncode == (0 if said["verdict"] == "healthy" else 1)
        return done.returncode == 1

    until("ECS takes note of it", unhealthy)
    assert said["verdict"] == "unhealthy"
    assert [one for one in said["reasons"] if one["weight"] == "fault"]
    told = stage.project.run("logs", "platform", "--stack", STACK.name)
    assert f"Terminating EC2 instance: {lost}" in told


def _written(container: str) -> list[str]:
    """Return a container's lines: objects as they are, others as JSON has them."""
    lines = docker.call(["docker", "logs", container], both=True).splitlines()
    return [one if one.startswith("{") else json.dumps(one, ensure_ascii=False) for one in lines]
