"""RDS instances, replicas and clusters: where they are, who may reach them, what they run with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from graph.facts import Fact, Gap, Link, Source, Standing
from graph.groups import GROUPS
from graph.index import Index
from graph.placements import Kind, Placement, Spot, group_spots
from graph.read import flag, mappings, number, text
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import (
    DB_CLUSTER,
    DB_CLUSTER_INSTANCE,
    DB_CLUSTER_PARAMETERS,
    DB_INSTANCE,
    DB_PARAMETERS,
    DB_SUBNET_GROUP,
)

T = TypeVar("T")

SOURCES: Final = (DB_INSTANCE, DB_CLUSTER)


@dataclass(frozen=True)
class Parameter:
    """One parameter as a group sets it; anything unreadable is `UNKNOWN`."""

    name: str | Unknown
    value: str | Unknown
    method: str | Unknown


@dataclass(frozen=True)
class Parameters:
    """A parameter group of the stack. `complete` is false where its list is unknown."""

    urn: str
    label: str
    family: Fact[str | None]
    items: tuple[Parameter, ...]
    complete: bool


@dataclass(frozen=True)
class Database:
    """An instance, replica, cluster or a cluster's instance.

    `upstream` is the database it replicates or belongs to: in this stack by URN, else by its id.
    `groups` is `None` where it names no security group and so gets the VPC's default one.
    `parameters` is the group named, `None` for the default of the engine's version.
    """

    urn: str
    label: str
    type: str
    public: Fact[bool]
    engine: Fact[str | None]
    version: Fact[str | None]
    port: Fact[int | None]
    ca: Fact[str | None]
    spots: tuple[Spot, ...]
    missing: str
    groups: tuple[Link, ...] | None
    parameters: Link | None
    upstream: Link | None = None
    inherits: tuple[str, ...] = ()

    @property
    def member(self) -> bool:
        """Tell whether this is an instance of a cluster, which has the settings for it."""
        return self.type == DB_CLUSTER_INSTANCE

    @property
    def cluster(self) -> bool:
        """Tell whether this is a cluster."""
        return self.type == DB_CLUSTER

    @property
    def placement(self) -> Placement:
        """Return where the database is."""
        no = Fact(value=False, standing=Standing.DEFAULT, source=Source(self.urn))
        return Placement(self.urn, self.label, Kind.DATABASE, self.spots, no, None, self.missing)


def databases(index: Index) -> dict[str, Database]:
    """Return all databases; replicas and members hold what they take over from their source."""
    found = {item.urn: _instance(index, item) for item in index.of(DB_INSTANCE)}
    found |= {item.urn: _cluster(index, item) for item in index.of(DB_CLUSTER)}
    found |= {item.urn: _member(index, item) for item in index.of(DB_CLUSTER_INSTANCE)}
    return {urn: _resolved(item, found, ()) for urn, item in found.items()}


def parameter_groups(index: Index) -> dict[str, Parameters]:
    """Return the parameter groups of a stack."""
    return {
        item.urn: _parameters(index, item)
        for item in index.of(DB_PARAMETERS, DB_CLUSTER_PARAMETERS)
    }


def _parameters(index: Index, item: Resource) -> Parameters:
    listed = mappings(item.properties.get("parameters"))
    entries = tuple(
        Parameter(
            _scalar(entry.get("name")),
            _scalar(entry.get("value")),
            _scalar(entry.get("applyMethod") or "immediate"),
        )
        for entry in listed or []
    )
    family = text(item, "family")
    return Parameters(item.urn, index.label(item.urn), family, entries, listed is not None)


def _scalar(value: object) -> str | Unknown:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (str, int)) else UNKNOWN


def _groups(index: Index, item: Resource) -> tuple[Link, ...] | None:
    value = item.properties.get("vpcSecurityGroupIds")
    return index.links(item, "vpcSecurityGroupIds", value, GROUPS) if value else None


def _instance(index: Index, item: Resource) -> Database:
    source = item.properties.get("replicateSourceDb")
    return replace(
        _placed(index, item, "caCertIdentifier", "parameterGroupName", DB_PARAMETERS),
        upstream=index.link(item, "replicateSourceDb", source, SOURCES),
    )


def _cluster(index: Index, item: Resource) -> Database:
    group = "dbClusterParameterGroupName"
    return _placed(index, item, "caCertificateIdentifier", group, DB_CLUSTER_PARAMETERS)


def _placed(index: Index, item: Resource, ca: str, group: str, kind: str) -> Database:
    """Return what has subnets and groups of its own; `ca` and `group` are its type's own words."""
    spots, missing = group_spots(index, item, "dbSubnetGroupName", DB_SUBNET_GROUP)
    return Database(
        urn=item.urn,
        label=index.label(item.urn),
        type=item.type,
        public=flag(item, "publiclyAccessible", default=False),
        engine=text(item, "engine"),
        version=text(item, "engineVersion"),
        port=number(item, "port"),
        ca=text(item, ca),
        spots=spots,
        missing=missing,
        groups=_groups(index, item),
        parameters=index.link(item, group, item.properties.get(group), (kind,)),
    )


def _member(index: Index, item: Resource) -> Database:
    value = item.properties.get("clusterIdentifier", UNKNOWN)
    spots: tuple[Spot, ...] = ()
    missing = ""
    if item.properties.get("dbSubnetGroupName"):
        spots, missing = group_spots(index, item, "dbSubnetGroupName", DB_SUBNET_GROUP)
    return Database(
        urn=item.urn,
        label=index.label(item.urn),
        type=item.type,
        public=flag(item, "publiclyAccessible", default=False),
        engine=text(item, "engine"),
        version=text(item, "engineVersion"),
        port=number(item, "port"),
        ca=text(item, "caCertIdentifier"),
        spots=spots,
        missing=missing,
        groups=None,
        parameters=None,
        upstream=index.link(item, "clusterIdentifier", value, (DB_CLUSTER,)),
    )


def _resolved(item: Database, found: Mapping[str, Database], seen: tuple[str, ...]) -> Database:
    """Return a database with what AWS takes from its source where it names nothing of its own.

    A replica in the same region has its source's engine, port, subnets and parameter group; it
    gets the default security group of the VPC, not the source's groups.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
    """
    link = item.upstream
    if link is None:
        return item
    source = found.get(link.urn or "")
    if source is None or source.urn in seen:
        if item.spots:
            return item
        missing = f"it is a copy of {link.id or 'a database'} that is not in this stack"
        return replace(item, missing=missing)
    source = _resolved(source, found, (*seen, item.urn))
    unplaced = (not item.spots and item.missing.startswith("it names no")) or (
        item.member and not item.spots
    )
    steps = tuple(Spot(spot.link, (item.label, *spot.steps)) for spot in source.spots)
    return replace(
        item,
        engine=_first(item.engine, source.engine),
        version=_first(item.version, source.version),
        port=_first(item.port, source.port),
        spots=steps if unplaced else item.spots,
        missing=source.missing if unplaced else item.missing,
        groups=source.groups if item.member else item.groups,
        parameters=source.parameters if item.parameters is None else item.parameters,
        inherits=() if item.parameters else (source.label, *source.inherits),
    )


def _first(own: Fact[T], source: Fact[T]) -> Fact[T]:
    return source if own.standing is Standing.DEFAULT else own


def security_gaps(item: Database) -> Iterator[Gap]:
    """Yield the security groups of a database that its stack does not hold."""
    for link in item.groups or ():
        if link.urn is None and not link.candidates:
            yield Gap(link.source, f"the rules of security group {link.id or '(unknown)'}")
