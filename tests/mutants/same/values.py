"""The same values in other types, defaults said aloud, lists in another order, more tags."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from graph import Resource
from graph.tokens import (
    AUTOSCALING_GROUP,
    DB_INSTANCE,
    DB_PARAMETERS,
    DB_SUBNET_GROUP,
    DEFAULT_NETWORK_ACL,
    DEFAULT_ROUTE_TABLE,
    DEFAULT_SECURITY_GROUP,
    ECS_SERVICE,
    LAUNCH_TEMPLATE,
    SUBNET,
    TASK_DEFINITION,
    VPC,
)
from tests.mutants.bad.balancer import REPOSITORY
from tests.mutants.bad.keys import ALARM, BLOCK, BUCKET, KEY, LOG_GROUP
from tests.mutants.bad.network import BALANCER
from tests.mutants.bad.tls import LISTENER, TARGETS, parameters
from tests.mutants.operators import Made, Operator, is_set, operator, operators
from tests.mutants.same.names import first_of_each_type
from tests.mutants.stack import Stack, within

UNORDERED: Final = (
    (DB_SUBNET_GROUP, "subnetIds"),
    (DB_PARAMETERS, "parameters"),
    (DB_INSTANCE, "enabledCloudwatchLogsExports"),
    (AUTOSCALING_GROUP, "vpcZoneIdentifiers"),
    (AUTOSCALING_GROUP, "tags"),
    (ECS_SERVICE, "networkConfiguration.subnets"),
    (ECS_SERVICE, "alarms.alarmNames"),
    (BALANCER, "subnets"),
    (LAUNCH_TEMPLATE, "tagSpecifications"),
)
"""Lists of which AWS keeps no order."""

DEFAULTS: Final[tuple[tuple[str, str, Any], ...]] = (
    (VPC, "instanceTenancy", "default"),
    (VPC, "assignGeneratedIpv6CidrBlock", False),
    (SUBNET, "assignIpv6AddressOnCreation", False),
    (SUBNET, "mapCustomerOwnedIpOnLaunch", False),
    (DB_INSTANCE, "networkType", "IPV4"),
    (DB_INSTANCE, "customerOwnedIpEnabled", False),
    (DB_INSTANCE, "dedicatedLogVolume", False),
    (DEFAULT_ROUTE_TABLE, "propagatingVgws", []),
    (DEFAULT_SECURITY_GROUP, "revokeRulesOnDelete", False),
    (DEFAULT_NETWORK_ACL, "subnetIds", []),
    (TASK_DEFINITION, "pidMode", ""),
    (TASK_DEFINITION, "volumes", []),
    (TASK_DEFINITION, "enableFaultInjection", False),
    (ECS_SERVICE, "forceNewDeployment", False),
    (ECS_SERVICE, "launchType", None),
    (BALANCER, "enableCrossZoneLoadBalancing", True),
    (BALANCER, "enableXffClientPort", False),
    (BALANCER, "customerOwnedIpv4Pool", ""),
    (LISTENER, "tags", {}),
    (TARGETS, "loadBalancingCrossZoneEnabled", "use_load_balancer_configuration"),
    (TARGETS, "slowStart", 0),
    (TARGETS, "ipAddressType", "ipv4"),
    (REPOSITORY, "imageTagMutabilityExclusionFilters", []),
    (KEY, "keyUsage", "ENCRYPT_DECRYPT"),
    (KEY, "customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
    (KEY, "isEnabled", True),
    (BUCKET, "objectLockEnabled", False),
    (BUCKET, "acl", None),
    (BLOCK, "skipDestroy", False),
    (LOG_GROUP, "logGroupClass", "STANDARD"),
    (LOG_GROUP, "skipDestroy", False),
    (ALARM, "actionsEnabled", True),
    (AUTOSCALING_GROUP, "suspendedProcesses", []),
    (LAUNCH_TEMPLATE, "disableApiStop", False),
    (LAUNCH_TEMPLATE, "ebsOptimized", "true"),
)
"""What AWS or the provider does anyway when nothing is said."""


@operator("availability", "AWS keeps no order of it")
def reverse_lists(stack: Stack) -> Made:
    """Reverse each list that has no order."""
    for token, path in UNORDERED:
        for item in stack.of(token):
            held = within(item, path)
            if isinstance(held, list) and len(held) > 1:
                yield f"{item.name} {path}", stack.put(item, path, [*reversed(held)])


@operator("protection", "a default is a default whether it is said or not")
def say_defaults(stack: Stack) -> Made:
    """Say each default aloud, on one resource of the type, and all of them everywhere."""
    every = stack
    for token, path, value in DEFAULTS:
        silent = [item for item in stack.of(token) if within(item, path) is None]
        for item in silent:
            every = every.put(item, path, value)
        for item in silent[:1]:
            yield f"{item.name} {path}", stack.put(item, path, value)
    yield "everything", every


@operator("protection", "a property that is null is not set")
def set_null(stack: Stack) -> Made:
    """Set properties that are not set to null, on one resource of each type."""
    keys = (
        "tags",
        "description",
        "namePrefix",
        "region",
        "acl",
        "policy",
        "ingress",
        "routes",
        "kmsKeyId",
        "userData",
        "pidMode",
        "publiclyAccessible",
        "securityGroups",
    )
    for item in first_of_each_type(stack):
        made = stack
        for key in keys:
            if key not in item.properties and not item.component:
                made = made.put(item, key, None)
        yield item.name, made


def _typed(kind: type, change: Any) -> Any:
    def changed(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: changed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [changed(item) for item in value]
        return change(value) if type(value) is kind else value

    return changed


TYPES: Final = {
    "numbers-as-floats": ("the wire carries every number as a float", int, float),
    "numbers-as-text": ("the provider takes numbers as text", int, str),
    "booleans-as-text": (
        "the provider takes booleans as text",
        bool,
        lambda value: str(value).lower(),
    ),
}


def _types(name: str, why: str, kind: type, change: Any) -> Operator:
    typed = _typed(kind, change)

    def one(item: Resource) -> Resource:
        return item if item.component else replace(item, properties=typed(dict(item.properties)))

    def make(stack: Stack) -> Made:
        for item in first_of_each_type(stack):
            if one(item).properties != item.properties:
                yield item.name, stack.changed(item, properties=one(item).properties)
        yield "everything", stack.each(one)

    return Operator(name, "data", why, make)


SPELLED = tuple(_types(name, *item) for name, item in TYPES.items())


@operator("protection", "tags say whose it is")
def add_tags(stack: Stack) -> Made:
    """Add a tag to a resource of each type that has tags, and to all."""
    every = stack
    for item in stack.resources.values():
        if isinstance(item.properties.get("tags"), Mapping):
            every = every.put(item, "tags.team", "core")
    for item in first_of_each_type(stack):
        if isinstance(item.properties.get("tags"), Mapping):
            yield item.name, stack.put(item, "tags.team", "core")
    yield "everything", every


@operator("TLS", "what the version does by default needs not be said")
def leave_postgres_defaults_unsaid(stack: Stack) -> Made:
    """Take parameters away whose default is the same."""
    for name in ("rds.force_ssl", "ssl_min_protocol_version"):
        for group, at in parameters(stack, name):
            held = within(group, "parameters")
            yield (
                f"{group.name} {name}",
                stack.put(group, "parameters", [*held[:at], *held[at + 1 :]]),
            )
    for group, at in parameters(stack, "rds.force_ssl"):
        for value in (1, 1.0):
            yield f"{group.name} {value!r}", stack.put(group, f"parameters.{at}.value", value)
    for group, at in parameters(stack, "ssl_min_protocol_version"):
        yield f"{group.name} TLSv1.3", stack.put(group, f"parameters.{at}.value", "TLSv1.3")


@operator("data", "a replica has what its source has")
def leave_to_the_source(stack: Stack) -> Made:
    """Take from each replica what its source says."""
    for item in stack.of(DB_INSTANCE):
        if is_set(within(item, "replicateSourceDb")):
            yield f"{item.name} storageEncrypted", stack.cut(item, "storageEncrypted")
            yield f"{item.name} parameterGroupName", stack.cut(item, "parameterGroupName")
            yield f"{item.name} publiclyAccessible", stack.cut(item, "publiclyAccessible")


BETTER: Final[tuple[tuple[str, str, Any], ...]] = (
    (DB_INSTANCE, "deletionProtection", True),
    (DB_INSTANCE, "multiAz", True),
    (DB_INSTANCE, "databaseInsightsMode", "standard"),
    (DB_INSTANCE, "engineVersion", "17.6"),
    (DB_INSTANCE, "caCertIdentifier", "rds-ca-ecc384-g1"),
    (BALANCER, "enableDeletionProtection", True),
    (BALANCER, "desyncMitigationMode", "strictest"),
    (LISTENER, "sslPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06"),
    (REPOSITORY, "forceDelete", False),
    (LOG_GROUP, "retentionInDays", 180),
    (LOG_GROUP, "deletionProtectionEnabled", True),
    (BUCKET, "forceDestroy", False),
)


@operator("protection", "more protection is no less")
def protect_more(stack: Stack) -> Made:
    """Give each resource more than it has."""
    for token, path, value in BETTER:
        for item in stack.of(token):
            now = within(item, path)
            if now is not None and now != value and not is_set(within(item, "replicateSourceDb")):
                yield f"{item.name} {path}", stack.put(item, path, value)


OPERATORS: Final = operators(globals())
