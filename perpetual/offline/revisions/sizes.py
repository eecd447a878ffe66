"""Databases that get smaller: what the provider and RDS make of it, in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from perpetual.offline.records import UNKNOWN

DATABASE: Final = "aws:rds/instance:Instance"

_STORAGE: Final = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html"
)
_CLASS: Final = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html"
)
_SIZES: Final = {"micro": 1.0, "small": 2.0, "medium": 4.0, "large": 8.0, "xlarge": 16.0}


def shrunk(token: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence, to follow the database's name, for each way in which it gets smaller."""
    if token != DATABASE:
        return
    was, is_ = before.get("allocatedStorage"), after.get("allocatedStorage")
    if isinstance(was, int) and isinstance(is_, int) and is_ < was:
        yield _storage(was, is_, after)
    old, new = before.get("instanceClass"), after.get("instanceClass")
    if isinstance(old, str) and isinstance(new, str) and UNKNOWN not in (old, new):
        one, other = size(old), size(new)
        if one is not None and other is not None and other < one:
            when = "at once" if after.get("applyImmediately") is True else "in its next window"
            yield (
                f"gets a smaller class, {old} to {new}: RDS restarts it {when}, "
                f"and its connections drop ({_CLASS})"
            )


def size(instance_class: str) -> float | None:
    """Return the relative size of a class such as `db.m7g.2xlarge`; None for one unheard of."""
    name = instance_class.rpartition(".")[2]
    if name in _SIZES:
        return _SIZES[name]
    found = re.fullmatch(r"(\d+)xlarge", name)
    return _SIZES["xlarge"] * int(found[1]) if found else None


def _storage(was: int, is_: int, after: Mapping[str, Any]) -> str:
    ceiling = after.get("maxAllocatedStorage")
    start = f"is asked to shrink its storage from {was} to {is_} GiB, which RDS cannot: "
    if isinstance(ceiling, int) and ceiling > is_:
        # The provider compares with what RDS has allocated by itself, and ignores any less.
        what = "under storage autoscaling the provider ignores it, and nothing shrinks"
    else:
        what = "RDS refuses the update; a smaller one is a new instance, filled from a dump"
    return f"{start}{what} ({_STORAGE})"
