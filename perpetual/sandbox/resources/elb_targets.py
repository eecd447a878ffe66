"""Elastic Load Balancing: target groups.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.elb import (
    RETAG,
    Attributes,
    attributes,
    suffix,
    tags,
    told_attributes,
)
from perpetual.sandbox.resources.kind import Kind, Values, names

_ELB: Final = "elbv2"


# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
_TARGETS: Final[Attributes] = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "slowStart": "slow_start.duration_seconds",
    "stickiness.enabled": "stickiness.enabled",
    "stickiness.type": "stickiness.type",
}
_HEALTH: Final = {
    "enabled": "HealthCheckEnabled",
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_TARGET_NAMES: Final = {"name": "TargetGroupName", "arn": "TargetGroupArn"}


def _health(inputs: Values) -> dict[str, Any]:
    check = inputs.get("healthCheck") or {}
    numbers = {"interval", "timeout", "healthyThreshold", "unhealthyThreshold"}
    found: dict[str, Any] = {
        name: int(check[key]) if key in numbers else check[key]
        for key, name in _HEALTH.items()
        if check.get(key) is not None
    }
    if check.get("matcher"):
        found["Matcher"] = {"HttpCode": check["matcher"]}
    return found


def _create_targets(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _ELB,
        "create_target_group",
        inputs,
        "name protocol protocolVersion port vpcId targetType tagsAll",
        **_health(inputs),
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _settle_targets(aws: Cloud, identifier: str, inputs: Values) -> None:
    found = attributes(inputs, _TARGETS)
    if found:
        target = {"TargetGroupArn": identifier}
        aws.call(_ELB, "modify_target_group_attributes", **target, Attributes=found)


def _read_targets(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_ELB, "describe_target_groups", "TargetGroups", TargetGroupArns=[identifier])
    if found is None:
        return None
    told = aws.call(_ELB, "describe_target_group_attributes", TargetGroupArn=identifier)
    check = {key: found[name] for key, name in _HEALTH.items() if name in found}
    return {
        **aws.told(_ELB, "TargetGroup", found, _TARGET_NAMES),
        **told_attributes(told, _TARGETS),
        "healthCheck": {**check, "matcher": found.get("Matcher", {}).get("HttpCode")},
        "arnSuffix": suffix(identifier),
        "tagsAll": tags(aws, identifier),
    }


def _update_targets(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    aws.call(_ELB, "modify_target_group", TargetGroupArn=identifier, **_health(inputs))
    _settle_targets(aws, identifier, inputs)


def _delete_targets(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ELB, "delete_target_group", TargetGroupArn=identifier)


TARGET_GROUP: Final = Kind(
    "aws:lb/targetGroup:TargetGroup",
    inputs=names(
        "name protocol protocolVersion port vpcId targetType healthCheck "
        + " ".join({path.partition(".")[0] for path in _TARGETS})
    ),
    outputs=names("arn arnSuffix loadBalancerArns"),
    create=_create_targets,
    settle=_settle_targets,
    read=_read_targets,
    update=_update_targets,
    delete=_delete_targets,
    retag=RETAG,
    name="name",
)

KINDS: Final = (TARGET_GROUP,)
