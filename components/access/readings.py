"""Reading that several roles may do: the cluster, the published parameters, logs."""

from collections.abc import Sequence

from components.access.statements import Statement, allow
from perpetual import contract


def parameters(stack: contract.Stack) -> Statement:
    """Return reading of what the stack publishes about itself: never of its secrets."""
    return allow(
        "ReadParameters",
        [
            "ssm:GetParameter",
            "ssm:GetParameterHistory",
            "ssm:GetParameters",
            "ssm:GetParametersByPath",
        ],
        [
            stack.arn("ssm", f"parameter{stack.contract_parameter}"),
            stack.arn("ssm", f"parameter{stack.release_parameter}"),
            stack.parameter_arn("deploy"),
            stack.parameter_arn("deploy", "*"),
        ],
    )


def ecs(stack: contract.Stack) -> list[Statement]:
    """Return reading of this cluster, its service, deployments, tasks and hosts."""
    service = f"{stack.cluster}/{stack.service}"
    cluster = stack.arn("ecs", f"cluster/{stack.cluster}")
    return [
        allow(
            "ReadCluster",
            [
                "ecs:DescribeCapacityProviders",
                "ecs:DescribeClusters",
                "ecs:DescribeContainerInstances",
                "ecs:DescribeServiceDeployments",
                "ecs:DescribeServiceRevisions",
                "ecs:DescribeServices",
                "ecs:DescribeTasks",
                "ecs:ListContainerInstances",
                "ecs:ListServiceDeployments",
            ],
            [
                cluster,
                stack.arn("ecs", f"capacity-provider/{stack.physical('hosts')}"),
                stack.arn("ecs", f"container-instance/{stack.cluster}/*"),
                stack.arn("ecs", f"service/{service}"),
                stack.arn("ecs", f"service-deployment/{service}/*"),
                stack.arn("ecs", f"service-revision/{service}/*"),
                stack.arn("ecs", f"task/{stack.cluster}/*"),
            ],
        ),
        allow("ListTasks", ["ecs:ListTasks"], when={"ArnEquals": {"ecs:cluster": cluster}}),
        # Neither takes a resource.
        allow("ReadRevisions", ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]),
    ]


def logs(groups: Sequence[str]) -> Statement:
    """Return reading of log groups, given their ARNs without the streams' `:*`."""
    return allow(
        "ReadLogs",
        [
            "logs:DescribeLogStreams",
            "logs:FilterLogEvents",
            "logs:GetLogEvents",
            "logs:StartLiveTail",
        ],
        [arn for group in groups for arn in (group, f"{group}:*")],
    )
