"""Other people's clients of AWS, which know nothing of a sandbox but AWS's own variables."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from perpetual.contract import Container
from perpetual.release import docker
from tests.sandbox_docker.example import Example
from tests.sandbox_docker.project import STACK, Project, program
from tests.sandbox_docker.stage import Stage
from tests.sandbox_docker.support import ECR, until

PATIENT: Final = 240
IMPATIENT: Final = 10
"""Seconds that `ecs-deploy` gives a deployment: plenty, and fewer than three tasks take to fail."""


def test_ecs_deploy_releases_an_image_while_awslogs_watches(
    stage: Stage, example: Example, first: str
) -> None:
    """One registers, updates and waits for the end; the other shows the new tasks' words."""
    image = _pushed(stage.project, example.laid_over(first, "theirs", "LABEL story=theirs"))
    with _watching(stage.project) as lines, stage.load() as load:
        said = _ecs(stage.project, *_of(image))
        until("its tasks serve", lambda: len(stage.project.healthy()) == len(stage.tasks()) == 2)
        until("each is heard", lambda: all(_said(lines, one) for one in stage.tasks()))
    assert "successful" in said
    assert load.lost == []
    assert stage.image() == image
    groups = stage.project.other("awslogs", "groups")
    assert STACK.log_group("release") in groups.splitlines()
    streams = stage.project.other("awslogs", "streams", STACK.log_group("release"))
    assert not [task for task in stage.tasks() if task.rpartition("/")[2] not in streams]


def test_ecs_deploy_releases_a_variable_and_the_revision_before(stage: Stage) -> None:
    """A revision with a variable more, and a copy of the one that had it not."""
    before = stage.service()["taskDefinition"].rpartition("/")[2]
    said = _ecs(stage.project, "--env", Container.RELEASE, "DEPLOYED_BY", "ecs-deploy")
    assert "Deployment successful" in said
    stage.settle()
    assert _variables(stage)["DEPLOYED_BY"] == "ecs-deploy"
    assert "Deployment successful" in _ecs(stage.project, "--task", before)
    assert "DEPLOYED_BY" not in _variables(stage)
    assert "listening" in stage.project.other("awslogs", "get", STACK.log_group("release"), "ALL")


def test_ecs_deploy_takes_back_what_does_not_serve(
    stage: Stage, example: Example, first: str
) -> None:
    """It loses patience before ECS does; the release before serves on, and is to run in the end."""
    before = stage.image()
    image = _pushed(stage.project, example.laid_over(first, "asleep", 'CMD ["sleep", "600"]'))
    with stage.load() as load:
        said = _ecs(stage.project, *_of(image), "--rollback", seconds=IMPATIENT, code=1)
        stage.settle()
    assert load.lost == []
    assert stage.image() == before
    assert "Deployment failed" in said
    assert "Rollback successful" in said


def _variables(stage: Stage) -> dict[str, str]:
    """Return the variables of the release that the service is told to run."""
    definition = stage.project.clients("ecs").describe_task_definition(
        taskDefinition=stage.service()["taskDefinition"]
    )["taskDefinition"]
    (release,) = (
        one for one in definition["containerDefinitions"] if one["name"] == Container.RELEASE
    )
    return {one["name"]: one["value"] for one in release["environment"]}


def _ecs(project: Project, *options: str, seconds: int = PATIENT, code: int = 0) -> str:
    """Deploy by `ecs-deploy`, and return what it wrote."""
    given = ("--timeout", str(seconds), *options)
    return project.other("ecs", "deploy", STACK.cluster, STACK.service, *given, code=code)


def _of(image: str) -> Sequence[str]:
    """Return the option by which the release's container gets an image."""
    return "--image", Container.RELEASE, image


def _pushed(project: Project, image: str) -> str:
    """Push an image as anybody does, and return its name in the stack's repository."""
    tag = image.rpartition(":")[2]
    there = f"{project.state.registry}/{STACK.repository}:{tag}"
    docker.run("tag", image, there)
    try:
        docker.run("push", "--quiet", there)
    finally:
        docker.run("image", "rm", there)
    return f"{ECR}/{STACK.repository}:{tag}"


@contextmanager
def _watching(project: Project) -> Iterator[list[str]]:
    """Let `awslogs` watch the release's log, and give the lines that it shows as they come."""
    lines: list[str] = []
    command = ("get", STACK.log_group("release"), "ALL", "--watch", "--watch-interval", "1")
    watch = project.begun(program("awslogs"), *command, "--start", "1m", "--no-group")
    assert watch.stdout
    reader = threading.Thread(target=lines.extend, args=(watch.stdout,), daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        watch.kill()
        watch.wait()
        reader.join()
        watch.stdout.close()


def _said(lines: list[str], task: str) -> bool:
    """Tell whether a task was heard to say that it serves."""
    return any(task.rpartition("/")[2] in line and "listening" in line for line in lines)
