"""Application Auto Scaling: what scales a service.

https://docs.aws.amazon.com/autoscaling/application/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_SCALING: Final = "application-autoscaling"
_SUBJECT: Final = "serviceNamespace scalableDimension resourceId"


def _subject(state: Values) -> dict[str, Any]:
    return {
        "ServiceNamespace": state["serviceNamespace"],
        "ScalableDimension": state["scalableDimension"],
        "ResourceId": state["resourceId"],
    }


def _register(aws: Cloud, inputs: Values) -> str:
    wanted = f"{_SUBJECT} minCapacity maxCapacity tagsAll"
    aws.call(_SCALING, "register_scalable_target", inputs, wanted)
    return str(inputs["resourceId"])


def _read_target(aws: Cloud, identifier: str, state: Values) -> Values | None:
    subject = _subject(state)
    del subject["ResourceId"]
    asked = {**subject, "ResourceIds": [identifier]}
    found = aws.find(_SCALING, "describe_scalable_targets", "ScalableTargets", **asked)
    return found and aws.told(_SCALING, "ScalableTarget", found, {"arn": "ScalableTargetARN"})


def _update_target(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    wanted = f"{_SUBJECT} minCapacity maxCapacity"
    aws.call(_SCALING, "register_scalable_target", inputs, wanted)


def _deregister(aws: Cloud, _identifier: str, state: Values) -> None:
    aws.call(_SCALING, "deregister_scalable_target", **_subject(state))


def _retag(
    _aws: Cloud, _identifier: str, _state: Values, _changed: tagging.Tags, _gone: list[str]
) -> None:
    """Leave the tags to what is kept beside moto, which has none here."""


TARGET: Final = Kind(
    "aws:appautoscaling/target:Target",
    inputs=names(f"{_SUBJECT} minCapacity maxCapacity"),
    outputs=names("arn roleArn"),
    create=_register,
    read=_read_target,
    update=_update_target,
    delete=_deregister,
    retag=_retag,
)

_POLICY_NAMES: Final = {"name": "PolicyName", "arn": "PolicyARN"}
_POLICY: Final = f"name policyType targetTrackingScalingPolicyConfiguration {_SUBJECT}"


def _put_policy(aws: Cloud, inputs: Values) -> str:
    aws.call(_SCALING, "put_scaling_policy", inputs, _POLICY, _POLICY_NAMES)
    return str(inputs["name"])


def _rewrite_policy(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    _put_policy(aws, inputs)


def _read_policy(aws: Cloud, identifier: str, state: Values) -> Values | None:
    asked = {**_subject(state), "PolicyNames": [identifier]}
    found = aws.find(_SCALING, "describe_scaling_policies", "ScalingPolicies", **asked)
    return found and {
        **aws.told(_SCALING, "ScalingPolicy", found, _POLICY_NAMES),
        "alarmArns": [item["AlarmARN"] for item in found.get("Alarms", ())],
    }


def _delete_policy(aws: Cloud, identifier: str, state: Values) -> None:
    aws.call(_SCALING, "delete_scaling_policy", PolicyName=identifier, **_subject(state))


POLICY: Final = Kind(
    "aws:appautoscaling/policy:Policy",
    inputs=names(_POLICY),
    outputs=names("alarmArns arn"),
    create=_put_policy,
    read=_read_policy,
    update=_rewrite_policy,
    delete=_delete_policy,
)

KINDS: Final = (TARGET, POLICY)
