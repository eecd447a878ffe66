"""The stack's key: who may use it, and for what."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.data import Database, DatabaseArgs, Encryption, EncryptionArgs
from perpetual import contract
from perpetual.offline.capture import Capture, Registration, capture
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"


def encrypt(stack: contract.Stack = STACK, *, protect: bool = True) -> Capture:
    """Register the encryption of a stack."""

    def program() -> None:
        Encryption("encryption", EncryptionArgs(stack=stack, protect=protect))

    return capture(program, project="perpetual", stack=stack.name, config={}, invokes={})


def statements(stack: contract.Stack = STACK) -> dict[str, dict[str, Any]]:
    """Return the key policy's statements by name."""
    document = json.loads(encrypt(stack).named("encryption-key").inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


def values(node: Any) -> Iterator[str]:
    """Yield every text inside a document."""
    match node:
        case str():
            yield node
        case list():
            for item in node:
                yield from values(item)
        case dict():
            for item in node.values():
                yield from values(item)


def test_there_is_one_key_and_the_alias_that_policies_name() -> None:
    """Rotated, regional, and 30 days between a deletion and the loss."""
    made = encrypt()
    assert [item.type for item in made.registrations] == [
        "perpetual:data:Encryption",
        KEY,
        ALIAS,
    ]
    key = dict(made.named("encryption-key").inputs)
    key.pop("policy")
    assert key == {
        "description": "Everything at rest of the Perpetual stack prod",
        "deletionWindowInDays": 30,
        "enableKeyRotation": True,
        "multiRegion": False,
    }
    alias = made.named("encryption-alias")
    assert alias.inputs["name"] == "alias/perpetual-prod"
    assert alias.property_dependencies["targetKeyId"] == [made.named("encryption-key").urn]


@pytest.mark.parametrize("protect", [True, False])
def test_key_and_alias_are_protected_together(*, protect: bool) -> None:
    """Without the alias no permission reaches the key."""
    made = encrypt(protect=protect)
    found = [item.request.protect for item in made.registrations if item.type in {KEY, ALIAS}]
    assert found == [protect, protect]


def test_the_account_stays_in_charge_of_the_key() -> None:
    """Otherwise nobody could change the key policy again."""
    assert statements()["Administration"] == {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def test_cloudwatch_logs_encrypts_this_stacks_groups_only() -> None:
    """The stack's own groups, and those that RDS names after its instances."""
    logs = statements()["Logs"]
    assert logs["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": [
                "arn:aws:logs:eu-central-1:111122223333:log-group:/perpetual/prod/*",
                "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/rds/instance/perpetual-prod-postgres/*",
                "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/rds/instance/perpetual-prod-postgres-replica-*/*",
            ]
        }
    }


def test_alarms_of_this_stack_reach_encrypted_topics() -> None:
    """CloudWatch publishes with the key, but for this account's alarms alone."""
    alarms = statements()["Alarms"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert alarms["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {
            "aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:perpetual-prod-*"
        },
    }


@pytest.mark.parametrize("name", ["Services", "Grants"])
def test_a_statement_for_everybody_is_bound_to_account_and_service(name: str) -> None:
    """`*` as principal is safe only under both conditions, and never through a secrets store."""
    equals = statements()[name]["Condition"]["StringEquals"]
    assert statements()[name]["Principal"] == {"AWS": "*"}
    assert equals["kms:CallerAccount"] == "111122223333"
    assert equals["kms:ViaService"] == [
        "ec2.eu-central-1.amazonaws.com",
        "ecr.eu-central-1.amazonaws.com",
        "rds.eu-central-1.amazonaws.com",
    ]


def test_grants_are_made_for_aws_resources_only() -> None:
    """A grant outlives the permission of who made it."""
    grants = statements()["Grants"]
    assert grants["Action"] == "kms:CreateGrant"
    assert grants["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_nothing_beside_the_account_may_administer_the_key() -> None:
    """Services use it; they do not delete it, nor rewrite its policy."""
    actions = {
        action
        for name, statement in statements().items()
        if name != "Administration"
        for action in values(statement["Action"])
    }
    assert actions == {
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    }


def test_china_has_its_own_endpoints() -> None:
    """ARNs and endpoints follow the partition."""
    stack = contract.Stack(
        name="prod", account="111122223333", region="cn-north-1", partition="aws-cn"
    )
    texts = set(values(list(statements(stack).values())))
    assert "logs.cn-north-1.amazonaws.com.cn" in texts
    assert "rds.cn-north-1.amazonaws.com.cn" in texts
    assert not [text for text in texts if text.startswith("arn:aws:")]


def test_the_key_policy_covers_every_log_group_of_the_database() -> None:
    """CloudWatch Logs refuses to make a group with a key it may not use."""

    def program() -> None:
        Database(
            "database",
            DatabaseArgs(
                stack=STACK,
                settings=models.Database(replicas=2, master_password=models.MasterPassword.SECRET),
                protect=True,
                key_arn="arn:aws:kms:eu-central-1:111122223333:key/1",
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id="sg-database",
                client_group_id="sg-service",
            ),
        )

    made = capture(program, project="perpetual", stack="prod", config={}, invokes={})
    allowed = statements()["Logs"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    groups = made.of_type("aws:cloudwatch/logGroup:LogGroup")
    assert len(groups) == 6
    assert [group for group in groups if not covered(group, allowed)] == []


def covered(group: Registration, patterns: list[str]) -> bool:
    """Return whether a pattern that ends in `*` matches the group's ARN, part by part."""
    arn = STACK.arn("logs", f"log-group:{group.inputs['name']}")
    return any(
        len(arn.split("/")) == len(pattern.split("/"))
        and all(
            part == wanted or (wanted.endswith("*") and part.startswith(wanted[:-1]))
            for part, wanted in zip(arn.split("/"), pattern.split("/"), strict=True)
        )
        for pattern in patterns
    )
