"""The documents against the whole program: what they name is what the other layers make."""

import json
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from perpetual import contract
from perpetual.offline import preview
from perpetual.offline.capture import Capture
from perpetual.offline.program import run
from tests.components.access.given import HERE, NEW, OWN
from tests.support.iam import Call, Decision
from tests.support.roles import RoleDocuments, documents

ROOT: Final = Path(__file__).parents[3]
STACKS: Final = ("prod", "dev")
ACCOUNT: Final = {"prod": "111122223333", "dev": "444455556666"}


@cache
def program(stack: str) -> Capture:
    """Return one of the example stacks with a bastion and an infrastructure role, as registered."""
    principal = f"arn:aws:iam::{ACCOUNT[stack]}:role/platform"
    overrides = ("access.bastion=ssm", f"access.infrastructure.principals[0]={principal}")
    planned = preview.plan(preview.Options(root=ROOT, stack=stack, overrides=overrides))
    return run(planned.project, planned.stack, planned.config, planned.answers)


def infrastructure(stack: str) -> RoleDocuments:
    """Return the infrastructure role of one of them."""
    return documents(program(stack), f"perpetual-{stack}-infrastructure")


@pytest.mark.parametrize("stack", STACKS)
def test_the_roles_that_services_assume_are_the_ones_that_may_be_passed(stack: str) -> None:
    """Each to its own service; and no access role to any."""
    identity = contract.Stack(name=stack, account=ACCOUNT[stack], region="eu-west-1")
    found = infrastructure(stack)
    services = 0
    for item in program(stack).of_type("aws:iam/role:Role"):
        (statement,) = json.loads(item.inputs["assumeRolePolicy"])["Statement"]
        service = statement["Principal"].get("Service")
        context = HERE | {"iam:PassedToService": service or "ec2.amazonaws.com"}
        context["aws:RequestedRegion"] = identity.region
        answer = found.decide(Call("iam:PassRole", identity.role_arn(item.inputs["name"]), context))
        assert (answer is Decision.ALLOWED) == (service is not None), item.inputs["name"]
        services += service is not None
    assert services == 6


NAMED: Final = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch:TagResource",
        "cloudwatch",
        "alarm:{name}",
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        "cloudwatch:PutDashboard",
        "cloudwatch!",
        "dashboard/{dashboardName}",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("logs:TagResource", "logs", "log-group:{name}"),
    "aws:ecr/repository:Repository": ("ecr:TagResource", "ecr", "repository/{name}"),
    "aws:rds/instance:Instance": ("rds:AddTagsToResource", "rds", "db:{identifier}"),
    "aws:rds/subnetGroup:SubnetGroup": ("rds:AddTagsToResource", "rds", "subgrp:{name}"),
    "aws:rds/parameterGroup:ParameterGroup": ("rds:AddTagsToResource", "rds", "pg:{name}"),
    "aws:sns/topic:Topic": ("sns:TagResource", "sns", "{name}"),
    "aws:ssm/parameter:Parameter": ("ssm:PutParameter", "ssm", "parameter{name}"),
    "aws:ssm/document:Document": ("ssm:UpdateDocument", "ssm", "document/{name}"),
    "aws:autoscaling/group:Group": (
        "autoscaling:CreateOrUpdateTags",
        "autoscaling",
        "autoScalingGroup:9:autoScalingGroupName/{name}",
    ),
    "aws:s3/bucket:Bucket": ("s3:PutBucketPolicy", "s3", "{bucket}"),
}
"""What goes by name: a call that each kind of resource needs, and its ARN."""


@pytest.mark.parametrize("stack", STACKS)
def test_what_goes_by_name_is_named_as_the_documents_expect(stack: str) -> None:
    """A renamed alarm or bucket would lock the role out of it."""
    identity = contract.Stack(name=stack, account=ACCOUNT[stack], region="eu-west-1")
    tags = dict.fromkeys((*OWN, *NEW), stack) | {"aws:RequestedRegion": identity.region}
    seen = set()
    for item in program(stack).registrations:
        if item.type in NAMED:
            action, service, pattern = NAMED[item.type]
            resource = pattern.format(**item.inputs)
            arn = (
                f"arn:aws:s3:::{resource}"
                if service == "s3"
                else identity.arn(service.rstrip("!"), resource, regional=not service.endswith("!"))
            )
            assert infrastructure(stack).decide(Call(action, arn, tags)) is Decision.ALLOWED, arn
            seen.add(item.type)
    assert seen == set(NAMED)
