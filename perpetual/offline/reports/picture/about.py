"""Where in the picture a finding belongs: on its resource, or on what that resource shapes."""

from collections.abc import Iterable, Iterator
from typing import Final

from graph import AclRule, Graph, Route
from graph.tokens import VPC
from perpetual.offline.reports.picture.model import Picture

_AREAS: Final = frozenset(
    (
        *("alb", "autoscaling", "ec2", "ecs", "efs", "elasticache", "elb", "lambda", "lb"),
        *("memorydb", "rds", "vpc"),
    )
)
"""Modules of the SDK whose resources shape what is drawn; a key or a role serves too many."""


class About:
    """Tells which keys of a picture a resource stands for."""

    def __init__(self, graph: Graph, picture: Picture) -> None:
        """Read once who uses which group, ACL and route table."""
        self._graph = graph
        self._drawn = {key: key for key in picture.names}
        self._drawn |= {urn: node.key for node in picture.nodes for urn in node.members}
        self._shaped: dict[str, dict[str, None]] = {}
        for urn, key in (*_groups(graph), *_subnets(graph)):
            self._shaped.setdefault(urn, {})[self._drawn[key]] = None
        self._users: dict[str, dict[str, None]] = {}
        for item in graph.index.by_urn.values():
            for urn in _sources(item.property_dependencies.values()):
                self._users.setdefault(urn, {})[item.urn] = None

    def keys(self, urn: str) -> tuple[str, ...]:
        """Return what of the picture a resource is or shapes; nothing if it is elsewhere."""
        if urn in self._drawn:
            return (self._drawn[urn],)
        if urn in self._shaped:
            return tuple(self._shaped[urn])
        item = self._graph.index.by_urn.get(urn)
        if item is None or item.type.split(":")[1].partition("/")[0] not in _AREAS:
            return ()
        users = self._only(self._users.get(urn, ()))
        return users or self._only(_sources(item.property_dependencies.values()))

    def _only(self, urns: Iterable[str]) -> tuple[str, ...]:
        """Return the keys of those resources that are drawn."""
        return tuple(dict.fromkeys(self._drawn[urn] for urn in urns if urn in self._drawn))


def _sources(dependencies: Iterable[Iterable[str]]) -> Iterator[str]:
    return (urn for urns in dependencies for urn in urns)


def _groups(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield each security group, and each rule's resource, with a member of the group."""
    for item in graph.interfaces:
        for group in item.groups:
            if group.managed:
                yield group.key, item.urn
            for rule in group.rules:
                yield rule.source.urn, item.urn


def _subnets(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield each ACL and route table, and the resources of their entries, with a subnet of it."""
    for subnet in graph.subnets.values():
        urns = [key for table in subnet.tables for key in (table.key, *_origins(table.routes))]
        if subnet.acl:
            urns += [subnet.acl.key, *_origins(subnet.acl.rules)]
        for urn in urns:
            held = graph.index.by_urn.get(urn)
            if held is not None and held.type != VPC:
                yield urn, subnet.key


def _origins(entries: Iterable[Route | AclRule]) -> Iterator[str]:
    return (entry.source.urn for entry in entries)
