"""The table: every resource type of the program, by its token."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from perpetual.sandbox.resources import (
    acm,
    appautoscaling,
    autoscaling,
    cloudwatch,
    ec2_access_lists,
    ec2_endpoints,
    ec2_gateways,
    ec2_routes,
    ec2_security_groups,
    ec2_templates,
    ec2_vpc,
    ecr,
    ecs,
    ecs_services,
    elb,
    elb_targets,
    iam,
    kms,
    others,
    rds,
    rds_groups,
    route53,
    s3,
    servicediscovery,
    sns,
    ssm,
)
from perpetual.sandbox.resources.kind import Kind

_MODULES: Final = (
    acm,
    appautoscaling,
    autoscaling,
    cloudwatch,
    ec2_access_lists,
    ec2_endpoints,
    ec2_gateways,
    ec2_routes,
    ec2_security_groups,
    ec2_templates,
    ec2_vpc,
    ecr,
    ecs,
    ecs_services,
    elb,
    elb_targets,
    iam,
    kms,
    others,
    rds,
    rds_groups,
    route53,
    s3,
    servicediscovery,
    sns,
    ssm,
)

TABLE: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind.token: kind for module in _MODULES for kind in module.KINDS}
)
