"""Route tables, and which one a subnet uses."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from graph.facts import Gap, Link, Source
from graph.index import Index
from graph.read import mappings
from graph.resource import Resource
from graph.routes import INSIDE, Route, Target, endpoint_route, propagated_route, read_route
from graph.tokens import (
    DEFAULT_ROUTE_TABLE,
    ENDPOINT_ASSOCIATION,
    MAIN_ROUTE_TABLE,
    PROPAGATIONS,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
)

TABLES: Final = (ROUTE_TABLE, DEFAULT_ROUTE_TABLE, VPC)


@dataclass(frozen=True)
class RouteTable:
    """A route table; `key` is its URN, or its VPC's for a default table that nobody manages."""

    key: str
    label: str
    routes: tuple[Route, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def exits(self) -> tuple[Route, ...]:
        """Return the routes that lead out of the VPC."""
        known = (route for route in self.routes if route.target is not Target.UNKNOWN)
        return tuple(route for route in known if route.target not in INSIDE)


@dataclass
class Routing:
    """All route tables, and who uses which.

    `default` and `main` go from a VPC's URN to a table; `explicit` from a subnet's URN, or its id
    where it lies outside. A `None` stands for a table that cannot be read from this stack.
    """

    tables: dict[str, RouteTable] = field(default_factory=dict)
    default: dict[str, str] = field(default_factory=dict)
    main: dict[str, str | None] = field(default_factory=dict)
    explicit: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[Gap] = field(default_factory=list)


class _Builder:
    """Collects routes by table before the tables are frozen."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.result = Routing()
        self.routes: dict[str, list[Route]] = defaultdict(list)
        self.table_gaps: dict[str, list[Gap]] = defaultdict(list)

    def build(self) -> Routing:
        self._defaults()
        for table in self.index.of(ROUTE_TABLE, DEFAULT_ROUTE_TABLE):
            self._inline(table)
        for route in self.index.of(ROUTE):
            self._add(route, "routeTableId", [read_route(self.index, route)])
        for item in self.index.of(*PROPAGATIONS):
            self._add(item, "routeTableId", [propagated_route(self.index, item)])
        self._endpoints()
        self._associations()
        vpcs = {vpc.urn for vpc in self.index.of(VPC) if self.result.default[vpc.urn] == vpc.urn}
        tables = [item.urn for item in self.index.of(ROUTE_TABLE, DEFAULT_ROUTE_TABLE)]
        for key in (*vpcs, *tables):
            self.result.tables[key] = RouteTable(
                key,
                f"default rtb of {self.index.label(key)}" if key in vpcs else self.index.label(key),
                tuple(self.routes[key]),
                tuple(self.table_gaps[key]),
            )
        return self.result

    def key(self, link: Link | None) -> str | None:
        """Return the table that a reference leads to; a VPC stands for its default table."""
        if link is None or link.urn is None:
            return None
        return self.result.default.get(link.urn, link.urn)

    def _defaults(self) -> None:
        for vpc in self.index.of(VPC):
            self.result.default[vpc.urn] = vpc.urn
        for table in self.index.of(DEFAULT_ROUTE_TABLE):
            value = table.properties.get("defaultRouteTableId")
            link = self.index.link(table, "defaultRouteTableId", value, (VPC,))
            if link and link.urn:
                self.result.default[link.urn] = table.urn
        self.result.main.update(self.result.default)
        for item in self.index.of(MAIN_ROUTE_TABLE):
            vpc_link = self.index.link(item, "vpcId", item.properties.get("vpcId"), (VPC,))
            if vpc_link and vpc_link.urn:
                table_id = item.properties.get("routeTableId")
                self.result.main[vpc_link.urn] = self.key(
                    self.index.link(item, "routeTableId", table_id, TABLES)
                )
            elif not (vpc_link and vpc_link.id):
                self._gap(item, "vpcId", "which VPC's main route table it replaces")

    def _inline(self, table: Resource) -> None:
        routes = mappings(table.properties.get("routes"))
        if routes is None:
            gap = Gap(Source(table.urn, "routes"), "the inline routes")
            self.table_gaps[table.urn].append(gap)
        for position, route in enumerate(routes or []):
            path = f"routes[{position}]"
            self.routes[table.urn].append(read_route(self.index, table, route, path))
        if table.properties.get("propagatingVgws"):
            item = propagated_route(self.index, table, "propagatingVgws")
            self.routes[table.urn].append(item)

    def _endpoints(self) -> None:
        for endpoint in self.index.of(VPC_ENDPOINT):
            if endpoint.properties.get("vpcEndpointType") in (None, "", "Gateway"):
                self._add(endpoint, "routeTableIds", [endpoint_route(self.index, endpoint)])
        for item in self.index.of(ENDPOINT_ASSOCIATION):
            self._add(item, "routeTableId", [endpoint_route(self.index, item)])

    def _add(self, resource: Resource, path: str, routes: list[Route]) -> None:
        value = resource.properties.get(path)
        inside = all(route.target in INSIDE for route in routes)
        for link in self.index.links(resource, path, value, TABLES):
            key = self.key(link)
            if key:
                self.routes[key].extend(routes)
            elif not inside:
                self._gap(resource, path, "which subnets use the route table it adds a route to")

    def _associations(self) -> None:
        for item in self.index.of(ROUTE_TABLE_ASSOCIATION):
            properties = item.properties
            subnet = self.index.link(item, "subnetId", properties.get("subnetId"), (SUBNET,))
            if subnet is None:
                continue  # An edge association routes what enters by a gateway, not by a subnet.
            table = self.index.link(item, "routeTableId", properties.get("routeTableId"), TABLES)
            target = subnet.urn or subnet.id
            if target:
                self.result.explicit[target].append(self.key(table))
            else:
                self._gap(item, "subnetId", "which subnet it associates with a route table")
                for urn in subnet.candidates:
                    self.result.explicit[urn].append(self.key(table))

    def _gap(self, resource: Resource, path: str, missing: str) -> None:
        self.result.gaps.append(Gap(Source(resource.urn, path), missing))


def routing(index: Index) -> Routing:
    """Return the route tables of a stack."""
    return _Builder(index).build()
