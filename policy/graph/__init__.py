"""The network and the databases of a stack as one typed graph, built once from all resources.

The graph knows nothing of Pulumi: it takes `Resource`s, whose values are plain and whose unknown
ones are `UNKNOWN`, and joins them by property dependencies while ids are unknown, by id once they
are known, both in one stack. Every fact keeps its standing (known, default, unknown, outside) and
its source; what cannot be determined is a `Gap`, for a rule to turn into a finding.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from graph.acl import Acl, AclRule, Acls, network_acls
from graph.attachments import Interface, interfaces, likeness
from graph.cidr import EVERYTHING, INTERNET, NOTHING, PRIVATE, Addresses, whole_world
from graph.databases import Database, Parameter, Parameters, databases, parameter_groups
from graph.facts import Fact, Gap, Link, Source, Standing
from graph.groups import Group, GroupRule, Groups, security_groups
from graph.index import Index
from graph.intervals import Intervals
from graph.network import Subnet, Vpc, subnets, undescribed, vpcs
from graph.passage import Answer, Verdict
from graph.placements import Kind, Placement, Spot, placements
from graph.ports import TCP, Traffic
from graph.reach import Place, may, paths
from graph.resource import UNKNOWN, Resource, Unknown, joined
from graph.routes import Route, Target
from graph.routing import RouteTable, Routing, routing
from graph.tasks import Container, Task, Variable, tasks
from graph.tiers import Behaviour, Exit, Tier, behaviour, claimed, effective

__all__ = [
    "EVERYTHING",
    "INTERNET",
    "NOTHING",
    "PRIVATE",
    "TCP",
    "UNKNOWN",
    "Acl",
    "AclRule",
    "Addresses",
    "Answer",
    "Behaviour",
    "Container",
    "Database",
    "Exit",
    "Fact",
    "Gap",
    "Graph",
    "Group",
    "GroupRule",
    "Index",
    "Interface",
    "Intervals",
    "Kind",
    "Link",
    "Parameter",
    "Parameters",
    "Place",
    "Placement",
    "Resource",
    "Route",
    "RouteTable",
    "Source",
    "Spot",
    "Standing",
    "Subnet",
    "Target",
    "Task",
    "Tier",
    "Traffic",
    "Unknown",
    "Variable",
    "Verdict",
    "Vpc",
    "claimed",
    "effective",
    "joined",
    "may",
    "paths",
    "whole_world",
]


@dataclass(frozen=True)
class Graph:
    """A stack's resources, and what they make together; each part is read once, when asked for."""

    index: Index

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> "Graph":
        """Return the graph of these resources."""
        return cls(Index(resources))

    def label(self, urn: str) -> str:
        """Return what paths call a resource."""
        return self.index.label(urn)

    @cached_property
    def vpcs(self) -> dict[str, Vpc]:
        """Return the VPCs, by URN."""
        return vpcs(self.index)

    @cached_property
    def own(self) -> Addresses:
        """Return all known ranges of the stack's VPCs and of the existing subnets it describes."""
        described = (item.cidr for item in self.subnets.values())
        known = (cidr for cidr in described if cidr is not UNKNOWN)
        return Addresses.union((*(vpc.own for vpc in self.vpcs.values()), *known))

    @cached_property
    def routing(self) -> Routing:
        """Return the route tables and who uses them."""
        return routing(self.index)

    @cached_property
    def acls(self) -> Acls:
        """Return the network ACLs and who uses them."""
        return network_acls(self.index)

    @cached_property
    def subnets(self) -> dict[str, Subnet]:
        """Return the subnets, by URN, or by id for those outside the stack."""
        return subnets(self.index, self.routing, self.acls)

    @cached_property
    def homes(self) -> dict[str, list[Subnet]]:
        """Return the subnets by the VPC they are in; those of which nobody can tell, together."""
        found: dict[str, list[Subnet]] = defaultdict(list)
        for subnet in self.subnets.values():
            found[subnet.home].append(subnet)
        return found

    @cached_property
    def outside(self) -> Addresses:
        """Return all addresses that no VPC or subnet of the stack has, as far as known."""
        own = [part for item in self.subnets.values() if (part := item.cidr_v6) is not UNKNOWN]
        return EVERYTHING - Addresses.union((self.own, *own))

    @cached_property
    def behaviours(self) -> dict[str, Behaviour]:
        """Return what each subnet does, by the subnet's key."""
        return {key: behaviour(subnet) for key, subnet in self.subnets.items()}

    @cached_property
    def groups(self) -> Groups:
        """Return the security groups."""
        return security_groups(self.index)

    @cached_property
    def databases(self) -> dict[str, Database]:
        """Return the databases, by URN."""
        return databases(self.index)

    @cached_property
    def parameters(self) -> dict[str, Parameters]:
        """Return the database parameter groups, by URN."""
        return parameter_groups(self.index)

    @cached_property
    def placements(self) -> list[Placement]:
        """Return everything that is placed in subnets, databases included."""
        return [*(item.placement for item in self.databases.values()), *placements(self.index)]

    @cached_property
    def interfaces(self) -> list[Interface]:
        """Return everything that has interfaces in subnets, one for each subnet."""
        return interfaces(self)

    @cached_property
    def attached(self) -> dict[str, list[Interface]]:
        """Return the interfaces by the URN of what they belong to, and of every component above."""
        found: dict[str, list[Interface]] = defaultdict(list)
        for item in self.interfaces:
            resource = self.index.by_urn[item.urn]
            for urn in (item.urn, *(parent.urn for parent in self.index.ancestors(resource))):
                found[urn].append(item)
        return found

    @cached_property
    def members(self) -> dict[str, list[Interface]]:
        """Return the interfaces by the key of each security group of theirs."""
        found: dict[str, list[Interface]] = defaultdict(list)
        for item in self.interfaces:
            for key in {group.key for group in item.groups}:
                found[key].append(item)
        return found

    @cached_property
    def hosts(self) -> dict[str, list[Interface]]:
        """Return the interfaces of hosts one could log in to, by the host's URN."""
        items = (item for item in self.interfaces if item.host)
        found: dict[str, list[Interface]] = defaultdict(list)
        for item in items:
            found[item.urn].append(item)
        return found

    @cached_property
    def alike(self) -> dict[str, list[str]]:
        """Return the hosts, by the first of those that nobody on the network can tell apart.

        What reaches one reaches all of them, and they reach the same: it is enough to ask once.
        """
        found: dict[object, list[str]] = defaultdict(list)
        for urn, held in self.hosts.items():
            found[tuple(map(likeness, held))].append(urn)
        return {urns[0]: urns for urns in found.values()}

    @cached_property
    def tasks(self) -> list[Task]:
        """Return the task definitions."""
        return tasks(self.index)

    @cached_property
    def gaps(self) -> list[Gap]:
        """Return what of the network cannot be determined and belongs to no single subnet."""
        return [*self.routing.gaps, *self.acls.gaps, *undescribed(self.index)]

    def subnet(self, link: Link) -> Subnet | None:
        """Return the subnet that a reference leads to, in the stack or described by it."""
        return self.subnets.get(link.urn or link.id or "")
