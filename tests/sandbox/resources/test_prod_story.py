"""The prod stack through the provider protocol: deployed by others, changed, replaced, refused."""

from collections.abc import Callable
from typing import Final

import pytest

from perpetual.sandbox.resources.dropped import DROPPED
from tests.sandbox.resources import stories
from tests.sandbox.resources.each_stack import JUDGEMENTS
from tests.sandbox.resources.engine_monitor import Step
from tests.sandbox.resources.engine_session import secrets
from tests.sandbox.resources.stories import images, named


def secrets_are_marked_and_stay_so() -> None:
    """The generated password, where it is made and where it is used."""
    resources = stories.prod().start.resources
    assert "result" in set(secrets(named(resources, "database-bootstrap")))
    assert "password" in set(secrets(named(resources, "database-primary")))
    password = named(resources, "database-bootstrap").state["result"]
    assert len(password) == 40
    assert named(stories.prod().after_change, "database-primary").state["password"] == password
    assert "password" in set(secrets(named(stories.prod().after_change, "database-primary")))


def after_a_deploy_outside_pulumi_the_program_changes_nothing() -> None:
    """Parameter, revision and service moved on, and the state follows."""
    story = stories.prod()
    assert set(story.deployed.drift) == {"image-release", "service-task", "service-service"}
    assert story.deployed.changed == {}
    assert images(story.start.resources) != images(story.after_deploy)
    (image,) = images(story.after_deploy)
    assert image.endswith(f"@{stories.DIGEST}")


def a_change_of_settings_keeps_the_deployed_release() -> None:
    """A new revision, with the settings that changed and the image that runs."""
    story = stories.prod()
    assert story.changed.changed == {"service-task": Step.REPLACE, "service-service": Step.UPDATE}
    assert images(story.after_change) == images(story.after_deploy)
    before, after = (
        named(resources, "service-task").state
        for resources in (story.after_deploy, story.after_change)
    )
    assert after["revision"] == before["revision"] + 1
    assert named(story.after_change, "service-service").state["taskDefinition"] == after["arn"]
    assert (
        named(story.after_change, "image-release").state["insecureValue"].endswith(stories.DIGEST)
    )


def what_aws_cannot_change_is_replaced_by_another_that_is_there_first() -> None:
    """A target group's port, a parameter group's family; the database itself is upgraded."""
    story = stories.prod()
    steps = story.replaced.changed
    assert {name for name, step in steps.items() if step is Step.REPLACE} == {
        "balancer-targets",
        "database-parameters",
        "service-task",
    }
    assert steps["database-primary"] is Step.UPDATE
    assert steps["balancer-https"] is Step.UPDATE
    targets = named(story.after_replacement, "balancer-targets")
    assert targets.id != named(story.after_change, "balancer-targets").id
    listener = named(story.after_replacement, "balancer-https").state["defaultActions"]
    assert [action["targetGroupArn"] for action in listener] == [targets.id]
    assert named(story.after_replacement, "database-primary").state["engineVersion"] == "18"


def no_database_is_deleted_to_make_room_for_another() -> None:
    """Its name is taken, so that AWS refuses the new one, and the old one is still there."""
    story = stories.prod()
    assert "DBInstanceAlreadyExists" in story.refused
    assert story.databases == 2
    before, after = (
        named(resources, "database-primary").state
        for resources in (story.after_replacement, story.after_refusal)
    )
    assert after["username"] == before["username"] == "perpetual"


def a_protected_stack_is_not_destroyed() -> None:
    """Not even in part."""
    assert "database-primary" in stories.prod().guarded
    assert "encryption-key" in stories.prod().guarded


def moto_forgets_just_what_the_sandbox_keeps() -> None:
    """Once moto tells an argument again, it need no longer be kept."""
    forgotten = stories.mocked("prod").forgotten
    kept = {token: names - _ELSEWHERE for token, names in DROPPED.items()}
    assert {token: set(names) for token, names in kept.items() if names} == forgotten


_ELSEWHERE: Final = {"logGroupClass", "maxInstanceLifetime", "tagsAll"}
"""What this stack does not give: it belongs to bastions, to autoscaling, to small programs."""


OWN: Final[tuple[Callable[[], None], ...]] = (
    secrets_are_marked_and_stay_so,
    after_a_deploy_outside_pulumi_the_program_changes_nothing,
    a_change_of_settings_keeps_the_deployed_release,
    what_aws_cannot_change_is_replaced_by_another_that_is_there_first,
    no_database_is_deleted_to_make_room_for_another,
    a_protected_stack_is_not_destroyed,
    moto_forgets_just_what_the_sandbox_keeps,
)
"""What this story is told for, beside what holds of each stack."""


def test_the_story_of_the_prod_stack(subtests: pytest.Subtests) -> None:
    """Told once, and judged as a whole: it takes long, and each worker would tell it anew."""
    for holds in JUDGEMENTS:
        with subtests.test(holds.__name__):
            holds("prod")
    for own in OWN:
        with subtests.test(own.__name__):
            own()
