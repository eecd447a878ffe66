"""A deploy that is killed, at every step of it, and what the next run makes of that."""

import json
from typing import Any, Final

from perpetual.deploy import journal, lock
from tests.sandbox_docker.example import Example
from tests.sandbox_docker.project import STACK
from tests.sandbox_docker.snare import Match, Snare
from tests.sandbox_docker.stage import Stage, command


def writes(name: str, **parts: str) -> Match:
    """Return what knows the request that writes parts of a JSON document to a parameter."""

    def match(operation: str, request: dict[str, Any]) -> bool:
        if operation != "PutParameter" or request["Name"] != name:
            return False
        content = json.loads(request["Value"])
        return all(content[key] == value for key, value in parts.items())

    return match


def asks(operation: str, **parts: str) -> Match:
    """Return what knows a request by its operation, and by parts of it."""

    def match(found: str, request: dict[str, Any]) -> bool:
        return found == operation and parts.items() <= request.items()

    return match


def enters(phase: str) -> Match:
    """Return what knows the journal's word that a phase begins: the one before it is over."""
    return writes(journal.name(STACK), phase=phase)


KILLED: Final[dict[str, tuple[Match, str]]] = {
    "preflight, before anything": (enters("push"), "push"),
    "push": (enters("register"), "register"),
    "the migration's revision, unheard": (
        asks("RegisterTaskDefinition", family=STACK.migration_family),
        "register",
    ),
    "the release's revision, unheard": (
        asks("RegisterTaskDefinition", family=STACK.family),
        "register",
    ),
    "register": (enters("migrate"), "migrate"),
    "the migration's start, unheard": (asks("RunTask"), "migrate"),
    "pull and migrate": (enters("update"), "update"),
    "the service's update, unheard": (asks("UpdateService"), "update"),
    "update": (enters("serve"), "serve"),
    "serve": (enters("confirm"), "confirm"),
    "confirm": (enters("record"), "record"),
    "the release parameter, unheard": (
        asks("PutParameter", Name=STACK.release_parameter),
        "record",
    ),
    "record": (asks("PutParameter", Name=STACK.parameter("deploy", "history")), "record"),
}
"""After what it is killed, in order, and the phase that its journal is left in."""


def test_a_run_killed_after_every_step_does_each_of_them_once(
    stage: Stage, example: Example, first: str
) -> None:
    """One release, killed thirteen times: each run takes over lock and work of the one before."""
    image = example.laid_over(first, "killed", "LABEL story=killed")
    arguments = ("--image", image, "--without", "receipt", "--early", "--guard", "0")
    families = (STACK.family, STACK.migration_family)
    before = {family: stage.revisions(family) for family in families}
    deployments, releases = stage.deployments(), stage.releases()
    migrations = _migrations(stage)
    victims: list[int] = []
    with stage.load() as load:
        for step, (match, phase) in KILLED.items():
            with Snare(stage.project.state.endpoint, match) as snare:
                begun = stage.project.begun(
                    *command("deploy", *arguments),
                    variables={"AWS_ENDPOINT_URL": snare.endpoint},
                )
                told = snare.kill(begun)
            assert _took_over(told, victims), f"{step}: {told}"
            victims.append(begun.pid)
            assert stage.journal()["phase"] == phase, step
        done = stage.deploy(*arguments[1:])
    assert done.code == 0, done.told
    assert done.said["resumed"]
    assert load.lost == []
    stage.settle()
    made = {family: len(stage.revisions(family)) - len(before[family]) for family in families}
    assert made == dict.fromkeys(families, 1)
    assert len(stage.deployments()) == len(deployments) + 1
    assert len(_migrations(stage) - migrations) == 1
    assert len(stage.releases()) == len(releases) + 1
    assert stage.releases()[0]["result"] == "released"
    assert stage.journal()["done"]
    _nobody_holds_the_lock(stage)


def test_another_release_is_told_what_is_under_way(
    stage: Stage, example: Example, first: str
) -> None:
    """A release under way lets no other begin; once it was killed, its rollout goes on still."""
    image = example.laid_over(first, "left", "LABEL story=left")
    with Snare(stage.project.state.endpoint, enters("serve")) as snare:
        begun = stage.project.begun(
            *command("deploy", "--image", image, "--without", "receipt"),
            variables={"AWS_ENDPOINT_URL": snare.endpoint},
        )
        snare.wait()
        meanwhile = stage.deploy(first)
        snare.kill(begun)
    assert meanwhile.code == 2, meanwhile.told
    assert f"process {begun.pid}" in meanwhile.words
    other = stage.deploy(first)
    assert other.code == 2, other.told
    assert "interrupted" in other.words
    stage.settle()
    after = stage.deploy(first, "--early", "--guard", "0")
    assert after.code == 0, after.told
    assert [one["result"] for one in stage.releases()[:2]] == ["released", "released"]


def _took_over(told: str, victims: list[int]) -> bool:
    """Tell whether a run took the lock over from the one that was killed before it."""
    return not victims or f"process {victims[-1]}" in told


def _migrations(stage: Stage) -> set[str]:
    """Return the migrations' tasks, of which ECS remembers those of the last hour."""
    ecs = stage.project.clients("ecs")
    return {
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(
            cluster=STACK.cluster, family=STACK.migration_family, desiredStatus=status
        )["taskArns"]
    }


def _nobody_holds_the_lock(stage: Stage) -> None:
    ssm = stage.project.clients("ssm")
    (left,) = ssm.get_parameters_by_path(Path=lock.path(STACK))["Parameters"]
    assert not json.loads(left["Value"])["held"]
