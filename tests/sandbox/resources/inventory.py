"""Everything that an account holds, in a form in which two accounts can be compared."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from perpetual.sandbox.resources import values
from perpetual.sandbox.resources.cloud import Cloud

Inventory = dict[str, list[str]]
"""What there is, by kind: each thing as one line, without what chance or the clock decided."""

_LISTS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("acm", "list_certificates", "CertificateSummaryList", {}),
    (
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        {"ServiceNamespace": "ecs"},
    ),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", {}),
    ("cloudwatch", "describe_alarms", "MetricAlarms", {}),
    ("cloudwatch", "list_dashboards", "DashboardEntries", {}),
    ("ec2", "describe_addresses", "Addresses", {}),
    ("ec2", "describe_flow_logs", "FlowLogs", {}),
    ("ec2", "describe_instances", "Reservations", {}),
    ("ec2", "describe_internet_gateways", "InternetGateways", {}),
    (
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        {"Versions": ["$Latest"]},
    ),
    ("ec2", "describe_launch_templates", "LaunchTemplates", {}),
    ("ec2", "describe_nat_gateways", "NatGateways", {}),
    ("ec2", "describe_network_acls", "NetworkAcls", {}),
    ("ec2", "describe_route_tables", "RouteTables", {}),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules", {}),
    ("ec2", "describe_security_groups", "SecurityGroups", {}),
    ("ec2", "describe_snapshots", "Snapshots", {"OwnerIds": ["self"]}),
    ("ec2", "describe_subnets", "Subnets", {}),
    ("ec2", "describe_volumes", "Volumes", {}),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", {}),
    ("ec2", "describe_vpcs", "Vpcs", {}),
    ("ecr", "describe_repositories", "repositories", {}),
    ("ecs", "describe_capacity_providers", "capacityProviders", {}),
    ("ecs", "list_clusters", "clusterArns", {}),
    ("ecs", "list_task_definitions", "taskDefinitionArns", {}),
    ("elbv2", "describe_load_balancers", "LoadBalancers", {}),
    ("elbv2", "describe_target_groups", "TargetGroups", {}),
    ("iam", "get_account_authorization_details", "Policies", {"Filter": ["LocalManagedPolicy"]}),
    ("iam", "get_account_authorization_details", "RoleDetailList", {"Filter": ["Role"]}),
    ("iam", "list_instance_profiles", "InstanceProfiles", {}),
    ("kms", "list_aliases", "Aliases", {}),
    ("kms", "list_keys", "Keys", {}),
    ("logs", "describe_log_groups", "logGroups", {}),
    ("rds", "describe_db_instances", "DBInstances", {}),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", {}),
    ("rds", "describe_db_snapshots", "DBSnapshots", {}),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", {}),
    ("route53", "list_hosted_zones", "HostedZones", {}),
    ("s3", "list_buckets", "Buckets", {}),
    ("secretsmanager", "list_secrets", "SecretList", {}),
    ("servicediscovery", "list_namespaces", "Namespaces", {}),
    ("servicediscovery", "list_services", "Services", {}),
    ("sns", "list_subscriptions", "Subscriptions", {}),
    ("sns", "list_topics", "Topics", {}),
    # AWS has thousands of its own.
    (
        "ssm",
        "describe_parameters",
        "Parameters",
        {"ParameterFilters": [{"Key": "Name", "Option": "BeginsWith", "Values": ["/perpetual/"]}]},
    ),
    (
        "ssm",
        "list_documents",
        "DocumentIdentifiers",
        {"Filters": [{"Key": "Owner", "Values": ["Self"]}]},
    ),
)
"""Calls that list what there is: service, call, where the list stands in the answer, request."""

_GONE: Final = {"terminated", "deleted", "PendingDeletion", "INACTIVE", "deleting"}
"""States of things that are no more, and are still told for a while."""
_STATES: Final = ("State", "status", "KeyState", "Status")

_CHANCE: Final = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "*"),
    (re.compile(r"(rds!db-\*)-\w{6}\b"), r"\1"),
    (re.compile(r"\b([a-z]+)-[0-9a-f]{8,17}\b"), r"\1-*"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "*"),
    (re.compile(r"\b(ns|srv)-\w+"), r"\1-*"),
    (re.compile(r"\bdb-[A-Z0-9]{26}\b"), "db-*"),
    (re.compile(r"\bv1:[0-9a-f]{64}:[\w=,]+"), "pin"),
    (re.compile(r"\b\d+\.\d+\.\d+\.\d+(?!/)\b"), "*"),
    (re.compile(r"(/hostedzone/)\w+"), r"\1*"),
    (re.compile(r"\b(ec2|ip)-[0-9-]+\b"), r"\1-*"),
    (re.compile(r"\b\d{4}(-\d\d){4}\b"), "*"),
    (re.compile(r"-[0-9a-f]{7}\b"), "-*"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[0-9:.+Z]+"), "*"),
)
"""Forms of ids, addresses and times, which are another each time."""
_CLOCK: Final = re.compile(
    r"(?i)(^response|date|time|modified|created|nonce|serial|hash|macaddress|(profile|role|policy)id$)"
)
"""Names of what the clock or chance decides, whatever its form."""


def inventory(cloud: Cloud) -> Inventory:
    """Return what an account holds now."""
    found: Inventory = {}
    for service, method, key, request in _LISTS:
        more = _DETAILS.get(key, _alone)
        lines = sorted(
            line(detail).replace(cloud.account, "account")
            for item in _listed(cloud, service, method, key, request)
            for detail in more(cloud, item)
            if _there(item) and _there(detail)
        )
        if lines:
            found[f"{service} {key}"] = lines
    return found


def _listed(
    cloud: Cloud, service: str, method: str, key: str, request: Mapping[str, Any]
) -> Iterator[Any]:
    client = cloud.client(service)
    if client.can_paginate(method):
        for page in client.get_paginator(method).paginate(**request):
            yield from page.get(key, ())
    else:
        yield from cloud.call(service, method, **request)[key]


def _alone(_cloud: Cloud, item: Any) -> Iterator[Any]:
    yield item


def _key(cloud: Cloud, item: Any) -> Iterator[Any]:
    yield cloud.call("kms", "describe_key", KeyId=item["KeyId"])["KeyMetadata"]


def _alias(_cloud: Cloud, item: Any) -> Iterator[Any]:
    if not item["AliasName"].startswith("alias/aws/"):
        yield item


def _instances(_cloud: Cloud, item: Any) -> Iterator[Any]:
    yield from item["Instances"]


def _cluster(cloud: Cloud, arn: str) -> Iterator[Any]:
    yield from cloud.call("ecs", "describe_clusters", clusters=[arn])["clusters"]
    for service in cloud.call("ecs", "list_services", cluster=arn)["serviceArns"]:
        asked = {"cluster": arn, "services": [service]}
        yield from cloud.call("ecs", "describe_services", **asked)["services"]


def _balancer(cloud: Cloud, item: Any) -> Iterator[Any]:
    arn = {"LoadBalancerArn": item["LoadBalancerArn"]}
    yield item
    yield cloud.call("elbv2", "describe_load_balancer_attributes", **arn)["Attributes"]
    yield from cloud.call("elbv2", "describe_listeners", **arn)["Listeners"]


def _zone(cloud: Cloud, item: Any) -> Iterator[Any]:
    asked = {"HostedZoneId": item["Id"]}
    yield from cloud.call("route53", "list_resource_record_sets", **asked)["ResourceRecordSets"]


def _parameter(cloud: Cloud, item: Any) -> Iterator[Any]:
    value = cloud.call("ssm", "get_parameter", Name=item["Name"])["Parameter"]["Value"]
    yield {**item, "Value": values.document(value)}


_DETAILS: Final[Mapping[str, Callable[[Cloud, Any], Iterator[Any]]]] = {
    "Aliases": _alias,
    "HostedZones": _zone,
    "Keys": _key,
    "LoadBalancers": _balancer,
    "Parameters": _parameter,
    "Reservations": _instances,
    "clusterArns": _cluster,
}
"""What only another call tells of a listed thing, by the name of the list."""


def _there(item: Any) -> bool:
    if not isinstance(item, Mapping):
        return True
    for key in _STATES:
        state = item.get(key)
        if (state.get("Name") if isinstance(state, Mapping) else state) in _GONE:
            return False
    return True


def line(item: Any) -> str:
    """Return a thing as one line, in which all things alike are the same."""
    text = json.dumps(_still(item), sort_keys=True)
    for pattern, instead in _CHANCE:
        text = pattern.sub(instead, text)
    return text


def _still(value: Any) -> Any:
    """Return a value without times, and its lists in one order."""
    match value:
        case Mapping():
            return {
                key: _still(item)
                for key, item in value.items()
                if not isinstance(item, datetime) and not _CLOCK.search(str(key))
            }
        case list() | tuple():
            return sorted((_still(item) for item in value), key=line)
        case _:
            return value
