"""Law: no database can be reached from the internet.

Three barriers stand between the internet and a database: its public flag, its subnets' routes, and
its security groups. Each is judged for itself, so one that is open is a finding even while the
others hold. Groups are to admit groups, not ranges; a group that admits the whole world may not be
admitted either, for whoever holds a member of it is next to the database.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graph import (
    INTERNET,
    TCP,
    UNKNOWN,
    Addresses,
    Database,
    Graph,
    Group,
    GroupRule,
    Link,
    whole_world,
)
from graph.databases import security_gaps
from rules.rule import Finding, Rule, Severity

NAME: Final = "no-public-rds"

_PORTS: Final = {
    "postgres": 5432,
    "aurora-postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "aurora-mysql": 3306,
}
_DATABASE_PORTS: Final = frozenset({*_PORTS.values(), 1433, 1521, 50000})
_BY_GROUP: Final = "admit the security groups of the clients, not ranges"


def _finding(urn: str, message: str, witness: tuple[str, ...], fix: str) -> Finding:
    return Finding(NAME, Severity.CRITICAL, urn, message, witness, fix)


def _open(urn: str, message: str, witness: tuple[str, ...], fix: str) -> Finding:
    return replace(_finding(urn, message, witness, fix), undetermined=True)


def check(graph: Graph) -> Iterator[Finding]:
    """Yield every way by which the internet comes nearer to a database."""
    for database in graph.databases.values():
        yield from _flag(database)
        if database.member and not database.missing:
            continue  # its cluster has the subnets and the groups
        yield from _routes(graph, database)
        yield from _groups(graph, database)
    yield from _strays(graph)


def _flag(database: Database) -> Iterator[Finding]:
    witness = (database.label, "publiclyAccessible")
    fix = "set publicly_accessible to false"
    if database.public.value is UNKNOWN:
        message = f"cannot tell whether {database.label} is publicly accessible"
        yield _open(database.urn, message, witness, fix)
    elif database.public.value:
        message = f"{database.label} is publicly accessible: RDS gives it a public address"
        yield _finding(database.urn, message, ("internet", "public address", database.label), fix)


def _routes(graph: Graph, database: Database) -> Iterator[Finding]:
    if database.missing:
        message = f"cannot tell whether the internet can route to {database.label}"
        yield _open(
            database.urn,
            f"{message}: {database.missing}",
            (database.label,),
            "name a subnet group of this stack",
        )
    for spot in database.spots:
        subnet = graph.subnet(spot.link)
        if subnet is None:
            yield _open(
                database.urn,
                f"cannot tell whether the internet can route to {database.label}: its subnet "
                f"{spot.link.id or '(unknown)'} is not in this stack",
                (*spot.steps, f"subnet {spot.link.id or '(unknown)'}"),
                "use subnets of this stack, or describe the existing ones in `existingSubnets`",
            )
            continue
        seen = graph.behaviours[subnet.key]
        if seen.way_in:
            steps = tuple(reversed((*spot.steps, subnet.label, *seen.way_in.steps)))
            yield _finding(
                database.urn,
                f"the internet can route to {database.label} through {subnet.label}",
                ("internet", *steps),
                "put the database in subnets without a route to an internet gateway",
            )
        elif seen.gaps:
            yield _open(
                database.urn,
                f"cannot tell whether the internet can route to {database.label}, for want of "
                f"{seen.gaps[0].missing}",
                (*spot.steps, subnet.label),
                "refer to route tables and gateways of this stack",
            )


def _groups(graph: Graph, database: Database) -> Iterator[Finding]:
    for gap in security_gaps(database):
        yield _open(
            database.urn,
            f"cannot tell who may connect to {database.label}: {gap.missing} are not in this stack",
            (database.label, gap.source.path),
            "use a security group of this stack",
        )
    if database.groups is None and not database.member:
        yield from _default_group(graph, database)
    for link in database.groups or ():
        for group in _reached(graph, link):
            yield from _ingress(graph, database, group)


def _default_group(graph: Graph, database: Database) -> Iterator[Finding]:
    vpcs = {subnet.vpc for spot in database.spots if (subnet := graph.subnet(spot.link))}
    groups = [graph.groups.groups.get(graph.groups.default.get(vpc or "", "")) for vpc in vpcs]
    for group in groups or [None]:
        if group is None or not group.managed:
            yield _open(
                database.urn,
                f"{database.label} names no security group, so it gets its VPC's default one, "
                "whose rules are not in this stack",
                (database.label, "vpcSecurityGroupIds"),
                "name a security group of this stack",
            )
        else:
            yield from _ingress(graph, database, group)


def _reached(graph: Graph, link: Link) -> list[Group]:
    """Return the groups that a reference leads to, or may lead to."""
    links = [link] if link.urn else [replace(link, urn=urn) for urn in link.candidates]
    return [group for item in links if (group := graph.groups.at(item))]


def _port(database: Database) -> int | None:
    """Return the port to judge, or `None` for any."""
    if isinstance(database.port.value, int):
        return database.port.value
    engine = database.engine.value
    default = _PORTS.get(engine) if isinstance(engine, str) else None
    return None if database.port.value is UNKNOWN else default


def _ingress(graph: Graph, database: Database, group: Group) -> Iterator[Finding]:
    for gap in group.gaps:
        message = f"cannot tell who may connect to {database.label}: {gap.missing} are not known"
        yield _open(database.urn, message, (group.label, database.label), _BY_GROUP)
    if not group.managed:
        message = f"cannot tell who may connect to {database.label}: {group.label} is not managed"
        yield _open(database.urn, message, (group.label, database.label), _BY_GROUP)
    for rule in group.ingress:
        if not rule.may_cover(TCP, _port(database)):
            continue
        witness = (rule.text, _traffic(graph, group, rule), group.label, database.label)
        if rule.group:
            yield from _by_group(graph, database, group, rule)
        elif rule.addresses is UNKNOWN:
            message = f"cannot tell who may connect to {database.label}: {rule.text} is not known"
            yield _open(database.urn, message, witness, _BY_GROUP)
        elif rule.addresses is not None:
            found = _by_range(graph, database, rule.addresses, witness)
            yield replace(found, undetermined=rule.traffic is UNKNOWN)


def _traffic(graph: Graph, group: Group, rule: GroupRule) -> str:
    """Return what a rule admits, with the rule's name where it is a resource of its own."""
    text = "unknown ports" if rule.traffic is UNKNOWN else str(rule.traffic)
    urn = rule.source.urn
    return text if urn == group.key else f"{graph.label(urn)} ({text})"


def _by_range(
    graph: Graph, database: Database, sources: Addresses, witness: tuple[str, ...]
) -> Finding:
    public = sources & (INTERNET - graph.own)
    if public:
        message = f"{database.label} admits addresses of the internet: {next(public.cidrs())}"
        return _finding(database.urn, message, ("internet", *witness), _BY_GROUP)
    message = f"{database.label} admits a range instead of a security group"
    return replace(_finding(database.urn, message, witness, _BY_GROUP), severity=Severity.MEDIUM)


def _by_group(graph: Graph, database: Database, group: Group, rule: GroupRule) -> Iterator[Finding]:
    link = rule.group
    peers = _reached(graph, link) if link else []
    witness = (rule.text, _traffic(graph, group, rule), group.label, database.label)
    if not peers:
        message = (
            f"cannot tell who may connect to {database.label}: {rule.text} is not in this stack"
        )
        yield _open(database.urn, message, witness, _BY_GROUP)
    for peer in peers:
        if peer.key == group.key:
            continue
        ranges = [item.addresses for item in peer.ingress if item.addresses is not None]
        admitted = Addresses.union(item for item in ranges if item is not UNKNOWN)
        if whole_world(admitted | graph.own):
            yield _finding(
                database.urn,
                f"{database.label} admits {peer.label}, which the whole internet may connect to",
                ("internet", peer.label, *witness[1:]),
                "admit only groups of private hosts and tasks",
            )
        elif UNKNOWN in ranges or peer.gaps:
            message = f"cannot tell who may connect to {peer.label}, which {database.label} admits"
            yield _open(database.urn, message, (peer.label, *witness), _BY_GROUP)


def _strays(graph: Graph) -> Iterator[Finding]:
    """Yield rules that open database ports of a group whose members this stack does not show."""
    own = {_port(database) for database in graph.databases.values()} - {None}
    ports = _DATABASE_PORTS | own
    for link, rule in graph.groups.strays:
        if rule.egress or not any(rule.may_cover(TCP, port) for port in ports):
            continue
        label = graph.label(rule.source.urn)
        target = Group("", f"sg {link.id or '(unknown)'}")
        witness = (rule.text, _traffic(graph, target, rule), target.label)
        fix = "add rules only to groups of this stack, and by group"
        public = rule.addresses
        if isinstance(public, Addresses) and public & (INTERNET - graph.own):
            message = f"{label} opens a database's port to the internet in {target.label}"
            yield _open(rule.source.urn, message, ("internet", *witness), fix)
        elif public is UNKNOWN or not link.id:
            message = f"cannot tell whom {label} lets connect to a database's port, or where"
            yield _open(rule.source.urn, message, witness, fix)


NO_PUBLIC_RDS: Final = Rule(
    name=NAME,
    title="No public RDS",
    description="No database is public by flag, by its subnets' routes or by its security groups.",
    severity=Severity.CRITICAL,
    why="A database that the internet can reach is found within minutes, and tried for ever.",
    controls=("FSBP RDS.2", "CIS 3.2.3", "CIS5 2.2.3"),
    remediation="Keep databases in data subnets, not publicly accessible, open to groups only.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    check=lambda graph, _: check(graph),
)
