"""The dev stack through the provider protocol: settings, a zone and an image change."""

from collections.abc import Callable
from typing import Final

import pytest

from tests.sandbox.resources import stories
from tests.sandbox.resources.each_stack import JUDGEMENTS
from tests.sandbox.resources.engine_monitor import Step
from tests.sandbox.resources.stories import images, named


def default_tags_reach_what_the_program_tags_and_what_it_does_not() -> None:
    """By the provider that the program makes, not by the default one."""
    resources = stories.dev().start.resources
    role = named(resources, "network-flow-role").state
    assert role["tagsAll"] == {
        "environment": "dev",
        "perpetual:project": "perpetual",
        "perpetual:stack": "dev",
    }
    subnet = named(resources, "network-public-a").state
    assert subnet["tags"] == {"Name": "perpetual-dev-public-a", "perpetual:tier": "public"}
    assert subnet["tagsAll"] == {**subnet["tags"], **role["tagsAll"]}


def reading_again_finds_nothing_new() -> None:
    """What had grown is in the state now."""
    assert stories.dev().foreseen.drift == {}


def a_preview_of_changes_foresees_what_the_update_does() -> None:
    """Also where a step follows from a value that only the update knows."""
    story = stories.dev()
    assert story.foreseen.steps == story.changed.steps


def settings_a_zone_and_an_image_change_what_they_concern_and_nothing_else() -> None:
    """No subnet moves, no database is touched but by its subnet group."""
    changed = stories.dev().changed.changed
    created = {name for name, step in changed.items() if step is Step.CREATE}
    assert created
    assert all("-c" in name for name in created)
    assert {name: step for name, step in changed.items() if name not in created} == {
        "balancer-balancer": Step.UPDATE,
        "cluster-hosts": Step.UPDATE,
        "cluster-template": Step.UPDATE,
        "contract-parameter": Step.UPDATE,
        "database-subnets": Step.UPDATE,
        "image-build": Step.UPDATE,
        "image-release": Step.UPDATE,
        "network-acl-data": Step.UPDATE,
        "network-flow-group": Step.UPDATE,
        "service-service": Step.UPDATE,
        "service-task": Step.REPLACE,
    }


def a_new_image_is_built_once_and_reaches_the_tasks() -> None:
    """A preview builds nothing."""
    story = stories.dev()
    assert [image["build"]["args"] for image in story.images] == [{}, {"VERSION": "2"}]
    (image,) = images(story.resources)
    assert image.endswith(f"@sha256:{2:064x}")
    assert named(story.resources, "image-release").state["insecureValue"] == image


def a_new_launch_template_replaces_the_hosts() -> None:
    """By a new version, and one instance refresh."""
    story = stories.dev()
    assert named(story.start.resources, "cluster-template").state["latestVersion"] == 1
    assert named(story.resources, "cluster-template").state["latestVersion"] == 2
    assert story.refreshed == ("perpetual-dev-hosts",)


def a_difference_is_told_by_its_path() -> None:
    """Inside of a block; a document is a text to the engine, which has no inside."""
    differences = {
        urn.rpartition("::")[2]: found for urn, found in stories.dev().changed.differences.items()
    }
    assert differences["cluster-template"] == {"blockDeviceMappings[0].ebs.volumeSize": "UPDATE"}
    assert differences["service-task"] == {"containerDefinitions": "UPDATE_REPLACE"}
    assert differences["network-flow-group"] == {"retentionInDays": "UPDATE"}


OWN: Final[tuple[Callable[[], None], ...]] = (
    default_tags_reach_what_the_program_tags_and_what_it_does_not,
    reading_again_finds_nothing_new,
    a_preview_of_changes_foresees_what_the_update_does,
    settings_a_zone_and_an_image_change_what_they_concern_and_nothing_else,
    a_new_image_is_built_once_and_reaches_the_tasks,
    a_new_launch_template_replaces_the_hosts,
    a_difference_is_told_by_its_path,
)
"""What this story is told for, beside what holds of each stack."""


def test_the_story_of_the_dev_stack(subtests: pytest.Subtests) -> None:
    """Told once, and judged as a whole: it takes long, and each worker would tell it anew."""
    for holds in JUDGEMENTS:
        with subtests.test(holds.__name__):
            holds("dev")
    for own in OWN:
        with subtests.test(own.__name__):
            own()
