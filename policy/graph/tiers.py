"""Tiers by behaviour: what a subnet's routes let in and out, whatever its tags say."""

from dataclasses import dataclass
from enum import StrEnum

from graph.facts import Gap
from graph.network import Subnet
from graph.resource import UNKNOWN
from graph.routes import Route, Target
from graph.routing import RouteTable


class Tier(StrEnum):
    """Kinds of subnet, from the closed to the open."""

    DATA = "data"
    """No way out of the VPC but gateway endpoints."""
    PRIVATE = "private"
    """A way out, none in."""
    PUBLIC = "public"
    """A route to an internet gateway: a way in for everything that has a public address."""

    @property
    def openness(self) -> int:
        """Return 0, 1 or 2: the more open, the higher."""
        return list(Tier).index(self)


@dataclass(frozen=True)
class Exit:
    """One way out of a subnet."""

    table: RouteTable
    route: Route

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the way as path steps, from the route table on."""
        return (self.table.label, self.route.destination, self.route.via)


@dataclass(frozen=True)
class Behaviour:
    """What a subnet does. `gaps` are open questions: the tier is then the least open it may be."""

    tier: Tier
    exits: tuple[Exit, ...]
    gaps: tuple[Gap, ...]

    @property
    def way_in(self) -> Exit | None:
        """Return a route to an internet gateway, if there is one."""
        gateways = (way for way in self.exits if way.route.target is Target.INTERNET_GATEWAY)
        return next(gateways, None)


def behaviour(subnet: Subnet) -> Behaviour:
    """Return what a subnet does, judged by every route table that it may use."""
    exits = tuple(Exit(table, route) for table in subnet.tables for route in table.exits)
    unclear = tuple(
        Gap(route.source, f"where the route to {route.destination} leads")
        for table in subnet.tables
        for route in table.routes
        if route.target is Target.UNKNOWN
    )
    found = Behaviour(Tier.DATA, exits, (*subnet.gaps, *unclear))
    tier = Tier.PUBLIC if found.way_in else Tier.PRIVATE if exits else Tier.DATA
    return Behaviour(tier, exits, found.gaps)


def claimed(subnet: Subnet) -> Tier | None:
    """Return the tier that a subnet claims, or `None` where it claims none that exists."""
    value = subnet.claim.value
    if value is UNKNOWN or value not in set(Tier):
        return None
    return Tier(value)


def effective(subnet: Subnet, seen: Behaviour) -> Tier:
    """Return the tier to place things by: what the subnet does.

    A private subnet whose way out was left away stays private: it is meant for hosts, so data
    does not belong there although it is closed.
    """
    if seen.tier is Tier.DATA and claimed(subnet) is Tier.PRIVATE:
        return Tier.PRIVATE
    return seen.tier
