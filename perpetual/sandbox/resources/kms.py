"""KMS: keys and their aliases.

https://docs.aws.amazon.com/kms/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_KMS: Final = "kms"
_ENDING: Final = "PendingDeletion"
_DEFAULT_WINDOW: Final = 30
"""Days from the request until KMS deletes a key, where nothing else is asked for.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
"""


def _create_key(aws: Cloud, inputs: Values) -> str:
    wanted = "description policy multiRegion keyUsage tagsAll"
    return str(aws.call(_KMS, "create_key", inputs, wanted)["KeyMetadata"]["KeyId"])


def _settle_key(aws: Cloud, identifier: str, inputs: Values) -> None:
    rotate = "enable" if inputs.get("enableKeyRotation") else "disable"
    wanted = "rotationPeriodInDays" if rotate == "enable" else ""
    aws.call(_KMS, f"{rotate}_key_rotation", inputs, wanted, KeyId=identifier)


def _read_key(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_KMS, "describe_key", "KeyMetadata", KeyId=identifier)
    if found is None or found["KeyState"] == _ENDING:
        return None
    key = {"KeyId": identifier}
    policy = aws.call(_KMS, "get_key_policy", **key, PolicyName="default")["Policy"]
    rotation: dict[str, Any] = aws.call(_KMS, "get_key_rotation_status", **key)
    return {
        **aws.told(_KMS, "KeyMetadata", found),
        "enableKeyRotation": rotation["KeyRotationEnabled"],
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "policy": policy,
        "tagsAll": tagging.read(aws.call(_KMS, "list_resource_tags", **key)["Tags"]),
    }


def _update_key(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    aws.call(_KMS, "put_key_policy", inputs, "policy", KeyId=identifier, PolicyName="default")
    _settle_key(aws, identifier, inputs)
    description = inputs.get("description") or ""
    aws.call(_KMS, "update_key_description", KeyId=identifier, Description=description)


def _delete_key(aws: Cloud, identifier: str, state: Values) -> None:
    if _read_key(aws, identifier, state) is None:
        return
    days = int(state.get("deletionWindowInDays") or _DEFAULT_WINDOW)
    aws.call(_KMS, "schedule_key_deletion", KeyId=identifier, PendingWindowInDays=days)


KEY: Final = Kind(
    "aws:kms/key:Key",
    inputs=names("description policy multiRegion keyUsage enableKeyRotation rotationPeriodInDays"),
    own=names("deletionWindowInDays"),
    outputs=names("arn keyId"),
    create=_create_key,
    settle=_settle_key,
    read=_read_key,
    update=_update_key,
    delete=_delete_key,
    retag=tagging.by(_KMS, subject="id"),
)

_ALIAS_NAMES: Final = {"name": "AliasName", "arn": "AliasArn"}


def _create_alias(aws: Cloud, inputs: Values) -> str:
    aws.call(_KMS, "create_alias", inputs, "name targetKeyId", _ALIAS_NAMES)
    return str(inputs["name"])


def _read_alias(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    pages = aws.client(_KMS).get_paginator("list_aliases").paginate()
    for page in pages:
        for item in page["Aliases"]:
            if item["AliasName"] == identifier:
                key = item.get("TargetKeyId", "")
                said = aws.told(_KMS, "AliasListEntry", item, _ALIAS_NAMES)
                return {**said, "targetKeyArn": aws.arn("kms", f"key/{key}")}
    return None


def _update_alias(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    aws.call(_KMS, "update_alias", inputs, "name targetKeyId", _ALIAS_NAMES)


def _delete_alias(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_KMS, "delete_alias", AliasName=identifier)


ALIAS: Final = Kind(
    "aws:kms/alias:Alias",
    inputs=names("name targetKeyId"),
    outputs=names("arn targetKeyArn"),
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
    name="name",
)

KINDS: Final = (KEY, ALIAS)
