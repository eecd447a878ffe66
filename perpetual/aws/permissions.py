"""What IAM asks of a call: actions, resources and condition keys, from the request alone.

A dry run shows it, and the tests put every call that a command makes before the documents of the
role that makes it. Actions, resource types and keys are those of the Service Authorization
Reference: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from perpetual import contract
from perpetual.aws.calls import Call

Request = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One question to IAM: may this action be done on this resource, under these conditions?"""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


Need = Callable[[contract.Stack, Request], Iterator[Permission]]

PUSH: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
"""What `docker push` asks of a repository:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html"""


def push(stack: contract.Stack) -> list[Permission]:
    """Return what a push needs: Docker makes the calls, with the token of this role."""
    repository = stack.arn("ecr", f"repository/{stack.repository}")
    return [Permission(action=action, resource=repository) for action in PUSH]


def needed(call: Call, stack: contract.Stack) -> list[Permission]:
    """Return what a call needs; nothing for what IAM does not ask about.

    Raises:
        KeyError: Nobody has said yet what this operation needs.
    """
    return list(_NEEDS[call.service, call.operation](stack, call.request))


def _free(_stack: contract.Stack, _request: Request) -> Iterator[Permission]:
    yield from ()


def _anywhere(action: str) -> Need:
    def need(_stack: contract.Stack, _request: Request) -> Iterator[Permission]:
        yield Permission(action=action)

    return need


def _cluster(stack: contract.Stack) -> dict[str, str]:
    return {"ecs:cluster": stack.arn("ecs", f"cluster/{stack.cluster}")}


# --- ECS


def _on_service(action: str) -> Need:
    def need(stack: contract.Stack, request: Request) -> Iterator[Permission]:
        names = request.get("services") or [request["service"]]
        for name in names:
            on = stack.arn("ecs", f"service/{request['cluster']}/{name}")
            yield Permission(action=action, resource=on, context=_cluster(stack))

    return need


def _on_tasks(action: str, key: str) -> Need:
    def need(stack: contract.Stack, request: Request) -> Iterator[Permission]:
        given = request[key]
        for task in [given] if isinstance(given, str) else given:
            yield Permission(action=action, resource=task, context=_cluster(stack))

    return need


def _on_arns(action: str, key: str) -> Need:
    def need(_stack: contract.Stack, request: Request) -> Iterator[Permission]:
        given = request[key]
        for arn in [given] if isinstance(given, str) else given:
            yield Permission(action=action, resource=arn)

    return need


def _list_tasks(stack: contract.Stack, _request: Request) -> Iterator[Permission]:
    yield Permission(action="ecs:ListTasks", context=_cluster(stack))


def _list_hosts(stack: contract.Stack, request: Request) -> Iterator[Permission]:
    on = stack.arn("ecs", f"cluster/{request['cluster']}")
    yield Permission(action="ecs:ListContainerInstances", resource=on)


def _register(stack: contract.Stack, request: Request) -> Iterator[Permission]:
    on = stack.arn("ecs", f"task-definition/{request['family']}:*")
    for container in request["containerDefinitions"]:
        privileged = str(container.get("privileged", False)).lower()
        context = {"ecs:privileged": privileged}
        yield Permission(action="ecs:RegisterTaskDefinition", resource=on, context=context)
    if request.get("tags"):
        context = {"ecs:CreateAction": "RegisterTaskDefinition"}
        yield Permission(action="ecs:TagResource", resource=on, context=context)
    yield from _pass_roles(request)


def _pass_roles(request: Request) -> Iterator[Permission]:
    for key in ("taskRoleArn", "executionRoleArn"):
        if key in request:
            context = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
            yield Permission(action="iam:PassRole", resource=request[key], context=context)


def _run_task(stack: contract.Stack, request: Request) -> Iterator[Permission]:
    network = request["networkConfiguration"]["awsvpcConfiguration"]
    public = network.get("assignPublicIp", "DISABLED")
    yield Permission(
        action="ecs:RunTask",
        resource=request["taskDefinition"],
        context={**_cluster(stack), "ecs:auto-assign-public-ip": public},
    )
    if request.get("tags") or request.get("propagateTags"):
        on = stack.arn("ecs", f"task/{request['cluster']}/*")
        context = {"ecs:CreateAction": "RunTask"}
        yield Permission(action="ecs:TagResource", resource=on, context=context)
    # The roles of the task definition are passed once more to what runs.
    yield from _pass_roles(
        {
            "taskRoleArn": stack.role_arn(stack.task_role),
            "executionRoleArn": stack.role_arn(stack.execution_role),
        }
    )


def _update_service(stack: contract.Stack, request: Request) -> Iterator[Permission]:
    on = stack.arn("ecs", f"service/{request['cluster']}/{request['service']}")
    context = _cluster(stack)
    if "taskDefinition" in request:
        context["ecs:task-definition"] = request["taskDefinition"]
    yield Permission(action="ecs:UpdateService", resource=on, context=context)


# --- SSM


def _on_parameter(action: str, key: str = "Name") -> Need:
    def need(stack: contract.Stack, request: Request) -> Iterator[Permission]:
        on = stack.arn("ssm", f"parameter{request[key]}")
        yield Permission(action=action, resource=on)
        if request.get("Tags"):
            context = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in request["Tags"]}
            yield Permission(action="ssm:AddTagsToResource", resource=on, context=context)

    return need


def _send_command(stack: contract.Stack, request: Request) -> Iterator[Permission]:
    on = stack.arn("ssm", f"document/{request['DocumentName']}")
    yield Permission(action="ssm:SendCommand", resource=on)
    tags = {
        f"ssm:resourceTag/{contract.STACK_TAG}": stack.name,
        f"ssm:resourceTag/{contract.ROLE_TAG}": "host",
    }
    for instance in request["InstanceIds"]:
        on = stack.arn("ec2", f"instance/{instance}")
        yield Permission(action="ssm:SendCommand", resource=on, context=tags)


# --- other services


def _on_repository(action: str) -> Need:
    def need(stack: contract.Stack, request: Request) -> Iterator[Permission]:
        yield Permission(
            action=action, resource=stack.arn("ecr", f"repository/{request['repositoryName']}")
        )

    return need


def _on_log_group(action: str) -> Need:
    def need(stack: contract.Stack, request: Request) -> Iterator[Permission]:
        group = stack.arn("logs", f"log-group:{request['logGroupName']}")
        yield Permission(action=action, resource=group)

    return need


def _log_events(stack: contract.Stack, request: Request) -> Iterator[Permission]:
    group = stack.arn("logs", f"log-group:{request['logGroupName']}")
    on = f"{group}:log-stream:{request['logStreamName']}"
    yield Permission(action="logs:GetLogEvents", resource=on)


_NEEDS: Final[Mapping[tuple[str, str], Need]] = {
    # Whoever is known may ask who they are; no policy can forbid it.
    ("sts", "GetCallerIdentity"): _free,
    ("acm", "DescribeCertificate"): _anywhere("acm:DescribeCertificate"),
    ("application-autoscaling", "DescribeScalingActivities"): _anywhere(
        "application-autoscaling:DescribeScalingActivities"
    ),
    ("autoscaling", "DescribeAutoScalingGroups"): _anywhere(
        "autoscaling:DescribeAutoScalingGroups"
    ),
    ("autoscaling", "DescribeScalingActivities"): _anywhere(
        "autoscaling:DescribeScalingActivities"
    ),
    ("cloudwatch", "DescribeAlarmHistory"): _anywhere("cloudwatch:DescribeAlarmHistory"),
    ("cloudwatch", "DescribeAlarms"): _anywhere("cloudwatch:DescribeAlarms"),
    ("cloudwatch", "GetMetricData"): _anywhere("cloudwatch:GetMetricData"),
    ("ecr", "BatchGetImage"): _on_repository("ecr:BatchGetImage"),
    ("ecr", "GetAuthorizationToken"): _anywhere("ecr:GetAuthorizationToken"),
    ("ecs", "DescribeContainerInstances"): _on_arns(
        "ecs:DescribeContainerInstances", "containerInstances"
    ),
    ("ecs", "DescribeServiceDeployments"): _on_arns(
        "ecs:DescribeServiceDeployments", "serviceDeploymentArns"
    ),
    ("ecs", "DescribeServiceRevisions"): _on_arns(
        "ecs:DescribeServiceRevisions", "serviceRevisionArns"
    ),
    ("ecs", "DescribeServices"): _on_service("ecs:DescribeServices"),
    ("ecs", "DescribeTaskDefinition"): _anywhere("ecs:DescribeTaskDefinition"),
    ("ecs", "DescribeTasks"): _on_tasks("ecs:DescribeTasks", "tasks"),
    ("ecs", "ListContainerInstances"): _list_hosts,
    ("ecs", "ListServiceDeployments"): _on_service("ecs:ListServiceDeployments"),
    ("ecs", "ListTasks"): _list_tasks,
    ("ecs", "RegisterTaskDefinition"): _register,
    ("ecs", "RunTask"): _run_task,
    ("ecs", "StopServiceDeployment"): _on_arns("ecs:StopServiceDeployment", "serviceDeploymentArn"),
    ("ecs", "StopTask"): _on_tasks("ecs:StopTask", "task"),
    ("ecs", "UpdateService"): _update_service,
    ("elbv2", "DescribeListeners"): _anywhere("elasticloadbalancing:DescribeListeners"),
    ("elbv2", "DescribeTargetHealth"): _anywhere("elasticloadbalancing:DescribeTargetHealth"),
    ("logs", "DescribeLogStreams"): _on_log_group("logs:DescribeLogStreams"),
    ("logs", "FilterLogEvents"): _on_log_group("logs:FilterLogEvents"),
    ("logs", "GetLogEvents"): _log_events,
    ("logs", "StartLiveTail"): _on_arns("logs:StartLiveTail", "logGroupIdentifiers"),
    ("rds", "DescribeDBInstances"): _anywhere("rds:DescribeDBInstances"),
    ("rds", "DescribeEvents"): _anywhere("rds:DescribeEvents"),
    ("ssm", "DeleteParameter"): _on_parameter("ssm:DeleteParameter"),
    ("ssm", "DescribeParameters"): _anywhere("ssm:DescribeParameters"),
    ("ssm", "GetParameter"): _on_parameter("ssm:GetParameter"),
    ("ssm", "GetParameterHistory"): _on_parameter("ssm:GetParameterHistory"),
    ("ssm", "GetParametersByPath"): _on_parameter("ssm:GetParametersByPath", "Path"),
    ("ssm", "ListCommandInvocations"): _anywhere("ssm:ListCommandInvocations"),
    ("ssm", "PutParameter"): _on_parameter("ssm:PutParameter"),
    ("ssm", "SendCommand"): _send_command,
}
