"""Known ways from some permissions to more: calls alone, on things in place, and by passing a role.

Collected from published research, as facts:
Rhino Security Labs, https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
and Pathfinding.cloud, https://pathfinding.cloud.
"""

from dataclasses import dataclass
from typing import Final

PROBE: Final = "\x00any"
"""A name that nobody gives: a pattern that fits it fits whatever it is called."""

ANY_ROLE: Final = f"arn:*:iam::*:role/{PROBE}"
_USER: Final = f"arn:*:iam::*:user/{PROBE}"
_GROUP: Final = f"arn:*:iam::*:group/{PROBE}"
_POLICY: Final = f"arn:*:iam::*:policy/{PROBE}"

ALONE: Final = {
    "iam:CreatePolicyVersion": _POLICY,
    "iam:SetDefaultPolicyVersion": _POLICY,
    "iam:AttachRolePolicy": ANY_ROLE,
    "iam:PutRolePolicy": ANY_ROLE,
    "iam:UpdateAssumeRolePolicy": ANY_ROLE,
    "iam:DeleteRolePermissionsBoundary": ANY_ROLE,
    "iam:AttachUserPolicy": _USER,
    "iam:PutUserPolicy": _USER,
    "iam:DeleteUserPermissionsBoundary": _USER,
    "iam:CreateAccessKey": _USER,
    "iam:CreateLoginProfile": _USER,
    "iam:UpdateLoginProfile": _USER,
    "iam:AttachGroupPolicy": _GROUP,
    "iam:PutGroupPolicy": _GROUP,
    "iam:AddUserToGroup": _GROUP,
    "sts:AssumeRole": ANY_ROLE,
}
"""Calls that give more by themselves, where they may be made on whatever there is."""


@dataclass(frozen=True)
class Step:
    """A call, and the resources on all of which it must be allowed."""

    action: str
    on: tuple[str, ...]


def _on(service: str, action: str, *kinds: str) -> Step:
    return Step(action, tuple(f"arn:*:{service}:*:*:{kind}{PROBE}" for kind in kinds))


IN_PLACE: Final = (
    (Step("ssm:SendCommand", (
        f"arn:*:ec2:*:*:instance/{PROBE}", "arn:*:ssm:*:*:document/AWS-RunShellScript"
    )),),
    (_on("ec2", "ssm:StartSession", "instance/"),),
    (_on("ec2", "ec2-instance-connect:SendSSHPublicKey", "instance/"),),
    (_on("ecs", "ecs:ExecuteCommand", "task/"),),
    (_on("lambda", "lambda:UpdateFunctionCode", "function:"),),
    (_on("lambda", "lambda:UpdateFunctionConfiguration", "function:"),),
    (_on("cloudformation", "cloudformation:UpdateStack", "stack/"),),
    (
        _on("cloudformation", "cloudformation:CreateChangeSet", "stack/"),
        _on("cloudformation", "cloudformation:ExecuteChangeSet", "stack/"),
    ),
    (_on("codebuild", "codebuild:StartBuild", "project/"),),
    (_on("codebuild", "codebuild:StartBuildBatch", "project/"),),
    (_on("apprunner", "apprunner:UpdateService", "service/"),),
    (_on("glue", "glue:UpdateDevEndpoint", "devEndpoint/"),),
    (_on("sagemaker", "sagemaker:CreatePresignedNotebookInstanceUrl", "notebook-instance/"),),
    (
        _on("ec2", "ec2:ModifyInstanceAttribute", "instance/"),
        _on("ec2", "ec2:StopInstances", "instance/"),
        _on("ec2", "ec2:StartInstances", "instance/"),
    ),
    (
        _on("ec2", "ec2:CreateLaunchTemplateVersion", "launch-template/"),
        _on("ec2", "ec2:ModifyLaunchTemplate", "launch-template/"),
    ),
)  # fmt: skip
"""Calls that together take over what runs under a role already."""


def _ways(service: str, *ways: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((f"{service}.amazonaws.com", way) for way in ways)


BY_PASSING: Final = (
    *_ways(
        "ec2",
        ("ec2:RunInstances",),
        ("ec2:RequestSpotInstances",),
        ("ec2:RequestSpotFleet",),
        ("ec2:CreateFleet",),
        ("ec2:AssociateIamInstanceProfile",),
        ("ec2:ReplaceIamInstanceProfileAssociation",),
        ("ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"),
        ("ec2:CreateLaunchTemplateVersion", "autoscaling:UpdateAutoScalingGroup"),
        ("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"),
    ),
    *_ways(
        "ecs-tasks",
        ("ecs:RunTask",),
        ("ecs:StartTask",),
        ("ecs:RegisterTaskDefinition", "ecs:UpdateService"),
        ("ecs:RegisterTaskDefinition", "ecs:CreateService"),
    ),
    *_ways(
        "lambda",
        ("lambda:CreateFunction", "lambda:InvokeFunction"),
        ("lambda:CreateFunction", "lambda:CreateFunctionUrlConfig"),
        ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
        ("lambda:CreateFunction", "lambda:AddPermission"),
    ),
    *_ways(
        "cloudformation",
        ("cloudformation:CreateStack",),
        ("cloudformation:UpdateStack",),
        ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
        ("cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
    ),
    *_ways(
        "glue",
        ("glue:CreateDevEndpoint",),
        ("glue:CreateJob", "glue:StartJobRun"),
        ("glue:UpdateJob", "glue:StartJobRun"),
        ("glue:CreateSession", "glue:RunStatement"),
    ),
    *_ways(
        "datapipeline",
        (
            "datapipeline:CreatePipeline",
            "datapipeline:PutPipelineDefinition",
            "datapipeline:ActivatePipeline",
        ),
    ),
    *_ways(
        "sagemaker",
        ("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
        ("sagemaker:CreateTrainingJob",),
        ("sagemaker:CreateProcessingJob",),
    ),
    *_ways(
        "codebuild",
        ("codebuild:CreateProject", "codebuild:StartBuild"),
        ("codebuild:CreateProject", "codebuild:StartBuildBatch"),
        ("codebuild:UpdateProject", "codebuild:StartBuild"),
    ),
    *_ways("tasks.apprunner", ("apprunner:CreateService",)),
    *_ways("states", ("states:CreateStateMachine", "states:StartExecution")),
    *_ways("scheduler", ("scheduler:CreateSchedule",)),
    *_ways("ssm", ("ssm:StartAutomationExecution",)),
    *_ways("elasticmapreduce", ("elasticmapreduce:RunJobFlow",)),
)
"""The service a role is passed to, and the calls that make it run what the caller wants."""

ADMINISTRATION: Final = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
"""Managed policies of AWS whose holder can have, or be, more than any other."""
