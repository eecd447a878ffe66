"""Other people's clients of AWS, which know nothing of a sandbox but AWS's own variables."""

import threading
from collections.abc import Iterator
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
        said = _ecs(stage.project, image)
        until("its tasks serve", lambda: len(stage.project.healthy()) == len(stage.tasks()) == 2)
        until("each is heard", lambda: all(_said(lines, one) for one in stage.tasks()))
    assert "successful" in said
    assert load.lost == []
    assert stage.image() == image
    groups = stage.project.other("awslogs", "groups")
    assert STACK.log_group("release") in groups.splitlines()
    streams = stage.project.other("awslogs", "streams", STACK.log_group("release"))
    assert not [task for task in stage.tasks() if task.rpartition("/")[2] not in streams]


def test_ecs_deploy_takes_back_what_does_not_serve(
    stage: Stage, example: Example, first: str
) -> None:
    """It loses patience before ECS does; the release before serves on, and is to run in the end."""
    before = stage.image()
    image = _pushed(stage.project, example.laid_over(first, "asleep", 'CMD ["sleep", "600"]'))
    with stage.load() as load:
        said = _ecs(stage.project, image, "--rollback", seconds=IMPATIENT, code=1)
        stage.settle()
    assert load.lost == []
    assert stage.image() == before
    assert "Deployment failed" in said
    assert "Rollback successful" in said


def _ecs(project: Project, image: str, *more: str, seconds: int = PATIENT, code: int = 0) -> str:
    """Deploy an image by `ecs-deploy`, and return what it wrote."""
    given = ("--image", Container.RELEASE, image, "--timeout", str(seconds), *more)
    return project.other("ecs", "deploy", STACK.cluster, STACK.service, *given, code=code)


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
