"""The prod stack through the provider protocol: deployed by others, changed, replaced, refused."""

from typing import Final

import pytest

from perpetual.sandbox.resources.dropped import DROPPED
from tests.sandbox.resources import stories
from tests.sandbox.resources.each_stack import (  # noqa: F401 - tests of this stack, too
    test_a_destroyed_stack_leaves_what_it_says_and_what_moto_forgets,
    test_a_preview_foresees_what_the_update_creates,
    test_every_output_that_the_table_promises_is_there,
    test_the_mocks_make_what_the_protocol_makes_as_aws_sees_it,
    test_the_mocks_make_what_the_protocol_makes_as_the_program_sees_it,
    test_the_mocks_run_again_change_nothing,
    test_the_program_exports_what_is_really_there,
    test_what_aws_decides_is_unknown_in_a_preview,
    test_what_was_made_is_read_back_without_drift,
)
from tests.sandbox.resources.engine_monitor import Step
from tests.sandbox.resources.engine_session import secrets
from tests.sandbox.resources.stories import images, named


@pytest.fixture
def stack() -> str:
    """Return whose story this is."""
    return "prod"


def test_secrets_are_marked_and_stay_so() -> None:
    """The generated password, where it is made and where it is used."""
    resources = stories.prod().start.resources
    assert "result" in set(secrets(named(resources, "database-bootstrap")))
    assert "password" in set(secrets(named(resources, "database-primary")))
    password = named(resources, "database-bootstrap").state["result"]
    assert len(password) == 40
    assert named(stories.prod().after_change, "database-primary").state["password"] == password
    assert "password" in set(secrets(named(stories.prod().after_change, "database-primary")))


def test_after_a_deploy_outside_pulumi_the_program_changes_nothing() -> None:
    """Parameter, revision and service moved on, and the state follows."""
    story = stories.prod()
    assert set(story.deployed.drift) == {"image-release", "service-task", "service-service"}
    assert story.deployed.changed == {}
    assert images(story.start.resources) != images(story.after_deploy)
    (image,) = images(story.after_deploy)
    assert image.endswith(f"@{stories.DIGEST}")


def test_a_change_of_settings_keeps_the_deployed_release() -> None:
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


def test_what_aws_cannot_change_is_replaced_by_another_that_is_there_first() -> None:
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


def test_no_database_is_deleted_to_make_room_for_another() -> None:
    """Its name is taken, so that AWS refuses the new one, and the old one is still there."""
    story = stories.prod()
    assert "DBInstanceAlreadyExists" in story.refused
    assert story.databases == 2
    before, after = (
        named(resources, "database-primary").state
        for resources in (story.after_replacement, story.after_refusal)
    )
    assert after["username"] == before["username"] == "perpetual"


def test_a_protected_stack_is_not_destroyed() -> None:
    """Not even in part."""
    assert "database-primary" in stories.prod().guarded
    assert "encryption-key" in stories.prod().guarded


def test_moto_forgets_just_what_the_sandbox_keeps() -> None:
    """Once moto tells an argument again, it need no longer be kept."""
    forgotten = stories.mocked("prod").forgotten
    kept = {token: names - _ELSEWHERE for token, names in DROPPED.items()}
    assert {token: set(names) for token, names in kept.items() if names} == forgotten


_ELSEWHERE: Final = {"maxInstanceLifetime", "tagsAll"}
"""What this stack does not give: it belongs to bastions, and to autoscaling."""
