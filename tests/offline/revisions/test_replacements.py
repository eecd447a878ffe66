"""The table of what forces a replacement: whole, true to the SDK, and with its sources."""

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from perpetual.offline.revisions import replacements
from perpetual.offline.revisions.values import Difference
from tests.support.stacks import captured

PACKAGES: Final = {"aws": "pulumi_aws", "random": "pulumi_random", "docker": "pulumi_docker"}
TABLE: Final = replacements.types()
SUBNET: Final = "aws:ec2/subnet:Subnet"
RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def _used() -> Iterator[str]:
    variants = [
        ("prod",),
        ("dev",),
        ("dev", "access.bastion=public", "access.bastionCidrs[0]=198.51.100.0/24"),
        ("dev", "service.autoscaling=true", "network.privateZone=internal.example.com"),
    ]
    for variant in variants:
        yield from (item.type for item in captured(*variant).registrations if item.request.custom)


def _arguments(token: str) -> set[str]:
    """Return what the SDK's class of a type takes, as the engine spells it."""
    package, module, name = token.split(":")
    area = module.split("/")[0]
    holder: Any = importlib.import_module(PACKAGES[package])
    if area != "index":
        holder = importlib.import_module(f"{PACKAGES[package]}.{area}")
    parameters = inspect.signature(getattr(holder, name)._internal_init).parameters  # noqa: SLF001 - the typed one of two overloads
    return {re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), key) for key in parameters}


@pytest.mark.parametrize("token", sorted(set(_used())))
def test_every_type_that_the_stacks_use_has_an_entry(token: str) -> None:
    """An explicit one, even where nothing replaces it."""
    assert token in TABLE


@pytest.mark.parametrize("token", [token for token in TABLE if token.split(":")[0] in PACKAGES])
def test_every_argument_named_exists_in_the_sdk(token: str) -> None:
    """A misspelt one would never match, and never be missed."""
    entry = TABLE[token]
    named = {name.partition(".")[0] for name in (*entry["replace"], *entry.get("switch", ()))}
    assert named <= _arguments(token)


@pytest.mark.parametrize("token", TABLE)
def test_every_entry_says_where_it_is_from(token: str) -> None:
    """One file of the provider's sources."""
    assert re.fullmatch(r"https://github\.com/[\w./-]+\.go", TABLE[token]["source"])
    assert replacements.source(token) == TABLE[token]["source"]


@pytest.mark.parametrize(
    ("token", "path", "forced"),
    [
        (SUBNET, "cidrBlock", True),
        (SUBNET, "region", True),
        (SUBNET, "tags.Name", False),
        (SUBNET, "mapPublicIpOnLaunch", False),
        (
            "aws:ecs/capacityProvider:CapacityProvider",
            "autoScalingGroupProvider.managedDraining",
            False,
        ),
        (
            "aws:ecs/capacityProvider:CapacityProvider",
            "autoScalingGroupProvider.autoScalingGroupArn",
            True,
        ),
        ("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions[0].image", True),
        ("aws:rds/instance:Instance", "allocatedStorage", False),
        ("aws:rds/instance:Instance", "identifier", False),
        ("aws:rds/instance:Instance", "kmsKeyId", True),
        ("example:index/box:Box", "size", False),
    ],
)
def test_what_forces_a_replacement(token: str, path: str, *, forced: bool) -> None:
    """By argument, and by what is inside one."""
    found = replacements.forcing(token, [Difference(path, "a", "b")])
    assert found == ([path] if forced else [])


def test_a_rule_is_replaced_when_it_is_about_another_kind_of_peer() -> None:
    """Another range is an update; a group in a range's place is not."""
    ranges = [Difference("cidrIpv4", "10.0.0.0/8", "10.0.0.0/16")]
    assert replacements.forcing(RULE, ranges) == []
    other = [Difference("cidrIpv4", "10.0.0.0/8", None)]
    assert replacements.forcing(RULE, other) == ["cidrIpv4"]


def test_a_resource_may_name_more() -> None:
    """Its `replaceOnChanges`, where a star is everything."""
    found = [Difference("tags.Name", "a", "b")]
    assert replacements.forcing(SUBNET, found, ["tags"]) == ["tags.Name"]
    assert replacements.forcing(SUBNET, found, ["*"]) == ["tags.Name"]
