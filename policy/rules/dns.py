"""Rules on DNS records and their zones."""

import re
from collections.abc import Callable, Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from graph import UNKNOWN, Resource
from rules.certificates import CERTIFICATE
from rules.edge import attached
from rules.limits import LATE, Values, chosen, outside, ranged, shown
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, elements, every, number, only_if, present, rule, unknown

_RECORD: Final = "aws:route53/record:Record"
_ZONE: Final = "aws:route53/zone:Zone"
_QUERY_LOG: Final = "aws:route53/queryLog:QueryLog"
_DNS: Final = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
_TYPES: Final = (
    *("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF"),
    *("SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
)
_POLICIES: Final = (
    "weightedRoutingPolicies",
    "latencyRoutingPolicies",
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "cidrRoutingPolicy",
)
_ADDRESSES: Final[dict[str, Callable[[str], object]]] = {"A": IPv4Address, "AAAA": IPv6Address}
_SHORT: Final = 300
_CLAIMABLE: Final = re.compile(
    r".+\.(elb\.[a-z0-9-]+\.amazonaws\.com|[a-z0-9-]+\.elb\.amazonaws\.com|cloudfront\.net"
    r"|s3-website[.-][a-z0-9-]+\.amazonaws\.com|[a-z0-9-]+\.elasticbeanstalk\.com)\.?"
)


def _made_of(subject: Subject, path: str, *tokens: str) -> bool:
    return bool(subject.graph.index.sources(subject.resource, path, tokens))


def _record(values: Values) -> Iterator[Fault]:
    aliases = values["aliases"]
    if present(aliases):
        for path in ("ttl", "records"):
            if present(values[path]):
                yield Fault(f"is an alias and has {path}, of which Route 53 takes one", path)
    elif not present(values["records"]):
        yield Fault("is no alias and has no records", "records")
    elif number(values["ttl"]) is None:
        yield Fault("is no alias and has no ttl", "ttl")
    routed = [path for path in _POLICIES if present(values[path])]
    named = present(values["setIdentifier"])
    if len(routed) > 1:
        yield Fault(f"has {' and '.join(routed)}, of which Route 53 takes one", routed[0])
    elif routed and not named:
        yield Fault("is one of several and has no setIdentifier", "setIdentifier")
    elif named and not routed and values["multivalueAnswerRoutingPolicy"] is None:
        yield Fault("has a setIdentifier and no routing policy", "setIdentifier")


def _single(subject: Subject) -> Iterator[Fault]:
    """Judge what belongs together in a record; a list that is not known is still one."""
    paths = ("aliases", "ttl", "records", "setIdentifier", "multivalueAnswerRoutingPolicy")
    values = {path: subject.at(path) for path in (*paths, *_POLICIES)}
    given: dict[str, Any] = {
        path: ["unknown"] if value is UNKNOWN and path != "ttl" else value
        for path, value in values.items()
    }
    if given["ttl"] is UNKNOWN:
        yield unknown("ttl")
    else:
        yield from _record(given)


def _weight(subject: Subject) -> Iterator[Fault]:
    path = "weightedRoutingPolicies"
    items, faults = elements(subject.at(path), path)
    yield from faults
    for where, item in items:
        yield from outside(item.get("weight"), f"{where}.weight", 0, 255)


def _addresses(subject: Subject) -> Iterator[Fault]:
    read = _ADDRESSES.get(str(subject.at("type")))
    values = subject.at("records")
    if read is None:
        return
    for value in values if isinstance(values, list) else ():
        try:
            if value is not UNKNOWN:
                read(str(value))
        except AddressValueError:
            says = f"is of type {subject.at('type')} and holds {shown(value)}"
            yield Fault(says, "records")


def _apex(subject: Subject) -> Iterator[Fault]:
    zone = _zone(subject)
    name, kind = subject.at("name"), subject.at("type")
    if zone and kind == "CNAME" and isinstance(name, str):
        apex = zone.properties.get("name")
        if isinstance(apex, str) and name.rstrip(".") in ("", apex.rstrip(".")):
            yield Fault("is a CNAME of the zone itself, which DNS forbids", "type")


def _zone(subject: Subject) -> Resource | None:
    index = subject.graph.index
    link = index.link(subject.resource, "zoneId", subject.at("zoneId"), (_ZONE,))
    return index.by_urn.get(link.urn or "") if link else None


def _private(subject: Subject) -> Iterator[Fault]:
    zone = _zone(subject)
    if zone and zone.properties.get("vpcs"):
        return
    values = subject.at("records")
    for value in values if isinstance(values, list) else [values]:
        if value is UNKNOWN:
            if not _made_of(subject, "records", CERTIFICATE):
                yield unknown("records")
        elif isinstance(value, str) and _is_private(value):
            yield Fault(f"tells the world the private address {value}", "records")


def _is_private(value: str) -> bool:
    try:
        return ip_address(value).is_private
    except ValueError:
        return False


def _dangling(subject: Subject) -> Iterator[Fault]:
    records, aliases = subject.at("records"), elements(subject.at("aliases"), "aliases")[0]
    named = [("records", value) for value in (records if isinstance(records, list) else [])]
    named += [(f"{path}.name", item.get("name")) for path, item in aliases]
    for path, value in named:
        if isinstance(value, str) and _CLAIMABLE.fullmatch(value) and not _owned(subject, value):
            yield Fault(f"leads to {value}, which this stack does not hold", path)


def _owned(subject: Subject, value: str) -> bool:
    """Tell whether a name belongs to a resource that the record was made of, or of this stack."""
    if any(subject.resource.property_dependencies.get(key) for key in ("records", "aliases")):
        return True
    keys = ("dnsName", "domainName", "websiteEndpoint", "cname")
    return any(
        value.rstrip(".") == item.properties.get(key)
        for item in subject.graph.index.by_urn.values()
        for key in keys
    )


def _ttl(subject: Subject) -> Iterator[Fault]:
    ttl = subject.at("ttl")
    if not any(present(subject.at(path)) for path in _POLICIES) or ttl is None:
        return
    if ttl is UNKNOWN:
        yield unknown("ttl")
    elif (number(ttl) or 0) > _SHORT:
        yield Fault(f"moves traffic and is kept by resolvers for {number(ttl):g} s", "ttl")


def _query_log(subject: Subject) -> Iterator[Fault]:
    if subject.at("vpcs"):
        return
    found = attached(subject, _QUERY_LOG, "zoneId")
    if found is None:
        yield unknown("id")
    elif not found:
        yield Fault("keeps no log of queries", "id")


RECORD: Final = rule(
    every(_single, ranged("ttl", 0, 2147483647, "s"), _weight, _addresses, _apex),
    _RECORD,
    name="route53-record-legal",
    title="Records hold what their type and policy take",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="give a record an alias or a ttl with records, and one routing policy with an identifier",
    url="https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html",
)
TYPE: Final = rule(
    only_if(
        # What ACM asks for is a CNAME, and known only once the certificate is requested.
        lambda subject: not _made_of(subject, "type", CERTIFICATE),
        chosen("type", *_TYPES),
    ),
    _RECORD,
    name="route53-type",
    title="Records have a type that Route 53 has",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a type of DNS record that Route 53 supports",
    url=f"{_DNS}ResourceRecordTypes.html",
)
PRIVATE: Final = rule(
    only_if(lambda subject: subject.at("type") in ("A", "AAAA"), _private),
    _RECORD,
    name="route53-no-private-address",
    title="Public records hold public addresses",
    severity=Severity.LOW,
    why="Private addresses in public DNS draw a map of the network, and lead nowhere",
    fix="put the record into a private zone, or an alias to a balancer",
    url=f"{_DNS}hosted-zones-private.html",
    level=Level.ADVISORY,
)
DANGLING: Final = rule(
    _dangling,
    _RECORD,
    name="route53-no-dangling",
    title="Records lead to what the stack holds",
    severity=Severity.MEDIUM,
    why="When the other end is deleted, whoever gets its name next speaks for this domain",
    fix="make the record from the resource's own output, in one stack, or delete it",
    url=f"{_DNS}protection-from-dangling-dns.html",
    level=Level.ADVISORY,
)
TTL: Final = rule(
    _ttl,
    _RECORD,
    name="route53-ttl",
    title="Records that move traffic are short-lived",
    severity=Severity.LOW,
    why="Users stay where they were for as long as resolvers remember",
    fix="set ttl to 60",
    url=f"{_DNS}best-practices-dns.html",
    level=Level.ADVISORY,
)
QUERY_LOG: Final = rule(
    _query_log,
    _ZONE,
    name="route53-query-logs",
    title="Public zones log queries",
    severity=Severity.LOW,
    why="Nobody can tell which names are still asked for, or by whom",
    fix="add a QueryLog to a log group in us-east-1",
    url=f"{_DNS}query-logs.html",
    controls=("FSBP Route53.2",),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (RECORD, TYPE, PRIVATE, DANGLING, TTL, QUERY_LOG)
