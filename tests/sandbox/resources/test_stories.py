"""Both stacks through the provider protocol: made, read back, changed, replaced, removed."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from perpetual.offline.capture import UNKNOWN
from perpetual.sandbox.fronts.mocks import Change
from perpetual.sandbox.resources.table import TABLE
from tests.sandbox.resources import stories
from tests.sandbox.resources.engine import Resource, Step, secrets
from tests.sandbox.resources.inventory import Inventory, line
from tests.sandbox.resources.stories import Provided
from tests.support.stacks import captured

STACKS: Final = ("dev", "prod")


def started(stack: str) -> Provided:
    """Return the beginning of a stack's story."""
    return stories.dev().start if stack == "dev" else stories.prod().start


def named(resources: Mapping[str, Resource], name: str) -> Resource:
    """Return the resource with this logical name."""
    (found,) = [item for urn, item in resources.items() if urn.endswith(f"::{name}")]
    return found


def images(resources: Mapping[str, Resource]) -> set[str]:
    """Return the images of the task definition's containers."""
    document = named(resources, "service-task").arguments["containerDefinitions"]
    return {container["image"] for container in json.loads(document)}


# --- creation


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_foresees_what_the_update_creates(stack: str) -> None:
    """Every resource but the providers, which are the engine's own business."""
    start = started(stack)
    assert start.foreseen.steps == start.created.steps
    assert set(start.created.steps.values()) == {Step.CREATE}
    registered = Counter(item.type for item in captured(stack).registrations if item.request.custom)
    made = Counter(item.token for item in start.resources.values())
    assert made == registered - Counter({"pulumi:providers:aws": 1})


@pytest.mark.parametrize("stack", STACKS)
def test_what_aws_decides_is_unknown_in_a_preview(stack: str) -> None:
    """Ids and outputs are not made up; what follows from arguments is known."""
    foreseen = {item.urn: item for item in started(stack).foreseen.capture.registrations}
    for urn, made in started(stack).resources.items():
        outputs = TABLE[made.token].outputs - foreseen[urn].inputs.keys()
        assert foreseen[urn].id == ""
        assert {foreseen[urn].state[key] for key in outputs} <= {UNKNOWN}, urn


@pytest.mark.parametrize("stack", STACKS)
def test_every_output_that_the_table_promises_is_there(stack: str) -> None:
    """And nothing of it is unknown, nor is any argument lost."""
    lacking = {}
    for urn, made in started(stack).resources.items():
        missing = TABLE[made.token].outputs - made.state.keys() - _ABSENT.get(made.token, set())
        if missing:
            lacking[made.token] = missing
        assert UNKNOWN not in json.dumps(made.state), urn
        assert made.arguments.items() <= made.state.items(), urn
    assert lacking == {}


_ABSENT: Final[Mapping[str, set[str]]] = {
    # Of a certificate that is just being issued.
    "aws:acm/certificate:Certificate": {"notAfter", "notBefore", "renewalEligibility"},
    # A gateway endpoint has none of these.
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"dnsEntries", "networkInterfaceIds"},
    "aws:ec2/natGateway:NatGateway": set(),
}
"""Outputs that AWS does not have for every resource of a type."""


def test_secrets_are_marked_and_stay_so() -> None:
    """The generated password, where it is made and where it is used."""
    resources = stories.prod().start.resources
    assert "result" in set(secrets(named(resources, "database-bootstrap")))
    assert "password" in set(secrets(named(resources, "database-primary")))
    password = named(resources, "database-bootstrap").state["result"]
    assert len(password) == 40
    assert named(stories.prod().after_change, "database-primary").state["password"] == password
    assert "password" in set(secrets(named(stories.prod().after_change, "database-primary")))


def test_default_tags_reach_what_the_program_tags_and_what_it_does_not() -> None:
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


# --- reading back


@pytest.mark.parametrize("stack", STACKS)
def test_what_was_made_is_read_back_without_drift(stack: str) -> None:
    """Outputs have grown with what was made after them, arguments are as they were."""
    again = started(stack).again
    grown = {item for items in again.drift.values() for item in items}
    assert grown <= _GROWN, again.drift
    assert again.changed == {}


_GROWN: Final = {
    f"output {name}"
    for name in (
        "attachmentCount",
        "egress",
        "ingress",
        "loadBalancerArns",
        "managedPolicyArns",
        "policy",  # of a topic, which a resource of its own has set
        "replicas",
        "routeTableIds",
        "routes",
        "status",  # of a certificate, issued in the meantime
        "subnetIds",
    )
}
"""Outputs that show what others have attached to a resource since it was made."""


def test_reading_again_finds_nothing_new() -> None:
    """What had grown is in the state now."""
    assert stories.dev().foreseen.drift == {}


# --- changes


def test_a_preview_of_changes_foresees_what_the_update_does() -> None:
    """Also where a step follows from a value that only the update knows."""
    story = stories.dev()
    assert story.foreseen.steps == story.changed.steps


def test_settings_a_zone_and_an_image_change_what_they_concern_and_nothing_else() -> None:
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


def test_a_new_image_is_built_once_and_reaches_the_tasks() -> None:
    """A preview builds nothing."""
    story = stories.dev()
    assert [image["build"]["args"] for image in story.images] == [{}, {"VERSION": "2"}]
    (image,) = images(story.resources)
    assert image.endswith(f"@sha256:{2:064x}")
    assert named(story.resources, "image-release").state["insecureValue"] == image


def test_a_new_launch_template_replaces_the_hosts() -> None:
    """By a new version, and one instance refresh."""
    story = stories.dev()
    assert named(story.start.resources, "cluster-template").state["latestVersion"] == 1
    assert named(story.resources, "cluster-template").state["latestVersion"] == 2
    assert story.refreshed == ("perpetual-dev-hosts",)


def test_a_difference_is_told_by_its_path() -> None:
    """Inside of a block, and inside of a document."""
    differences = {
        urn.rpartition("::")[2]: found for urn, found in stories.dev().changed.differences.items()
    }
    assert differences["cluster-template"] == {"blockDeviceMappings[0].ebs.volumeSize": "UPDATE"}
    assert differences["service-task"] == {"containerDefinitions[0].image": "UPDATE_REPLACE"}
    assert differences["network-flow-group"] == {"retentionInDays": "UPDATE"}


# --- who owns the running release


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


# --- replacements and refusals


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


# --- the end


@pytest.mark.parametrize("stack", STACKS)
def test_a_destroyed_stack_leaves_what_it_says_and_what_moto_forgets(stack: str) -> None:
    """Nothing else, neither of the first nor of what came later."""
    story = stories.dev() if stack == "dev" else stories.prod()
    left = _more(story.left, story.start.before)
    assert set(left) == set(_LEFT)
    for kind, expected in _LEFT.items():
        assert all(expected(text) for text in left[kind]), left[kind]


def _more(after: Inventory, before: Inventory) -> Inventory:
    found = {
        kind: list((Counter(lines) - Counter(before.get(kind, ()))).elements())
        for kind, lines in after.items()
    }
    return {kind: lines for kind, lines in found.items() if lines}


def _kept_record(text: str) -> bool:
    return "acm-validations" in text or ".perpetual.internal-hz" in text


_LEFT: Final[Mapping[str, Callable[[str], bool]]] = {
    # The program keeps revisions, and the record that renews others' certificates; the zone of a
    # namespace is moto's to remove, and so is the default list of a VPC.
    "ecs taskDefinitionArns": lambda text: "-web:" in text,
    "route53 HostedZones": _kept_record,
    "ec2 NetworkAcls": lambda text: '"IsDefault": true' in text,
    # Of AWS's own: the image that hosts start from, and the key for volumes.
    "ec2 Snapshots": lambda text: "Auto-created snapshot for AMI" in text,
    "kms Keys": lambda text: "protects my EBS volumes" in text,
}
"""What may be left, by kind."""


# --- both fronts


@pytest.mark.parametrize("stack", STACKS)
def test_the_mocks_make_what_the_protocol_makes_as_aws_sees_it(stack: str) -> None:
    """Everything the account holds is the same."""
    mocked, provided = stories.mocked(stack).made, started(stack).made
    assert mocked.keys() == provided.keys()
    for kind, lines in provided.items():
        assert mocked[kind] == lines, kind


@pytest.mark.parametrize("stack", STACKS)
def test_the_mocks_make_what_the_protocol_makes_as_the_program_sees_it(stack: str) -> None:
    """Each resource has the same outputs, and each id in them is the same resource's."""
    mocked, provided = stories.mocked(stack).resources, started(stack).resources
    assert mocked.keys() == provided.keys()
    chance = {urn for urn, item in mocked.items() if item.id != provided[urn].id}
    one = {urn: item.id for urn, item in mocked.items() if urn in chance}
    other = {urn: item.id for urn, item in provided.items() if urn in chance}
    for urn, item in provided.items():
        assert _linked(mocked[urn].state, one) == _linked(item.state, other), urn


def _linked(state: Mapping[str, Any], ids: Mapping[str, str]) -> str:
    """Return a state in which ids of resources are their URNs."""
    hidden = {key: value for key, value in state.items() if key not in _OF_CHANCE}
    text = json.dumps(hidden, default=str)
    for urn, identifier in sorted(ids.items(), key=lambda item: -len(item[1])):
        text = text.replace(identifier, urn.rpartition("::")[2])
    return _ACCOUNT.sub("account", line(json.loads(text)))


_ACCOUNT: Final = re.compile(r"\b7\d{11}\b")


_OF_CHANCE: Final = {"result", "bcryptHash", "password", "repoDigest", "uniqueId"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_mocks_run_again_change_nothing(stack: str) -> None:
    """They read what is there first, as the engine does."""
    story = stories.mocked(stack)
    assert set(story.created.values()) == {Change.CREATED}
    assert story.again.keys() == story.created.keys()
    assert set(story.again.values()) == {Change.SAME}


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_exports_what_is_really_there(stack: str) -> None:
    """The contract names the resources by their ids."""
    story = stories.mocked(stack)
    assert story.outputs["network"]["vpcId"] == _id(story, "network-vpc")
    assert story.outputs["service"]["securityGroup"] == _id(story, "groups-service")
    assert story.outputs["service"]["balancer"]["targetGroup"] == _id(story, "balancer-targets")


def _id(story: stories.Mocked, name: str) -> str:
    (found,) = [item.id for urn, item in story.resources.items() if urn.endswith(f"::{name}")]
    return found
