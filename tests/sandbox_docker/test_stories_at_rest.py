"""A stack that nothing has happened to; it comes first, for status tells an hour of what failed."""

import json

from tests.sandbox_docker.project import STACK
from tests.sandbox_docker.stage import Stage


def test_status_tells_of_a_healthy_stack(stage: Stage) -> None:
    """Release, tasks and hosts as they are; and its exit code says that all is well."""
    said = json.loads(stage.project.run("status", "--stack", STACK.name, "--json"))
    assert (said["verdict"], said["stable"]) == ("healthy", True)
    assert said["release"]["digest"] == stage.image().rpartition("@")[2]
    tasks = {task.rpartition("/")[2] for task in stage.tasks()}
    assert {one["ident"] for one in said["tasks"]} == tasks
    hosts = {one["instance"] for one in stage.project.status()["hosts"]}
    assert {one["instance"] for one in said["hosts"]["hosts"]} == hosts
    screen = stage.project.run("status", "--stack", STACK.name)
    assert said["url"] in screen
