"""What the release, and ECS on its behalf, may do: documents of plain text, known at preview."""

import json
from collections.abc import Sequence
from typing import Any

from perpetual import contract


def trust(stack: contract.Stack) -> str:
    """Return who may assume both roles: tasks of this account and region, and nobody else.

    IAM cannot name one cluster here:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": stack.arn("ecs", "*")},
            },
        }
    )


def task_policy(stack: contract.Stack, exec_log_group: str) -> str:
    """Return what the release itself may do: be entered by ECS Exec, and log those sessions.

    An application that calls AWS attaches its own policies to the role, by its name
    `Stack.task_role`.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """
    return _document(
        {
            # No resource type exists for these channels.
            "Sid": "OpenSessions",
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        },
        {
            # The agent looks its group up, to see that it is encrypted.
            "Sid": "FindSessionLog",
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            "Resource": stack.arn("logs", "log-group:*"),
        },
        {
            "Sid": "WriteSessionLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": stack.arn("logs", f"log-group:{exec_log_group}:*"),
        },
        {
            # The operator's client makes the session's data key; the task only opens it.
            "Sid": "ReadSessionKey",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": stack.arn("kms", "key/*"),
            "Condition": _key(stack),
        },
    )


def execution_policy(stack: contract.Stack, secrets: Sequence[str]) -> str:
    """Return what ECS may do to start a task: pull, log, and read exactly these `secrets`.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    parameters = [stack.parameter_arn("secrets", name) for name in secrets]
    return _document(
        {
            # A registry's token is for the whole registry: no resource type exists.
            "Sid": "LogInToRegistry",
            "Effect": "Allow",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        },
        {
            "Sid": "PullRelease",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Resource": stack.arn("ecr", f"repository/{stack.repository}"),
        },
        {
            "Sid": "WriteLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": stack.arn("logs", f"log-group:{stack.log_group('release')}:*"),
        },
        {
            "Sid": "ReadSecrets",
            "Effect": "Allow",
            "Action": "ssm:GetParameters",
            "Resource": parameters,
        },
        {
            # Parameter Store binds each ciphertext to its parameter, so the key opens no other.
            "Sid": "DecryptSecrets",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": stack.arn("kms", "key/*"),
            "Condition": _key(stack)
            | {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": parameters}},
        },
    )


def _key(stack: contract.Stack) -> dict[str, Any]:
    """Return the condition that the key is the stack's, by its alias: its id is not known yet.

    A key may have several aliases, so the condition asks for any of them:
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    return {"ForAnyValue:StringEquals": {"kms:ResourceAliases": stack.key_alias}}


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
