"""One entry of the table: what a resource type is, in calls to AWS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.tagging import Retag

Values = Mapping[str, Any]
"""Arguments or state in Pulumi's spelling, without marks of secrets."""


def names(text: str) -> frozenset[str]:
    """Return the words of a text: how an entry lists arguments."""
    return frozenset(text.split())


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type.

    `inputs` are the arguments that AWS is told and can be asked for; `own` those that stay with the
    provider, such as `forceDestroy`; `outputs` what AWS decides. Any other argument is refused.

    `create` makes the resource exist and returns its id; `settle` is the rest of its making, and
    the whole of an update where there is no `update`. Both may be repeated, so that a resource
    whose making failed half-way is completed by the next update. `update` is told the state before
    it and the arguments after it.
    `read` returns the whole state, or nothing where there is no such resource; it is told the last
    known state, which is empty when a resource is imported. `delete` may find nothing left.
    """

    token: str = field(kw_only=False)
    inputs: frozenset[str]
    own: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    part_of: frozenset[str] = frozenset()
    """Arguments that tell what it is a part of: AWS gives it no id to read, or import, it by."""
    create: Callable[[Cloud, Values], str]
    read: Callable[[Cloud, str, Values], Values | None]
    delete: Callable[[Cloud, str, Values], None]
    generate: Callable[[Cloud, Values], Values] | None = None
    """Outputs that live in the state alone: made before everything else, and by every update."""
    settle: Callable[[Cloud, str, Values], None] | None = None
    update: Callable[[Cloud, str, Values, Values], None] | None = None
    retag: Retag | None = None
    """How its tags are changed, where the default tags reach it."""
    secret: frozenset[str] = frozenset()
    """Outputs that nobody may see."""
    moving: frozenset[str] = frozenset()
    """Outputs that an update changes, and that are unknown while it is previewed."""
    ordered: frozenset[str] = frozenset()
    """Arguments in whose lists the order matters; elsewhere AWS keeps none."""
    name: str = ""
    """Argument that is made up where it is not given, as the provider does."""
    regional: bool = True

    @property
    def tagged(self) -> bool:
        """Tell whether the provider's default tags reach this type."""
        return self.retag is not None

    @property
    def arguments(self) -> frozenset[str]:
        """Return every argument that the table knows what to do with."""
        found = self.inputs | self.own
        if self.tagged:
            found |= {"tags", "tagsAll"}
        return found | {"region"} if self.regional else found


def nothing(_aws: Cloud, _identifier: str, _state: Values) -> None:
    """Delete a resource that is only a view of another: it goes with that one, or stays."""
