"""Auto Scaling: groups of hosts.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_SCALING: Final = "autoscaling"


_GROUP: Final = (
    "capacityRebalance defaultInstanceWarmup healthCheckGracePeriod healthCheckType "
    "instanceMaintenancePolicy launchTemplate maxInstanceLifetime maxSize minSize "
    "mixedInstancesPolicy protectFromScaleIn"
)
_GROUP_NAMES: Final = {
    "name": "AutoScalingGroupName",
    "arn": "AutoScalingGroupARN",
    "id": "LaunchTemplateId",
    "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
}
_REFRESHING: Final = ("launchTemplate", "mixedInstancesPolicy")
"""Arguments whose change makes the provider replace the hosts that run."""


def _create_group(aws: Cloud, inputs: Values) -> str:
    aws.call(
        _SCALING,
        "create_auto_scaling_group",
        inputs,
        f"name desiredCapacity {_GROUP}",
        _GROUP_NAMES,
        VPCZoneIdentifier=",".join(inputs["vpcZoneIdentifiers"]),
        Tags=_group_tags(inputs, str(inputs["name"])),
    )
    return str(inputs["name"])


def _group_tags(inputs: Values, group: str) -> list[dict[str, Any]]:
    return [
        {
            "Key": item["key"],
            "Value": item["value"],
            "PropagateAtLaunch": bool(item["propagateAtLaunch"]),
            "ResourceId": group,
            "ResourceType": "auto-scaling-group",
        }
        for item in inputs.get("tags") or ()
    ]


def _settle_group(aws: Cloud, identifier: str, inputs: Values) -> None:
    wanted = set(inputs.get("enabledMetrics") or ())
    found = _group(aws, identifier) or {}
    there = {item["Metric"] for item in found.get("EnabledMetrics", ())}
    if wanted - there:
        aws.call(
            _SCALING,
            "enable_metrics_collection",
            AutoScalingGroupName=identifier,
            Metrics=sorted(wanted),
            Granularity="1Minute",
        )
    if there - wanted:
        aws.call(
            _SCALING,
            "disable_metrics_collection",
            AutoScalingGroupName=identifier,
            Metrics=sorted(there - wanted),
        )


def _group(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(
        _SCALING,
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        AutoScalingGroupNames=[identifier],
    )


def _read_group(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _group(aws, identifier)
    if found is None:
        return None
    policy = found.get("MixedInstancesPolicy")
    return {
        **aws.told(_SCALING, "AutoScalingGroup", found, _GROUP_NAMES),
        # Here a launch template's id is not called `id`, as it is where it stands alone.
        "mixedInstancesPolicy": policy and aws.told(_SCALING, "MixedInstancesPolicy", policy),
        "vpcZoneIdentifiers": [part for part in found["VPCZoneIdentifier"].split(",") if part],
        "enabledMetrics": [item["Metric"] for item in found.get("EnabledMetrics", ())],
        "tags": [
            {
                "key": item["Key"],
                "value": item["Value"],
                "propagateAtLaunch": item["PropagateAtLaunch"],
            }
            for item in found.get("Tags", ())
        ],
    }


def _update_group(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    aws.call(
        _SCALING,
        "update_auto_scaling_group",
        inputs,
        f"desiredCapacity {_GROUP}",
        _GROUP_NAMES,
        AutoScalingGroupName=identifier,
        VPCZoneIdentifier=",".join(inputs["vpcZoneIdentifiers"]),
    )
    _settle_group(aws, identifier, inputs)
    tags, old = _group_tags(inputs, identifier), _group_tags(state, identifier)
    if tags:
        aws.call(_SCALING, "create_or_update_tags", Tags=tags)
    kept = {item["Key"] for item in tags}
    if gone := [item for item in old if item["Key"] not in kept]:
        aws.call(_SCALING, "delete_tags", Tags=gone)
    if inputs.get("instanceRefresh") and any(
        state.get(key) != inputs.get(key) for key in _REFRESHING
    ):
        _refresh(aws, identifier, inputs["instanceRefresh"])


def _refresh(aws: Cloud, group: str, wanted: Mapping[str, Any]) -> None:
    aws.call(
        _SCALING,
        "start_instance_refresh",
        wanted,
        "strategy preferences",
        AutoScalingGroupName=group,
    )


def _delete_group(aws: Cloud, identifier: str, _state: Values) -> None:
    """Let the hosts go, protected or not, then the group, as the provider does."""
    found = _group(aws, identifier)
    if found is None:
        return
    group = {"AutoScalingGroupName": identifier}
    protected = [
        item["InstanceId"] for item in found["Instances"] if item.get("ProtectedFromScaleIn")
    ]
    if protected:
        aws.call(
            _SCALING,
            "set_instance_protection",
            **group,
            InstanceIds=protected,
            ProtectedFromScaleIn=False,
        )
    none = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
    aws.call(_SCALING, "update_auto_scaling_group", **group, **none)
    aws.call(_SCALING, "delete_auto_scaling_group", **group, ForceDelete=True)


GROUP: Final = Kind(
    "aws:autoscaling/group:Group",
    inputs=names(f"name desiredCapacity vpcZoneIdentifiers enabledMetrics tags {_GROUP}"),
    own=names("instanceRefresh waitForCapacityTimeout forceDelete"),
    outputs=names("arn availabilityZones"),
    create=_create_group,
    settle=_settle_group,
    read=_read_group,
    update=_update_group,
    delete=_delete_group,
    ordered=names("mixedInstancesPolicy"),
    name="name",
)

KINDS: Final = (GROUP,)
