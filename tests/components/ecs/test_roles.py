"""The documents of both roles, whole: every action has its reason here."""

import json
from typing import Any

from components.ecs import roles
from perpetual.contract import Stack

STACK = Stack(name="prod", account="111122223333", region="eu-central-1")
KEY = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/perpetual-prod"}}
LOGS = "arn:aws:logs:eu-central-1:111122223333:log-group"
PARAMETERS = "arn:aws:ssm:eu-central-1:111122223333:parameter/perpetual/prod/secrets/"


def statements(document: str) -> dict[str, dict[str, Any]]:
    """Return a policy's statements by their Sid, which each has."""
    content = json.loads(document)
    assert content["Version"] == "2012-10-17"
    return {item.pop("Sid"): item for item in content["Statement"]}


def test_only_tasks_of_this_account_and_region_assume_the_roles() -> None:
    """Without both conditions another account's tasks could be made to use them."""
    assert json.loads(roles.trust(STACK)) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": "111122223333"},
                    "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-central-1:111122223333:*"},
                },
            }
        ],
    }


def test_the_release_may_be_entered_and_logs_its_sessions_and_nothing_else() -> None:
    """The task role is for ECS Exec alone until an application adds to it."""
    assert statements(roles.task_policy(STACK, "/perpetual/prod/exec")) == {
        "OpenSessions": {  # the agent's side of a session
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        },
        "FindSessionLog": {  # the agent checks the group before it logs
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            "Resource": LOGS + ":*",
        },
        "WriteSessionLog": {  # one stream per session
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": LOGS + ":/perpetual/prod/exec:*",
        },
        "ReadSessionKey": {  # sessions are encrypted with the stack's key
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:eu-central-1:111122223333:key/*",
            "Condition": KEY,
        },
    }


def test_ecs_pulls_one_repository_writes_one_log_and_reads_exactly_the_secrets() -> None:
    """The execution role acts before the release runs, on the parameters by their full names."""
    secrets = [PARAMETERS + "DATABASE_URL", PARAMETERS + "RELEASE_COOKIE"]
    document = roles.execution_policy(STACK, ["DATABASE_URL", "RELEASE_COOKIE"])
    assert statements(document) == {
        "LogInToRegistry": {  # the token has no narrower resource
            "Effect": "Allow",
            "Action": "ecr:GetAuthorizationToken",
            "Resource": "*",
        },
        "PullRelease": {  # manifest, then layers
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Resource": "arn:aws:ecr:eu-central-1:111122223333:repository/perpetual/prod",
        },
        "WriteLog": {  # the awslogs driver; the group exists already
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": LOGS + ":/perpetual/prod/release:*",
        },
        "ReadSecrets": {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": secrets},
        "DecryptSecrets": {  # the same parameters, and only their ciphertexts
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:eu-central-1:111122223333:key/*",
            "Condition": {
                **KEY,
                "StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": secrets},
            },
        },
    }


def test_no_statement_allows_a_whole_service_or_writes_what_it_reads() -> None:
    """Nothing starts tasks, passes roles, changes parameters or pushes images."""
    documents = (
        roles.task_policy(STACK, "/perpetual/prod/exec"),
        roles.execution_policy(STACK, ["DATABASE_URL"]),
    )
    for document in documents:
        for statement in json.loads(document)["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert "*" not in action
                assert not action.startswith(("iam:", "ecs:", "sts:"))
                assert "Put" not in action or action == "logs:PutLogEvents"


def test_documents_follow_the_partition() -> None:
    """A stack in China or GovCloud names its own partition everywhere."""
    stack = Stack(name="prod", account="111122223333", region="cn-north-1", partition="aws-cn")
    for document in (
        roles.trust(stack),
        roles.task_policy(stack, "/perpetual/prod/exec"),
        roles.execution_policy(stack, ["DATABASE_URL"]),
    ):
        assert "arn:aws:" not in document
        assert "arn:aws-cn:" in document
