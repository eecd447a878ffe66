"""Answers in the API's shapes, made of what the control plane knows."""

from collections.abc import Mapping
from typing import Any


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: what is not known is left out, as AWS leaves it out."""
    return {key: value for key, value in fields.items() if value is not None}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the API lists them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_map(tags: Any) -> dict[str, str]:
    """Return tags of a request by their keys."""
    return {one["key"]: one.get("value", "") for one in tags or ()}


def failure(arn: str, reason: str = "MISSING", detail: str | None = None) -> dict[str, Any]:
    """Return a failure about one of several things asked for.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    return present({"arn": arn, "reason": reason, "detail": detail})
