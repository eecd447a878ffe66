"""A release from one line of code to all requests, and back, under load.

It comes before the broken ones: past a migration that failed, no rollback leads back.
"""

from collections.abc import Callable

import pytest

from tests.sandbox_docker.example import Example
from tests.sandbox_docker.project import STACK
from tests.sandbox_docker.stage import RATE, Stage


@pytest.fixture
def twice(stage: Stage, example: Example) -> Stage:
    """Return the stack with a release that there is another before."""
    if len(stage.good()) == 1:
        assert stage.deploy(example.build("a better shop")).code == 0
        stage.settle()
    return stage


def test_a_one_line_change_loses_no_request(
    stage: Stage, example: Example, measured: Callable[[str], None]
) -> None:
    """At a steady load: pushed, migrated, rolled out; then it is there, and not deployed again."""
    image = example.build("a better shop")
    with stage.load() as load:
        done = stage.deploy(image, "--early", "--guard", "0")
    assert done.code == 0, done.told
    assert load.lost == []
    assert load.sent >= RATE * done.said["seconds"]
    assert stage.page() == "a better shop"
    assert done.said["result"] == "released"
    assert {"push", "migrate", "serve"} <= set(done.said["phases"])
    measured(
        f"{load.sent} requests, none lost; {done.said['seconds']} s in all, new code first "
        f"serving {done.said['firstServingAfterPush']} s after the push; {done.said['phases']}"
    )
    stage.settle()
    before = stage.revisions(STACK.family), stage.deployments(), stage.tasks()
    again = stage.deploy(image)
    assert (again.code, again.said["result"]) == (0, "unchanged")
    assert before == (stage.revisions(STACK.family), stage.deployments(), stage.tasks())


def test_rollback_returns_to_the_release_before(twice: Stage) -> None:
    """In one step and under load, until it serves alone; and the history tells of it."""
    left, *older = twice.good()
    target = next(one for one in older if one["digest"] != left["digest"])
    with twice.load() as load:
        done = twice.release("rollback")
    assert done.code == 0, done.told
    assert {"serve", "drain", "confirm"} <= set(done.said["phases"])
    assert load.lost == []
    back = twice.releases()[0]
    assert (back["kind"], back["result"]) == ("rollback", "released")
    assert (back["digest"], back["previous"]) == (target["digest"], left["digest"])
    assert twice.image().endswith(back["digest"])
    assert twice.parameter(STACK.release_parameter).endswith(back["digest"])
    listed = twice.project.run("releases", "--stack", STACK.name)
    assert f"rollback to {target['tag']}" in listed
