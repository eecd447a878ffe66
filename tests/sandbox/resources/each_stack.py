"""What holds of each stack, through both fronts: made, read back, alike, removed.

The tests of a stack's own story judge it by these, so that a worker that runs one file tells one
stack's stories, and no other.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from perpetual.offline.capture import UNKNOWN
from perpetual.sandbox.fronts.mocks import Change
from perpetual.sandbox.resources.table import TABLE
from tests.sandbox.resources import stories
from tests.sandbox.resources.engine_monitor import Step
from tests.sandbox.resources.inventory import Inventory, line
from tests.sandbox.resources.stories import Provided
from tests.support.stacks import captured


def started(stack: str) -> Provided:
    """Return the beginning of a stack's story."""
    return stories.dev().start if stack == "dev" else stories.prod().start


# --- creation


def a_preview_foresees_what_the_update_creates(stack: str) -> None:
    """Every resource but the providers, which are the engine's own business."""
    start = started(stack)
    assert start.foreseen.steps == start.created.steps
    assert set(start.created.steps.values()) == {Step.CREATE}
    registered = Counter(item.type for item in captured(stack).registrations if item.request.custom)
    made = Counter(item.token for item in start.resources.values())
    assert made == registered - Counter({"pulumi:providers:aws": 1})


def what_aws_decides_is_unknown_in_a_preview(stack: str) -> None:
    """Ids and outputs are not made up; what follows from arguments is known."""
    foreseen = {item.urn: item for item in started(stack).foreseen.capture.registrations}
    for urn, made in started(stack).resources.items():
        outputs = TABLE[made.token].outputs - foreseen[urn].inputs.keys()
        assert foreseen[urn].id == ""
        assert {foreseen[urn].state[key] for key in outputs} <= {UNKNOWN}, urn


def every_output_that_the_table_promises_is_there(stack: str) -> None:
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


# --- reading back


def what_was_made_is_read_back_without_drift(stack: str) -> None:
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


# --- the end


def a_destroyed_stack_leaves_what_it_says_and_what_moto_forgets(stack: str) -> None:
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


def the_mocks_make_what_the_protocol_makes_as_aws_sees_it(stack: str) -> None:
    """Everything the account holds is the same."""
    mocked, provided = stories.mocked(stack).made, started(stack).made
    assert mocked.keys() == provided.keys()
    for kind, lines in provided.items():
        assert mocked[kind] == lines, kind


def the_mocks_make_what_the_protocol_makes_as_the_program_sees_it(stack: str) -> None:
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


def the_mocks_run_again_change_nothing(stack: str) -> None:
    """They read what is there first, as the engine does."""
    story = stories.mocked(stack)
    assert set(story.created.values()) == {Change.CREATED}
    assert story.again.keys() == story.created.keys()
    assert set(story.again.values()) == {Change.SAME}


def what_exists_is_imported_by_its_id_or_refused_in_a_sentence(stack: str) -> None:
    """What has no id in AWS is a part of something that has one."""
    refused = stories.mocked(stack).imported
    assert refused
    assert {
        token: said for token, said in refused.items() if "cannot be imported" not in said
    } == {}


def the_program_exports_what_is_really_there(stack: str) -> None:
    """The contract names the resources by their ids."""
    story = stories.mocked(stack)
    assert story.outputs["network"]["vpcId"] == _id(story, "network-vpc")
    assert story.outputs["service"]["securityGroup"] == _id(story, "groups-service")
    assert story.outputs["service"]["balancer"]["targetGroup"] == _id(story, "balancer-targets")


def _id(story: stories.Mocked, name: str) -> str:
    (found,) = [item.id for urn, item in story.resources.items() if urn.endswith(f"::{name}")]
    return found


JUDGEMENTS: Final[tuple[Callable[[str], None], ...]] = (
    a_preview_foresees_what_the_update_creates,
    what_aws_decides_is_unknown_in_a_preview,
    every_output_that_the_table_promises_is_there,
    what_was_made_is_read_back_without_drift,
    a_destroyed_stack_leaves_what_it_says_and_what_moto_forgets,
    the_mocks_make_what_the_protocol_makes_as_aws_sees_it,
    the_mocks_make_what_the_protocol_makes_as_the_program_sees_it,
    the_mocks_run_again_change_nothing,
    what_exists_is_imported_by_its_id_or_refused_in_a_sentence,
    the_program_exports_what_is_really_there,
)
"""Everything that is to hold of a stack."""
