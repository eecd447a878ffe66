"""VPCs and subnets, of this stack or described by it, with the table and ACL each one uses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graph.acl import Acl, Acls
from graph.cidr import NOTHING, Addresses
from graph.facts import Fact, Gap, Link, Source, Standing
from graph.index import Index
from graph.read import addresses, flag, known, mappings, unset_or_unknown
from graph.resource import UNKNOWN, Resource, Unknown
from graph.routes import Route, Target
from graph.routing import RouteTable, Routing
from graph.tokens import SUBNET, VPC, VPC_CIDRS

TIER_TAG: Final = "perpetual:tier"
"""Tag by which a subnet claims its tier."""
EXISTING: Final = "existingSubnets"
"""Property in which a component describes subnets that another stack or nobody manages."""


@dataclass(frozen=True)
class Vpc:
    """A VPC of the stack; `own` are all its ranges that are known."""

    urn: str
    label: str
    own: Addresses


@dataclass(frozen=True)
class Subnet:
    """A subnet; `key` is its URN, or its id where it lies outside the stack.

    `urn` is the resource that findings about it name: itself, or the component describing it.
    `tables` are all it may use: one, unless something is wrong. `gaps` say what is unclear.
    `home` tells VPCs apart: the VPC's URN or id, or the URN of the component that describes the
    subnet; it is empty where nobody can tell.
    """

    key: str
    urn: str
    label: str
    standing: Standing
    claim: Fact[str | None]
    auto_public: Fact[bool]
    cidr: Addresses | Unknown
    vpc: str | None = None
    tables: tuple[RouteTable, ...] = ()
    fallback: bool = False
    acl: Acl | None = None
    gaps: tuple[Gap, ...] = ()
    home: str = ""
    cidr_v6: Addresses | Unknown = NOTHING
    auto_v6: bool | Unknown = False


def vpcs(index: Index) -> dict[str, Vpc]:
    """Return the VPCs of a stack, with their secondary ranges."""
    own: dict[str, Addresses] = {}
    for item in index.of(VPC):
        own[item.urn] = _ranges(index, item)
    for item in index.of(*VPC_CIDRS):
        link = index.link(item, "vpcId", item.properties.get("vpcId"), (VPC,))
        if link and link.urn:
            own[link.urn] = own[link.urn] | _ranges(index, item)
    return {urn: Vpc(urn, index.label(urn), ranges) for urn, ranges in own.items()}


def subnets(index: Index, routing: Routing, acls: Acls) -> dict[str, Subnet]:
    """Return all subnets, keyed by URN, or by id for those outside the stack."""
    inside = [_inside(index, item, routing, acls) for item in index.of(SUBNET)]
    outside = [
        subnet
        for item in index.by_urn.values()
        if EXISTING in item.properties and item.type != SUBNET
        for subnet in _described(item, routing)
    ]
    return {subnet.key: subnet for subnet in (*outside, *inside)}


def undescribed(index: Index) -> Iterator[Gap]:
    """Yield what components say of existing subnets and the graph cannot read."""
    for item in index.by_urn.values():
        listed = item.properties.get(EXISTING)
        if listed is None:
            continue
        entries = mappings(listed)
        if entries is None or any(not isinstance(entry.get("id"), str) for entry in entries):
            yield Gap(Source(item.urn, EXISTING), "the existing subnets it describes")


def _ranges(index: Index, item: Resource) -> Addresses:
    parts = NOTHING
    for key in ("cidrBlock", "ipv6CidrBlock"):
        value = item.properties.get(key)
        if isinstance(value, str) and value:
            found = addresses(index, item, key, value)
            parts = parts if found is UNKNOWN else parts | found
    return parts


def _inside(index: Index, item: Resource, routing: Routing, acls: Acls) -> Subnet:
    vpc = index.link(item, "vpcId", item.properties.get("vpcId"), (VPC,))
    tables, fallback, gaps = _tables(item, vpc, routing)
    cidr = item.properties.get("cidrBlock")
    return Subnet(
        key=item.urn,
        urn=item.urn,
        label=index.label(item.urn),
        standing=Standing.KNOWN,
        claim=_claim(item),
        auto_public=flag(item, "mapPublicIpOnLaunch", default=False),
        cidr=addresses(index, item, "cidrBlock", cidr) if isinstance(cidr, str) else UNKNOWN,
        vpc=vpc.urn if vpc else None,
        tables=tables,
        fallback=fallback,
        acl=_acl(item, vpc, acls),
        gaps=gaps,
        home=(vpc.urn or vpc.id or "") if vpc else "",
        cidr_v6=_v6(item),
        auto_v6=flag(item, "assignIpv6AddressOnCreation", default=False).value,
    )


def _v6(item: Resource) -> Addresses | Unknown:
    value = item.properties.get("ipv6CidrBlock")
    return _parsed(value) if value else NOTHING


def _claim(item: Resource) -> Fact[str | None]:
    for key in ("tags", "tagsAll"):
        tags = item.properties.get(key)
        if tags is UNKNOWN:
            return Fact(UNKNOWN, Standing.UNKNOWN, Source(item.urn, key))
        if isinstance(tags, Mapping) and TIER_TAG in tags:
            value = tags[TIER_TAG]
            if isinstance(value, str):
                return known(value, item, f"{key}.{TIER_TAG}")
            return unset_or_unknown(value, None, item, f"{key}.{TIER_TAG}")
    return Fact(None, Standing.DEFAULT, Source(item.urn, "tags"))


def _tables(
    item: Resource, vpc: Link | None, routing: Routing
) -> tuple[tuple[RouteTable, ...], bool, tuple[Gap, ...]]:
    """Return a subnet's tables, whether it falls back to the main one, and what is open."""
    source = Source(item.urn)
    ids = [item.urn, item.properties.get("id")]
    keys = [key for name in ids if isinstance(name, str) for key in routing.explicit.get(name, [])]
    fallback = not keys
    if fallback:
        keys = [routing.main.get(vpc.urn) if vpc and vpc.urn else None]
    tables = tuple(routing.tables[key] for key in dict.fromkeys(keys) if key in routing.tables)
    gaps = tuple(gap for table in tables for gap in table.gaps)
    if None in keys:
        what = "main route table of its VPC" if fallback else "route table it is associated with"
        gaps += (Gap(source, f"the {what} (not in this stack)"),)
    return tables, fallback, gaps


def _acl(item: Resource, vpc: Link | None, acls: Acls) -> Acl | None:
    names = [name for name in (item.urn, item.properties.get("id")) if isinstance(name, str)]
    for name in names:
        if name in acls.explicit:
            return acls.acls.get(acls.explicit[name] or "")
    return acls.acls.get(acls.default.get(vpc.urn, "")) if vpc and vpc.urn else None


def _described(item: Resource, routing: Routing) -> Iterator[Subnet]:
    for position, entry in enumerate(mappings(item.properties[EXISTING]) or []):
        name = entry.get("id")
        if not isinstance(name, str):
            continue
        path = f"{EXISTING}[{position}]"
        source = Source(item.urn, path)
        tier, cidr = entry.get("tier"), entry.get("cidrBlock")
        routes = mappings(entry.get("routes", UNKNOWN))
        described = tuple(_outside_route(item, route, path) for route in routes or [])
        gaps = () if routes is not None else (Gap(source, "the routes of its route table"),)
        added = [
            routing.tables[key] for key in routing.explicit.get(name, []) if key in routing.tables
        ]
        yield Subnet(
            key=name,
            urn=item.urn,
            label=f"subnet {name}",
            standing=Standing.OUTSIDE,
            claim=Fact(tier, Standing.OUTSIDE, source)
            if isinstance(tier, str)
            else Fact(UNKNOWN, Standing.UNKNOWN, source),
            auto_public=Fact(value=False, standing=Standing.OUTSIDE, source=source),
            cidr=_parsed(cidr),
            tables=(RouteTable(f"{name} (outside)", "existing rtb", described), *added),
            gaps=gaps,
            home=item.urn,
        )


def _parsed(cidr: object) -> Addresses | Unknown:
    try:
        return Addresses.parse(cidr) if isinstance(cidr, str) else UNKNOWN
    except ValueError:
        return UNKNOWN


def _outside_route(item: Resource, route: Mapping[str, object], path: str) -> Route:
    destination, word = route.get("destination"), route.get("target")
    range_ = _parsed(destination)
    words = {str(target): target for target in Target}
    target = words.get(word, Target.OTHER) if isinstance(word, str) else Target.UNKNOWN
    if target is Target.GATEWAY_ENDPOINT and range_ is not UNKNOWN:
        # Gateway endpoints are routed by prefix list; a range leads to an appliance's endpoint.
        target = Target.APPLIANCE
    return Route(
        Source(item.urn, path),
        destination if isinstance(destination, str) else "(unknown destination)",
        range_,
        target,
        str(target),
    )
