"""The table: every resource type of the program, by its token."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from perpetual.sandbox.resources import (
    cloudwatch,
    discovery,
    dns,
    ecr,
    ecs,
    elb,
    firewall,
    hosts,
    iam,
    kms,
    messages,
    others,
    rds,
    routing,
    s3,
    scaling,
    ssm,
    vpc,
)
from perpetual.sandbox.resources.kind import Kind

_MODULES: Final = (
    vpc,
    routing,
    firewall,
    hosts,
    iam,
    kms,
    rds,
    elb,
    s3,
    dns,
    messages,
    ssm,
    cloudwatch,
    ecr,
    discovery,
    scaling,
    ecs,
    others,
)

TABLE: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind.token: kind for module in _MODULES for kind in module.KINDS}
)
