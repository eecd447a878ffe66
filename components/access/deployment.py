"""What the deployment role may do: release, watch the release, and take it back.

Whoever may deploy decides what code runs, so can reach what that code reaches. The role itself
reads no secret, changes no infrastructure and has no shell on a host.
"""

from components.access import readings
from components.access.pull import HOST
from components.access.statements import (
    REQUEST_STACK,
    Statement,
    allow,
    deny,
    document,
    no_secrets,
)
from perpetual import contract


def policies(stack: contract.Stack) -> dict[str, str]:
    """Return the role's policies by short name: several, because AWS limits the length of one.

    Actions, resource types and condition keys are those of the Service Authorization Reference,
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
    """
    release = [*_image(stack), *_revision(stack), *_service(stack), *_hosts(stack), *_limits()]
    watch = [*_record(stack), *_watch(stack), *no_secrets(stack)]
    return {"release": document(release), "watch": document(watch)}


def _image(stack: contract.Stack) -> list[Statement]:
    return [
        # A registry's token is for the whole registry: no resource type exists.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"]),
        allow(
            "PushRelease",
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImageScanFindings",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:ListImages",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            stack.arn("ecr", f"repository/{stack.repository}"),
        ),
    ]


def _revision(stack: contract.Stack) -> list[Statement]:
    families = [
        stack.arn("ecs", f"task-definition/{family}:*")
        for family in (stack.family, stack.migration_family)
    ]
    tasks = stack.arn("ecs", f"task/{stack.cluster}/*")
    return [
        allow("RegisterRevision", ["ecs:RegisterTaskDefinition"], families),
        allow("RunMigration", ["ecs:RunTask"], families, _here(stack)),
        allow("StopMigration", ["ecs:StopTask"], tasks, _here(stack)),
        allow(
            "TagAtCreation",
            ["ecs:TagResource"],
            [*families, tasks],
            {"StringEquals": {"ecs:CreateAction": ["RegisterTaskDefinition", "RunTask"]}},
        ),
        allow(
            "PassTwoRoles",
            ["iam:PassRole"],
            [stack.role_arn(stack.task_role), stack.role_arn(stack.execution_role)],
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
    ]


def _service(stack: contract.Stack) -> list[Statement]:
    family = stack.arn("ecs", f"task-definition/{stack.family}:*")
    service = f"{stack.cluster}/{stack.service}"
    return [
        allow(
            "UpdateService",
            ["ecs:UpdateService"],
            stack.arn("ecs", f"service/{service}"),
            # PassRole is not asked again here: without this, the service could be given another
            # family's task definition, with the roles that somebody else passed to it.
            {**_here(stack), "ArnLikeIfExists": {"ecs:task-definition": family}},
        ),
        allow(
            "StopDeployment",
            ["ecs:StopServiceDeployment"],
            [
                stack.arn("ecs", f"service/{service}"),
                stack.arn("ecs", f"service-deployment/{service}/*"),
            ],
        ),
    ]


def _record(stack: contract.Stack) -> list[Statement]:
    """Release, lock and history: the lock and the history live below `deploy/`."""
    release = stack.arn("ssm", f"parameter{stack.release_parameter}")
    below = stack.parameter_arn("deploy", "*")
    return [
        readings.parameters(stack),
        allow("WriteRelease", ["ssm:PutParameter"], [release, below]),
        allow("ClearLock", ["ssm:DeleteParameter", "ssm:DeleteParameters"], below),
        allow(
            "TagRecord",
            ["ssm:AddTagsToResource"],
            below,
            {"StringEquals": {REQUEST_STACK: stack.name}},
        ),
        # Names and types only, to see that every secret is there.
        allow("ListParameters", ["ssm:DescribeParameters"]),
    ]


def _hosts(stack: contract.Stack) -> list[Statement]:
    return [
        allow("PullOnly", ["ssm:SendCommand"], stack.arn("ssm", f"document/{stack.pull_document}")),
        allow(
            "PullOnHosts",
            ["ssm:SendCommand"],
            stack.arn("ec2", "instance/*"),
            {
                "StringEquals": {
                    f"ssm:resourceTag/{contract.STACK_TAG}": stack.name,
                    f"ssm:resourceTag/{contract.ROLE_TAG}": HOST,
                }
            },
        ),
        allow("FollowPull", ["ssm:GetCommandInvocation", "ssm:ListCommandInvocations"]),
    ]


def _watch(stack: contract.Stack) -> list[Statement]:
    return [
        *readings.ecs(stack),
        # None of these takes a resource, or each only by an id that a listing must give first.
        allow(
            "Watch",
            [
                "acm:DescribeCertificate",
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeScalingActivities",
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "ec2:DescribeInstances",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
                "logs:DescribeLogGroups",
                "rds:DescribeDBInstances",
                "rds:DescribeEvents",
            ],
        ),
        readings.logs([stack.arn("logs", f"log-group:{stack.log_group('release')}")]),
    ]


def _limits() -> list[Statement]:
    """Return what a release may never ask for, although the calls themselves are allowed."""
    return [
        deny(
            "NoPrivilegedContainers",
            ["ecs:RegisterTaskDefinition"],
            when={"StringEquals": {"ecs:privileged": "true"}},
        ),
        deny(
            "NoPublicAddresses",
            ["ecs:RunTask", "ecs:UpdateService"],
            when={"StringEqualsIgnoreCase": {"ecs:auto-assign-public-ip": ["true", "enabled"]}},
        ),
    ]


def _here(stack: contract.Stack) -> dict[str, dict[str, str]]:
    return {"ArnEquals": {"ecs:cluster": stack.arn("ecs", f"cluster/{stack.cluster}")}}
