"""Tags: AWS's services have many forms for them, and botocore's models tell which."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from perpetual.sandbox.resources import spelling
from perpetual.sandbox.resources.cloud import Cloud

Tags = dict[str, str]
Retag = Callable[[Cloud, str, Mapping[str, Any], Tags, list[str]], None]
"""Sets tags and removes others: account, id, state, what is to be set, names to be removed."""

_TAGS: Final = "tags"
_KEYS: Final = "tagkeys"


def specification(kind: str, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tags that EC2 gives a resource when it makes it."""
    tags = inputs.get("tagsAll") or {}
    pairs = [{"Key": name, "Value": value} for name, value in tags.items()]
    return [{"ResourceType": kind, "Tags": pairs}] if pairs else []


def read(found: Iterable[Mapping[str, str]] | Mapping[str, str] | None) -> Tags:
    """Return tags of any form by name, without those that AWS set itself.

    https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
    """
    named = dict(found) if isinstance(found, Mapping) else dict(map(_pair, found or ()))
    return {key: value for key, value in named.items() if not key.startswith("aws:")}


def _pair(item: Mapping[str, str]) -> tuple[str, str]:
    plain = {key.lower().removeprefix("tag"): value for key, value in item.items()}
    return plain["key"], plain.get("value", "")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Tags, list[str]]:
    """Return the tags to set and the names of those to remove."""
    old, new = before.get("tagsAll") or {}, after.get("tagsAll") or {}
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    return changed, [key for key in old if key not in new]


def by(
    service: str,
    set_method: str = "tag_resource",
    remove_method: str = "untag_resource",
    *,
    subject: str = "arn",
    **more: Any,
) -> Retag:
    """Return how a service's resources are tagged: by two calls that name the `subject`.

    The subject is a part of the resource's state, or its `id`; `more` goes with both calls.
    """

    def retag(
        aws: Cloud, identifier: str, state: Mapping[str, Any], changed: Tags, gone: list[str]
    ) -> None:
        named = identifier if subject == "id" else str(state[subject])
        for method, tags in ((set_method, changed), (remove_method, gone)):
            if tags:
                shape = aws.takes(service, method)
                aws.call(service, method, **_request(shape, named, tags, more))

    return retag


def _request(
    shape: Any, subject: str, tags: Tags | list[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    last = members.get(_KEYS) if isinstance(tags, list) and _KEYS in members else members[_TAGS]
    known = {last, *more}
    (whose,) = [name for name in shape.required_members if name not in known]
    value: Any = tags
    if isinstance(tags, list) and last == members.get(_TAGS):
        value = [{"Key": key} for key in tags]  # ACM and Auto Scaling remove tags by such pairs
    said = spelling.request(shape, {whose: subject, str(last): value}, {})
    return {**said, **more}


def ec2(
    aws: Cloud, identifier: str, _state: Mapping[str, Any], changed: Tags, gone: list[str]
) -> None:
    """Set and remove tags of an EC2 resource, which its id names."""
    if changed:
        pairs = specification("", {"tagsAll": changed})[0]["Tags"]
        aws.call("ec2", "create_tags", Resources=[identifier], Tags=pairs)
    if gone:
        removed = [{"Key": key} for key in gone]
        aws.call("ec2", "delete_tags", Resources=[identifier], Tags=removed)
