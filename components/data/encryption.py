"""The stack's one KMS key: database, logs, images, topics and secrets are encrypted with it."""

import json
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.data import names
from perpetual import contract

DELETION_DAYS: Final = 30
"""Longest waiting period KMS offers; a deleted key takes everything encrypted with it along."""

USE: Final = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""What a service does with a key to read and write what it encrypts."""


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """What the stack's key depends on.

    `protect` refuses the key's deletion in Pulumi; KMS itself waits 30 days in any case.
    """

    stack: contract.Stack
    protect: bool


class Encryption(Component):
    """A symmetric, yearly rotated KMS key in one region, and the alias by which policies name it.

    Key and alias are protected together: permissions are granted through the alias, so without it
    nothing could be decrypted although the key is there.
    """

    token = "perpetual:data:Encryption"

    key_arn: pulumi.Output[str]
    """The key's ARN."""

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create key and alias."""
        super().__init__(name, opts)
        self._name, self._args = name, args
        key = self._create_key()
        self._create_alias(key)
        self.key_arn = key.arn
        self.register_outputs({"keyArn": self.key_arn})

    def _create_key(self) -> aws.kms.Key:
        return aws.kms.Key(
            f"{self._name}-key",
            description=f"Everything at rest of the Perpetual stack {self._args.stack.name}",
            deletion_window_in_days=DELETION_DAYS,
            enable_key_rotation=True,
            multi_region=False,
            policy=key_policy(self._args.stack),
            opts=self._child(protect=self._args.protect),
        )

    def _create_alias(self, key: aws.kms.Key) -> None:
        aws.kms.Alias(
            f"{self._name}-alias",
            name=self._args.stack.key_alias,
            target_key_id=key.key_id,
            opts=self._child(protect=self._args.protect),
        )


def key_policy(stack: contract.Stack) -> str:
    """Return the key policy, a JSON document.

    The account's IAM policies decide first. Beside them stand only the callers that IAM cannot
    name: CloudWatch Logs, CloudWatch alarms, and services that work for a caller of the account.
    """
    statements = [
        _administration(stack),
        _logs(stack),
        _alarms(stack),
        _services(stack),
        _grants(stack),
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _administration(stack: contract.Stack) -> dict[str, Any]:
    # Without the account's root a key can become unmanageable, and IAM policies count for nothing.
    # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    return {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": stack.arn("iam", "root", regional=False)},
        "Action": "kms:*",
        "Resource": "*",
    }


def _logs(stack: contract.Stack) -> dict[str, Any]:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    primary = names.identifier(stack)
    groups = (
        stack.log_group("*"),
        names.log_group(primary, "*"),
        names.log_group(f"{primary}-replica-*", "*"),
    )
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": _endpoint(stack, "logs")},
        "Action": [*USE, "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [
                    stack.arn("logs", f"log-group:{group}") for group in groups
                ]
            }
        },
    }


def _alarms(stack: contract.Stack) -> dict[str, Any]:
    # An alarm reaches an encrypted SNS topic only if CloudWatch may use the topic's key.
    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    return {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": stack.arn("cloudwatch", f"alarm:{stack.prefix}-*")},
        },
    }


def _services(stack: contract.Stack) -> dict[str, Any]:
    """Return the statement for services that keep things encrypted and never hand out plaintext.

    Volumes need it: Auto Scaling's own role has no KMS permission in IAM. SSM and Secrets Manager
    are left out on purpose: through them a read-only user would see secrets in the clear, so there
    each reader needs a permission of their own.
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    return {
        "Sid": "Services",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [*USE, "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": _through(stack)},
    }


def _grants(stack: contract.Stack) -> dict[str, Any]:
    # RDS, EBS and ECR keep a grant for the life of what they encrypt; nobody else may make one.
    # https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    return {
        "Sid": "Grants",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {
            "StringEquals": _through(stack),
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        },
    }


def _through(stack: contract.Stack) -> dict[str, Any]:
    services = [_endpoint(stack, service) for service in ("ec2", "ecr", "rds")]
    return {"kms:CallerAccount": stack.account, "kms:ViaService": services}


def _endpoint(stack: contract.Stack, service: str) -> str:
    suffix = ".cn" if stack.partition == "aws-cn" else ""
    return f"{service}.{stack.region}.amazonaws.com{suffix}"
