"""Rules on what can reach what: where the laws are silent, because each part by itself is allowed.

Hosts that nobody outside can address, and groups that admit groups only, are settled without a
question to the graph: questions cost, and most stacks leave none to ask.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from graph import (
    INTERNET,
    TCP,
    UNKNOWN,
    Addresses,
    Answer,
    Gap,
    Graph,
    Interface,
    Kind,
    Source,
    Tier,
    Verdict,
    effective,
    may,
)
from graph.reach import LOGIN_PORTS
from graph.tokens import AUTOSCALING_GROUP, DB_CLUSTER, DB_INSTANCE, ECS_SERVICE, INSTANCE, SUBNET
from rules.rule import Finding, Level, Rule, Severity

_GUIDE: Final = "https://docs.aws.amazon.com/vpc/latest/userguide/"
_HOSTS: Final = (INSTANCE, AUTOSCALING_GROUP)
_DATABASES: Final = (DB_INSTANCE, DB_CLUSTER)

Found = Callable[[str, str, Answer], Finding]
Look = Callable[[Graph, Found], Iterator[Finding]]


def _rule(  # noqa: PLR0913 - the columns of a rule's row
    look: Look,
    *types: str,
    name: str,
    title: str,
    severity: Severity,
    why: str,
    fix: str,
    url: str,
    controls: tuple[str, ...] = (),
    level: Level = Level.ADVISORY,
) -> Rule:
    """Return a rule whose findings have an answer of the graph as their proof."""

    def found(urn: str, says: str, answer: Answer) -> Finding:
        sure = not answer.missing
        lacks = "" if sure else f", for want of {answer.missing[0].missing}"
        start = "" if sure else "cannot tell whether "
        path = answer.path or ("the way is not known",)
        return Finding(name, severity, urn, f"{start}{says}{lacks}", path, fix, not sure)

    return Rule(
        name=name,
        title=title,
        description=f"{title}.",
        severity=severity,
        why=why,
        remediation=fix,
        url=url,
        controls=controls,
        level=level,
        types=types,
        check=lambda graph, _: look(graph, found),
    )


# --- logins


def _entrances(graph: Graph) -> dict[str, Answer]:
    """Return the kinds of hosts that somebody on the internet may log in to, each with the way."""
    exposed = [
        urn
        for urn in graph.alike
        if any(not (item.public is False and item.v6 is False) for item in graph.hosts[urn])
    ]
    answers = {urn: may(graph, INTERNET, urn, TCP, LOGIN_PORTS) for urn in exposed}
    return {urn: answer for urn, answer in answers.items() if answer.possible}


@lru_cache(maxsize=1)  # two rules ask the same of one graph, and it is the dearest question
def _within_reach(graph: Graph) -> dict[str, Answer]:
    """Return all kinds of hosts that can be logged in to from the internet, by others too."""
    reached = _entrances(graph)
    fresh = list(reached)
    others = set(graph.alike) - set(reached)
    while fresh:
        here = fresh.pop(0)
        for urn in sorted(others):
            hop = may(graph, here, urn, TCP, LOGIN_PORTS)
            if hop.possible:
                reached[urn] = _chained(reached[here], hop)
                fresh.append(urn)
        others -= set(reached)
    return reached


def _chained(before: Answer, after: Answer) -> Answer:
    path, missing = (*before.path, *after.path), (*before.missing, *after.missing)
    return Answer(after.verdict, path, (), missing)


def _logins(graph: Graph, found: Found) -> Iterator[Finding]:
    for kind, answer in _within_reach(graph).items():
        for urn in graph.alike[kind]:
            label = graph.label(urn)
            path = (*answer.path[:-1], label) if answer.path else ()
            if not any(item.kind is Kind.BASTION for item in graph.hosts[urn]):
                yield found(urn, f"the internet can log in to {label}", replace(answer, path=path))


def _databases(graph: Graph, found: Found) -> Iterator[Finding]:
    reached = _within_reach(graph)
    for urn, database in graph.databases.items():
        if not reached or database.public.value is not False:
            continue  # a public one is the law's
        for host, before in reached.items():
            last = may(graph, host, urn, TCP)
            if last.possible:
                says = f"the internet can reach {graph.label(urn)} through {graph.label(host)}"
                yield found(urn, says, _chained(before, last))
                break


# --- tiers


def _subnets(graph: Graph, tier: Tier) -> list[str]:
    """Return the keys of a tier's subnets."""
    kept = graph.subnets.items()
    return [key for key, item in kept if effective(item, graph.behaviours[key]) is tier]


def _tasks(graph: Graph, found: Found) -> Iterator[Finding]:
    tasks = {item.urn: item for item in graph.interfaces if item.kind is Kind.TASKS}
    public = _subnets(graph, Tier.PUBLIC)
    for urn, item in tasks.items():
        behind = graph.index.by_urn[urn].properties.get("loadBalancers")
        if (behind is UNKNOWN or behind) and public and _admits_ranges(item):
            answer = may(graph, Tier.PUBLIC, urn, TCP)
            if answer.possible:
                says = f"anything in the public subnets can reach {item.label} past its balancer"
                yield found(urn, says, answer)


def _admits_ranges(item: Interface) -> bool:
    """Tell whether an interface lets in addresses, not only members of groups."""
    ranges = any(rule.addresses for group in item.groups for rule in group.ingress)
    return ranges or bool(item.foreign) or any(group.gaps for group in item.groups)


def _tiers(graph: Graph, found: Found) -> Iterator[Finding]:
    # The lists of the data subnets decide; only what they let in is worth a question.
    public = Addresses.union(
        cidr
        for key in _subnets(graph, Tier.PUBLIC)
        if isinstance(cidr := graph.subnets[key].cidr, Addresses)
    )
    judged: set[str] = set()
    for key in _subnets(graph, Tier.DATA):
        subnet = graph.subnets[key]
        acl = subnet.acl
        if acl is None or acl.key in judged or not acl.openings(public):
            continue
        judged.add(acl.key)
        answer = may(graph, Tier.PUBLIC, key, TCP)
        if answer.possible:
            says = f"anything in the public subnets can reach {subnet.label}"
            yield found(subnet.urn, says, answer)


def _egress(graph: Graph, found: Found) -> Iterator[Finding]:
    databases = {item.urn: item for item in graph.interfaces if item.urn in graph.databases}
    for urn, item in databases.items():
        says = f"{item.label} may open connections to the internet"
        for group in item.groups:
            out = [rule for rule in group.rules if rule.egress]
            ranges = [rule.addresses for rule in out if isinstance(rule.addresses, Addresses)]
            world = Addresses.union(ranges) & (INTERNET - graph.own)
            steps = (item.label, group.label)
            if world:
                to = f"egress {next(world.cidrs())}"
                yield found(urn, says, Answer(Verdict.YES, (*steps, to)))
            elif group.egress_gaps or any(rule.addresses is UNKNOWN for rule in out):
                gap = Gap(Source(group.key), f"where the egress rules of {group.label} lead")
                yield found(urn, says, Answer(Verdict.UNDETERMINED, steps, (), (gap,)))


NO_LOGINS: Final = _rule(
    _logins,
    *_HOSTS,
    name="reach-no-logins",
    title="Nobody on the internet can log in to a host but a bastion",
    severity=Severity.HIGH,
    why="One stolen key, or one hole in the server, and the host is somebody else's",
    fix="remove the rule, or the way through the bastion; people come by Session Manager",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
)
NO_DATABASE: Final = _rule(
    _databases,
    *_DATABASES,
    name="reach-no-database",
    title="Nobody on the internet can reach a database by way of hosts",
    severity=Severity.HIGH,
    why="Each step is allowed by itself, and together they lead from the internet to the data",
    fix="close the database to hosts that one can log in to; tunnel by Session Manager",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
)
BY_BALANCER: Final = _rule(
    _tasks,
    ECS_SERVICE,
    name="reach-tasks-by-balancer",
    title="Tasks are reached by their balancer only",
    severity=Severity.MEDIUM,
    why="Whatever gets a foothold in a public subnet talks to the tasks as if it were the balancer",
    fix="admit the balancer's security group, not ranges",
    url=f"{_GUIDE}security-group-rules.html",
)
PUBLIC_NOT_DATA: Final = _rule(
    _tiers,
    SUBNET,
    name="reach-public-not-data",
    title="Network ACLs keep the public tier from the data tier",
    severity=Severity.MEDIUM,
    why="Between the internet's side and the data, one security group is all that holds",
    fix="let the data subnets' network ACL allow the private ranges only",
    url=f"{_GUIDE}vpc-network-acls.html",
)
NO_EGRESS: Final = _rule(
    _egress,
    *_DATABASES,
    name="reach-database-no-egress",
    title="Databases open no connections to the internet",
    severity=Severity.LOW,
    why="A database that answers only cannot be made to send data away",
    fix="give the database's security group no egress rule",
    url=f"{_GUIDE}security-group-rules.html",
)

RULES: Final[tuple[Rule, ...]] = (
    NO_LOGINS,
    NO_DATABASE,
    BY_BALANCER,
    PUBLIC_NOT_DATA,
    NO_EGRESS,
)
