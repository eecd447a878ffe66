"""The same stack gives the same verdict in preview form, in update form, and from its state."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import resource_pb2

from graph import Graph
from graph.state import resources
from perpetual.offline.capture import Capture, Registration
from rules import CATALOGUE, LAWS, judge
from tests.policy.small import small
from tests.policy.support import captured, graph_of
from tests.support import stacks
from tests.support.state import exported

Found = set[tuple[str, str, bool]]
RULES = (*LAWS, *CATALOGUE)


def of(graph: Graph) -> Found:
    """Return what the rules find: which, where, and whether they could only not tell."""
    return {(item.rule, item.resource, item.undetermined) for item in judge(RULES, graph)}


def from_state(capture: Capture, stack: str) -> Found:
    """Return what the rules find in the state that a capture in update form leaves behind."""
    return of(Graph.of(resources(exported(capture, stack=stack))))


Change = Mapping[str, Any] | None


def changed(capture: Capture, changes: Mapping[str, Change]) -> Capture:
    """Return a capture with arguments of some resources changed; `None` leaves one out.

    An argument that is `None` is left out too.
    """
    kept = [
        item if item.name not in changes else _with(item, changes[item.name] or {})
        for item in capture.registrations
        if changes.get(item.name, {}) is not None
    ]
    assert set(changes) <= {item.name for item in capture.registrations}
    return Capture(kept, capture.outputs, capture.registered_outputs, capture.reads, capture.root)


def _with(item: Registration, values: Mapping[str, Any]) -> Registration:
    request = resource_pb2.RegisterResourceRequest()
    request.CopyFrom(item.request)
    request.object.CopyFrom(_updated(request.object, values))
    return Registration(item.urn, request, _updated(item.outputs, values), item.id)


def _updated(struct: struct_pb2.Struct, values: Mapping[str, Any]) -> struct_pb2.Struct:
    held = {**json_format.MessageToDict(struct), **values}
    kept = {key: value for key, value in held.items() if value is not None}
    return json_format.ParseDict(kept, struct_pb2.Struct())


WORLD = {"referencedSecurityGroupId": None, "cidrIpv4": "0.0.0.0/0"}
OPEN = {"ruleNo": 1, "protocol": "-1", "action": "allow", "fromPort": 0, "toPort": 0}
BROKEN: dict[str, tuple[str, dict[str, Change]]] = {
    "public database": ("no-public-rds", {"database-primary": {"publiclyAccessible": True}}),
    "database open to ranges": ("no-public-rds", {"groups-database-in-service-5432": WORLD}),
    "plain database": ("rds-storage-encrypted", {"database-primary": {"storageEncrypted": False}}),
    "plain connections": (
        "tls-only-postgres",
        {"database-parameters": {"parameters": [{"name": "rds.force_ssl", "value": "0"}]}},
    ),
    "a subnet of no tier": ("segregated-subnets", {"network-data-a": {"tags": {}}}),
    "data list open": (
        "segregated-subnets",
        {"network-acl-data": {"ingress": [{**OPEN, "cidrBlock": "0.0.0.0/0"}]}},
    ),
    "public addresses": (
        "segregated-subnets",
        {"network-private-a": {"mapPublicIpOnLaunch": True}},
    ),
    "old metadata": (
        "ec2-imdsv2",
        {"cluster-template": {"metadataOptions": {"httpTokens": "optional"}}},
    ),
    "no flow log": ("vpc-flow-logs", {"network-flow-log": None}),
    "key without rotation": ("kms-rotation", {"encryption-key": {"enableKeyRotation": False}}),
    "old ciphers": (
        "alb-tls-policy",
        {"balancer-https": {"sslPolicy": "ELBSecurityPolicy-2016-08"}},
    ),
    "bucket without block": ("s3-public-access-blocked", {"balancer-logs-private": None}),
    "tags that move": ("ecr-immutable", {"image-repository": {"imageTagMutability": "MUTABLE"}}),
    "a host without a role": (
        "ec2-instance-profile",
        {"cluster-template": {"iamInstanceProfile": None}},
    ),
    "a group left open": (
        "sg-admin-ports-closed",
        {"groups-service-in-balancer-5000": {**WORLD, "fromPort": 22, "toPort": 22}},
    ),
}


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_the_stacks_give_one_verdict(stack: str) -> None:
    """By rule and by resource; also what is switched off."""
    deployed = stacks.captured(stack, known=True)
    planned = of(graph_of(stacks.captured(stack)))
    assert planned
    assert of(graph_of(deployed)) == planned
    assert from_state(deployed, stack) == planned


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_stack_gives_one_verdict(name: str) -> None:
    """And it is the one that was to be expected, beside what prod has anyway."""
    rule, changes = BROKEN[name]
    planned, deployed = (
        changed(stacks.captured("prod", known=it), changes) for it in (False, True)
    )
    found = of(graph_of(planned))
    assert rule in {item for item, _, _ in found - of(graph_of(stacks.captured("prod")))}
    assert of(graph_of(deployed)) == found
    assert from_state(deployed, "prod") == found


@pytest.mark.parametrize("public", [True, False])
def test_an_encrypted_secret_is_undetermined_and_nothing_else_differs(
    public: bool,  # noqa: FBT001 - a form
) -> None:
    """What a state encrypts, nobody can judge: it counts as a breach until it can be told."""
    hidden = small(database=lambda _: {"publicly_accessible": pulumi.Output.secret(public)})
    deployed = captured(hidden, known=True)
    update, state = of(graph_of(deployed)), from_state(deployed, "test")
    (database,) = (item.urn for item in deployed.registrations if item.name == "database")
    differing = update ^ state
    assert ("no-public-rds", database, True) in state
    assert {urn for _, urn, _ in differing} == {database}
    assert all(undetermined for *_, undetermined in state - update)
