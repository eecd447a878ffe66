"""Rules on who may enter."""

from typing import Final

from settings.models import Access, Bastion
from settings.problems import UNSET, Problem
from settings.rules.base import Problems, Rule, repeated

ROLES: Final = ("development", "deployment", "infrastructure")

WIDEST: Final = {4: 16, 6: 32}
"""Shortest prefix that may reach a bastion, by IP version: no office or VPN is wider."""


def principals_are_named_once(access: Access) -> Problems:
    """Each principal and subject is named once in a role."""
    for role in ROLES:
        for key in ("principals", "github"):
            for item in repeated(getattr(getattr(access, role), key)):
                yield Problem(
                    f"access.{role}.{key}", item, "each one once", "remove the second one"
                )


def vendor_has_external_id(access: Access, account: str) -> Problems:
    """An account of somebody else proves by an external id for whom it acts.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    for name in ROLES:
        role = getattr(access, name)
        if role.vendor_account and not role.external_id:
            yield Problem(
                f"access.{name}.externalId",
                UNSET,
                "an external id together with vendorAccount, or the vendor's other customers could "
                "use the role",
                "agree on one with the vendor, such as a UUID",
            )
        if role.external_id and not role.vendor_account:
            yield Problem(
                f"access.{name}.vendorAccount",
                UNSET,
                "the account that presents externalId",
                "set it, or remove externalId",
            )
        if role.vendor_account == account:
            yield Problem(
                f"access.{name}.vendorAccount",
                account,
                "another account than the stack's own",
                f"name the stack's own people under access.{name}.principals",
            )


def bastion_is_guarded(access: Access) -> Problems:
    """A public bastion is open to named, narrow ranges; another has no use for any."""
    ranges = access.bastion_cidrs
    if access.bastion == Bastion.PUBLIC and not ranges:
        yield Problem(
            "access.bastionCidrs",
            UNSET,
            "the ranges that may reach the public bastion",
            "set your office's or VPN's range, or access.bastion: ssm, which needs none",
        )
    if access.bastion != Bastion.PUBLIC and ranges:
        yield Problem(
            "access.bastionCidrs",
            ranges,
            "it only where access.bastion is public",
            "remove the line, or set access.bastion: public",
        )
    for item in ranges:
        if item.prefixlen < WIDEST[item.version]:
            yield Problem(
                "access.bastionCidrs",
                item,
                f"ranges of /{WIDEST[item.version]} or longer",
                "name your office's or VPN's own range, or set access.bastion: ssm",
            )
    for item in repeated(ranges):
        yield Problem("access.bastionCidrs", item, "each range once", "remove the second one")


RULES: Final[tuple[Rule, ...]] = (
    principals_are_named_once,
    vendor_has_external_id,
    bastion_is_guarded,
)
