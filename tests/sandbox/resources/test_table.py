"""The table against the SDK's classes, and against every form that the program can take."""

import inspect
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import pytest
from pulumi import _types

from perpetual.offline.revisions import replacements
from perpetual.sandbox.resources.table import TABLE
from tests.support.stacks import captured

CERTIFICATE: Final = (
    "arn:aws:acm:eu-west-1:444455556666:certificate/00000000-0000-0000-0000-000000000000"
)

FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "prod": (),
    "dev": (),
    "isolated": ("network.nat=none", "network.privateZone=internal.example.com"),
    "public bastion": ("access.bastion=public", "access.bastionCidrs[0]=192.0.2.0/24"),
    "private bastion": ("access.bastion=ssm",),
    "autoscaling": ("service.autoscaling=true",),
    "restored": (
        "database.source=snapshot",
        "database.snapshot=nightly",
        "database.masterPassword=secret",
    ),
    "moved back": (
        "database.source=pointInTime",
        "database.restoreFrom=other",
        "database.masterPassword=secret",
    ),
    "other certificate": (f"balancer.certificateArn={CERTIFICATE}",),
}
"""Settings under which the program registers other types, or other arguments."""


def resource_class(token: str) -> type:
    """Return the SDK's class for a type token such as `aws:ec2/vpc:Vpc`."""
    package, module, name = token.split(":")
    path = module.split("/")[0]
    holder = f"pulumi_{package}" + ("" if path == "index" else f".{path}")
    found = getattr(import_module(holder), name)
    assert inspect.isclass(found)
    return found


def arguments_class(token: str) -> type:
    """Return the SDK's class for the arguments of a type."""
    name = token.rpartition(":")[2]
    found = getattr(import_module(resource_class(token).__module__), f"{name}Args")
    assert inspect.isclass(found)
    return found


def properties(of: type) -> Iterator[tuple[str, Any]]:
    """Yield name on the wire and getter of a class's properties."""
    for _, name, declared in _types._py_properties(of):  # noqa: SLF001 - the SDK has no public way
        yield name, declared.fget


def always_there(getter: Any) -> bool:
    """Tell whether an output is never missing."""
    (declared,) = typing.get_args(getter.__annotations__["return"]) or (None,)
    return type(None) not in typing.get_args(declared)


def form(name: str) -> Any:
    """Return what the program registers in one of its forms."""
    stack = "prod" if name == "prod" else "dev"
    return captured(stack, *FORMS[name])


@pytest.mark.parametrize("name", FORMS)
def test_the_table_knows_every_type_and_every_argument_of_the_program(name: str) -> None:
    """Under whatever settings."""
    for item in form(name).registrations:
        if item.request.custom and not item.type.startswith("pulumi:providers:"):
            assert item.type in TABLE
            assert item.inputs.keys() <= TABLE[item.type].arguments, item.name


def test_the_table_has_no_type_that_no_form_of_the_program_has() -> None:
    """What is not used is not tested either."""
    used = {item.type for name in FORMS for item in form(name).registrations}
    assert TABLE.keys() <= used


@pytest.mark.parametrize("token", TABLE)
def test_arguments_and_outputs_are_the_provider_s(token: str) -> None:
    """No argument, and no output, that the SDK's class does not have."""
    kind = TABLE[token]
    inputs = {name for name, _ in properties(arguments_class(token))} | _LATER.get(token, set())
    outputs = {name for name, _ in properties(resource_class(token))}
    assert kind.arguments - {"tagsAll"} <= inputs
    assert kind.outputs <= outputs
    assert kind.moving <= outputs
    assert not kind.outputs & (kind.inputs | kind.own)


_LATER: Final[Mapping[str, set[str]]] = {
    # These classes give some of their arguments to a second, overloaded constructor only.
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket",
        "region",
        "rules",
    },
}
"""Arguments that a class takes and its class of arguments does not name."""


@pytest.mark.parametrize("token", TABLE)
def test_whatever_the_provider_always_tells_the_table_tells_too(token: str) -> None:
    """Outputs that are none of the arguments, and never missing."""
    kind = TABLE[token]
    given = {name for name, _ in properties(arguments_class(token))}
    owed = {
        name
        for name, getter in properties(resource_class(token))
        if name not in given and always_there(getter)
    }
    told = kind.outputs | kind.arguments
    assert owed - told <= _UNTOLD.get(token, set())


_UNTOLD: Final[Mapping[str, set[str]]] = {
    "aws:autoscaling/group:Group": {"predictedCapacity", "warmPoolSize"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"namePrefix"},
    "aws:ec2/eip:Eip": {
        "associationId",
        "carrierIp",
        "customerOwnedIp",
        "privateDns",
        "privateIp",
        "ptrRecord",
    },
    "aws:ec2/natGateway:NatGateway": {
        "associationId",
        "autoProvisionZones",
        "autoScalingIps",
        "regionalNatGatewayAddresses",
        "regionalNatGatewayAutoMode",
        "routeTableId",
    },
    "aws:ec2/route:Route": {"instanceId", "instanceOwnerId"},
    "aws:ec2/subnet:Subnet": {"ipv6CidrBlockAssociationId"},
    "aws:ec2/vpc:Vpc": {"ipv6AssociationId"},
    "aws:rds/instance:Instance": {"hostedZoneId", "listenerEndpoints", "upgradeRolloutOrder"},
    "aws:s3/bucket:Bucket": {"hostedZoneId", "websiteDomain", "websiteEndpoint"},
}
"""Outputs of features that nothing here uses: empty on AWS, or unknown to moto."""


@pytest.mark.parametrize("token", TABLE)
def test_every_type_is_in_the_table_of_replacements(token: str) -> None:
    """Which arguments replace a resource is known once, for the comparison and for this."""
    assert token in replacements.types()
    known = TABLE[token].arguments | TABLE[token].outputs
    assert TABLE[token].ordered <= known
    assert TABLE[token].name in {"", *TABLE[token].inputs}


def test_what_can_be_tagged_is_tagged() -> None:
    """Default tags are part of the state of all types that have any."""
    for token, kind in TABLE.items():
        outputs = {name for name, _ in properties(resource_class(token))}
        assert kind.tagged is ("tagsAll" in outputs), token
