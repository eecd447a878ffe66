"""What a way to break a law is, and the changes that several laws share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.policy.small import Extra, Holder, Stack, small
from tests.policy.support import FORMS

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to break a law: what to change, and which finding names whom by which path.

    `path` are words of which each must appear in the witness, in this order.
    """

    name: str
    rule: str
    resource: str
    path: str
    changes: dict[str, Any] = field(default_factory=dict)
    extra: Extra | None = None
    undetermined: bool = False
    forms: tuple[str, ...] = FORMS

    @property
    def program(self) -> Callable[[], None]:
        """Return the program that breaks the law."""
        return small(self.extra, **self.changes)


def in_subnet(subnet: str) -> dict[str, Any]:
    """Return the change that puts the database into one more subnet."""
    return {"subnet_group": lambda made: {"subnet_ids": [made.data_a.id, getattr(made, subnet).id]}}


def outside(routes: list[dict[str, str]] | None, tier: str = "data") -> Extra:
    """Return what describes the existing subnet `subnet-0aa`, without routes if `None`."""

    def extra(_: Stack) -> None:
        entry: dict[str, Any] = {"id": "subnet-0aa", "tier": tier, "cidrBlock": "10.9.0.0/24"}
        if routes is not None:
            entry["routes"] = routes
        Holder("existing", {"existingSubnets": [entry]})

    return extra


def unknown(made: Stack, value: Any) -> Any:
    """Return `value` as something that only an update knows."""
    return made.vpc.id.apply(lambda _: value)
