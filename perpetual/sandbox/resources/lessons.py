"""What moto has to be taught before the program's resources can be made in it.

A group launches what its launch template says; AWS also looks up an image that a parameter names,
and takes the type from a mixed instances policy. A policy may name everything of IAM in an account.
A subnet group that is changed is still there. A service can be scaled that moto's own ECS, which
the sandbox does not use, has never heard of. Some calls are not there at all: another key for a
log group, parameters that are taken back, metrics that a group no longer measures.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

_BY_PARAMETER: Final = "resolve:ssm:"
"""Begins an image's name that is looked up when an instance is launched.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html#use-an-ssm-parameter-instead-of-an-ami-id
"""
_AMAZON: Final = "137112412989"
"""The account whose images are Amazon Linux.

https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
"""
_EVERYTHING: Final = "*"
"""Path of `arn:aws:iam::111122223333:*`, which moto's own message allows and its check does not."""
_TAUGHT: Final = "taught_to_keep"
"""Mark of a method that was taught already."""


def teach() -> None:
    """Make moto, in this process, do as AWS does; to do so again changes nothing."""
    from moto.applicationautoscaling import models as scaling  # noqa: PLC0415 - only the sandbox needs it
    from moto.autoscaling.models import FakeAutoScalingGroup  # noqa: PLC0415 - as above
    from moto.autoscaling.responses import AutoScalingResponse  # noqa: PLC0415 - as above
    from moto.iam import policy_validation  # noqa: PLC0415 - as above
    from moto.logs.responses import LogsResponse  # noqa: PLC0415 - as above
    from moto.rds.models import RDSBackend  # noqa: PLC0415 - as above
    from moto.rds.responses import RDSResponse  # noqa: PLC0415 - as above

    paths = policy_validation.VALID_RESOURCE_PATH_STARTING_VALUES["iam"]["values"]
    if _EVERYTHING not in paths:
        paths.append(_EVERYTHING)
    modify = RDSBackend.modify_db_subnet_group
    lessons: tuple[tuple[type, str, Any], ...] = (
        (FakeAutoScalingGroup, "image_id", property(_image)),
        (FakeAutoScalingGroup, "instance_type", property(_type)),
        (scaling.ApplicationAutoscalingBackend, "_ecs_service_exists_for_target", _known),
        (AutoScalingResponse, "disable_metrics_collection", _measure_less),
        (LogsResponse, "associate_kms_key", _give_key),
        (LogsResponse, "disassociate_kms_key", _give_key),
        (RDSResponse, "reset_db_parameter_group", _reset_parameters),
        (RDSBackend, "modify_db_subnet_group", _keeping(modify)),
    )
    for pupil, name, lesson in lessons:
        setattr(pupil, name, lesson)


def _known(_backend: Any, _service: str) -> bool:
    return True


def _measure_less(response: Any) -> Any:
    """Stop measuring some of what a group measures."""
    from moto.core.responses import EmptyResult  # noqa: PLC0415 - as above

    groups = response.autoscaling_backend.autoscaling_groups
    group = groups[response._get_param("AutoScalingGroupName")]  # noqa: SLF001 - moto's own way
    gone = response._get_param("Metrics") or group.metrics  # noqa: SLF001 - as above
    group.metrics = [item for item in group.metrics if item not in gone]
    return EmptyResult()


def _give_key(response: Any) -> str:
    """Give a log group the key that a request names, or none."""
    group = response.logs_backend.groups[response._get_param("logGroupName")]  # noqa: SLF001 - as above
    group.kms_key_id = response._get_param("kmsKeyId")  # noqa: SLF001 - as above
    return ""


def _reset_parameters(response: Any) -> Any:
    """Take back parameters that somebody has set."""
    from moto.core.responses import ActionResult  # noqa: PLC0415 - as above

    group = response.backend.db_parameter_groups[response.params["DBParameterGroupName"]]
    for item in response.params.get("Parameters", ()):
        group.parameters.pop(item.original_dict()["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": group.name})


def _source(group: Any) -> Any:
    """Return what a group launches from: a version of a template, or a configuration."""
    template = group.ec2_launch_template
    return template.get_version(group.launch_template_version) if template else group.launch_config


def _image(group: Any) -> str:
    from moto.ssm.models import ssm_backends  # noqa: PLC0415 - as above

    asked = str(_source(group).image_id)
    image, name = asked, asked.removeprefix(_BY_PARAMETER)
    if name != asked:
        parameter = ssm_backends[group.account_id][group.region].get_parameter(name)
        image = parameter.value if parameter else asked
    _know(group.ec2_backend, image, "arm64" if "arm64" in name else "x86_64")
    return image


def _know(ec2: Any, image: str, architecture: str) -> None:
    """Have an image that an instance can be launched from; moto need not load all of AWS's."""
    from moto.ec2.models.amis import Ami  # noqa: PLC0415 - as above

    if image not in ec2.amis:
        ec2.amis[image] = Ami(
            ec2,
            image,
            name=image,
            architecture=architecture,
            owner_id=_AMAZON,
            owner_alias="amazon",
            public=True,
        )


def _type(group: Any) -> str:
    policy = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    chosen = next((item["InstanceType"] for item in overrides if "InstanceType" in item), None)
    return str(chosen or _source(group).instance_type)


def _keeping(modify: Callable[..., Any]) -> Callable[..., Any]:
    """Return moto's change of a subnet group, which takes the group out, with the way back in."""
    if hasattr(modify, _TAUGHT):
        return modify

    @wraps(modify)
    def call(rds: Any, name: str, *rest: Any) -> Any:
        group = modify(rds, name, *rest)
        rds.subnet_groups[name] = group
        return group

    setattr(call, _TAUGHT, True)
    return call
