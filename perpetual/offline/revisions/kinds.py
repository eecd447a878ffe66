"""The kinds of entry in a comparison; it loads nothing, so that the command can name them."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """Kinds of entry, the riskiest first."""

    LOSS = "loss"
    EXPOSURE = "exposure"
    PROTECTION = "protection"
    REPLACEMENT = "replacement"
    PATH = "path"
    FINDING = "finding"
    REMOVED = "removed"
    CHANGED = "changed"
    ADDED = "added"
    MOVED = "moved"
    PATH_CLOSED = "path-closed"
    FINDING_FIXED = "finding-fixed"


RISKS: Final = (
    Kind.LOSS,
    Kind.EXPOSURE,
    Kind.PROTECTION,
    Kind.REPLACEMENT,
    Kind.PATH,
    Kind.FINDING,
)
"""Kinds that a reviewer should look at before the rest."""
