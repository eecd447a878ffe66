"""What moto has to be taught before the program's resources can be made in it.

A group launches what its launch template says; AWS also looks up an image that a parameter names,
and takes the type from a mixed instances policy. A policy may name everything of IAM in an account.
A subnet group that is changed is still there. A service can be scaled that moto's own ECS, which
the sandbox does not use, has never heard of.
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


def teach() -> None:
    """Make moto, in this process, do as AWS does; to do so again changes nothing."""
    from moto.applicationautoscaling.models import (  # noqa: PLC0415 - only the sandbox needs it
        ApplicationAutoscalingBackend,
    )
    from moto.autoscaling.models import FakeAutoScalingGroup  # noqa: PLC0415 - as above
    from moto.iam import policy_validation  # noqa: PLC0415 - as above
    from moto.rds.models import RDSBackend  # noqa: PLC0415 - as above

    paths = policy_validation.VALID_RESOURCE_PATH_STARTING_VALUES["iam"]["values"]
    if _EVERYTHING not in paths:
        paths.append(_EVERYTHING)
    for name, value in (("image_id", _image), ("instance_type", _type)):
        setattr(FakeAutoScalingGroup, name, property(value))
    known = "_ecs_service_exists_for_target"
    setattr(ApplicationAutoscalingBackend, known, lambda _backend, _service: True)
    if not hasattr(RDSBackend.modify_db_subnet_group, "__wrapped__"):
        keeping = _keeping(RDSBackend.modify_db_subnet_group)
        RDSBackend.modify_db_subnet_group = keeping  # type: ignore[method-assign]  # a repair


def _template(group: Any) -> Any:
    return group.ec2_launch_template.get_version(group.launch_template_version)


def _image(group: Any) -> str:
    from moto.ssm.models import ssm_backends  # noqa: PLC0415 - as above

    image = str(_template(group).image_id)
    if image.startswith(_BY_PARAMETER):
        name = image.removeprefix(_BY_PARAMETER)
        parameter = ssm_backends[group.account_id][group.region].get_parameter(name)
        image = parameter.value if parameter else image
    _know(group.ec2_backend, image)
    return image


def _know(ec2: Any, image: str) -> None:
    """Have an image that an instance can be launched from; moto need not load all of AWS's."""
    from moto.ec2.models.amis import Ami  # noqa: PLC0415 - as above

    if image not in ec2.amis:
        ec2.amis[image] = Ami(
            ec2,
            image,
            name=image,
            architecture="arm64",
            owner_id=_AMAZON,
            owner_alias="amazon",
            public=True,
        )


def _type(group: Any) -> str:
    policy = group.mixed_instances_policy or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or []
    chosen = next((item["InstanceType"] for item in overrides if "InstanceType" in item), None)
    return str(chosen or _template(group).instance_type)


def _keeping(modify: Callable[..., Any]) -> Callable[..., Any]:
    """Return moto's change of a subnet group, which takes the group out, with the way back in."""

    @wraps(modify)
    def call(rds: Any, name: str, *rest: Any) -> Any:
        group = modify(rds, name, *rest)
        rds.subnet_groups[name] = group
        return group

    return call
