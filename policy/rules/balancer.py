"""Rules on balancers, their listeners and their target groups."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    Test,
    count,
    elements,
    names,
    not_off,
    number,
    on,
    only_if,
    requires,
    rule,
    unknown,
    within,
)

BALANCERS: Final = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
LISTENERS: Final = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
TARGET_GROUPS: Final = ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup")

_ZONES: Final = 2
_HTTP: Final = 80
_HTTPS: Final = 443
_GUIDE: Final = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"

# Nothing older than TLS 1.2, forward secrecy throughout:
# https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-17
TLS_POLICIES: Final = frozenset(
    f"ELBSecurityPolicy-TLS13-{name}"
    for name in (
        "1-2-2021-06",
        "1-2-Res-2021-06",
        "1-3-2021-06",
        "1-2-FIPS-2023-04",
        "1-2-Res-FIPS-2023-04",
        "1-3-FIPS-2023-04",
        "1-2-PQ-2025-09",
        "1-2-Res-PQ-2025-09",
        "1-3-PQ-2025-09",
        "1-2-FIPS-PQ-2025-09",
        "1-2-Res-FIPS-PQ-2025-09",
        "1-3-FIPS-PQ-2025-09",
    )
)


def _application(test: Test) -> Test:
    return only_if(
        lambda subject: subject.at("loadBalancerType") in (None, UNKNOWN, "application"), test
    )


def _encrypted(test: Test) -> Test:
    return only_if(
        lambda subject: (
            subject.at("protocol") in (UNKNOWN, "HTTPS", "TLS")
            or (subject.at("protocol") is None and subject.at("port") == _HTTPS)
        ),
        test,
    )


def _redirects(subject: Subject) -> Iterator[Fault]:
    protocol = subject.at("protocol")
    if protocol is UNKNOWN:
        yield unknown("protocol")
        return
    if not (protocol == "HTTP" or (protocol is None and subject.at("port") == 80)):  # noqa: PLR2004 - http
        return
    actions, unknowns = elements(subject.at("defaultActions"), "defaultActions")
    yield from unknowns
    for path, action in actions:
        kind, to = action.get("type"), within(action, "redirect.protocol")
        if UNKNOWN in (kind, to):
            yield unknown(path)
        elif kind == "redirect" and to in ("HTTPS", "#{protocol}", None):
            if to != "HTTPS":
                yield Fault("redirects plain HTTP to plain HTTP", f"{path}.redirect.protocol")
        elif kind != "fixed-response":
            yield Fault("serves plain HTTP instead of redirecting to HTTPS", path)


def _zones(subject: Subject) -> Iterator[Fault]:
    for path in ("subnets", "subnetMappings"):
        value = subject.at(path)
        if value is UNKNOWN:
            yield unknown(path)
        elif value and count(value) < _ZONES:
            yield Fault("has one subnet, so one zone's loss takes it down", path)


def _health_check(subject: Subject) -> Iterator[Fault]:
    path = "healthCheck"
    values = [subject.at(f"{path}.{key}") for key in ("interval", "timeout", "protocol")]
    if UNKNOWN in values:
        yield unknown(path)
        return
    interval, timeout = number(values[0]), number(values[1])
    if values[0] is not None and (interval is None or not 5 <= interval <= 300):  # noqa: PLR2004 - limits of AWS
        yield Fault(f"has a health check interval of {values[0]}, not 5 to 300 s", path)
    elif timeout is not None and timeout >= (interval or 30):
        yield Fault(
            f"has a health check timeout of {timeout:g} s, not below its interval of "
            f"{interval or 30:g} s",
            path,
        )


REDIRECTS: Final = rule(
    _redirects,
    *LISTENERS,
    name="alb-http-redirects",
    title="Plain HTTP only redirects to HTTPS",
    severity=Severity.HIGH,
    why="Cookies and passwords cross the internet for everybody on the way to read",
    fix="make the listener's default action a redirect to HTTPS",
    url=f"{_GUIDE}load-balancer-listeners.html",
    controls=("FSBP ELB.1", "FSBP ELB.18"),
)
TLS_POLICY: Final = rule(
    _encrypted(
        requires(
            "sslPolicy",
            lambda value: value in TLS_POLICIES,
            "takes connections with a TLS policy that is not recommended",
        )
    ),
    *LISTENERS,
    name="alb-tls-policy",
    title="Listeners use a recommended TLS policy",
    severity=Severity.HIGH,
    why="The default, ELBSecurityPolicy-2016-08, still takes TLS 1.0",
    fix="set ssl_policy to ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    url=f"{_GUIDE}describe-ssl-policies.html",
    controls=("FSBP ELB.17",),
)
CERTIFICATE: Final = rule(
    _encrypted(
        names("certificateArn", "speaks TLS without a certificate"),
    ),
    *LISTENERS,
    name="alb-certificate",
    title="TLS listeners have a certificate",
    severity=Severity.HIGH,
    why="AWS refuses the listener, when most of a long `up` is done",
    fix="set certificate_arn",
    url=f"{_GUIDE}https-listener-certificates.html",
)
INVALID_HEADERS: Final = rule(
    _application(
        requires("dropInvalidHeaderFields", on, "passes on headers that are not valid HTTP")
    ),
    *BALANCERS,
    name="alb-drops-invalid-headers",
    title="Balancers drop invalid headers",
    severity=Severity.MEDIUM,
    why="Balancer and server read malformed headers differently, which smuggles requests",
    fix="set drop_invalid_header_fields to true",
    url=f"{_GUIDE}edit-load-balancer-attributes.html",
    controls=("FSBP ELB.4",),
)
DESYNC: Final = rule(
    _application(
        requires(
            "desyncMitigationMode",
            lambda value: value in (None, "defensive", "strictest"),
            "only watches requests that two parsers read differently",
        )
    ),
    *BALANCERS,
    name="alb-desync-mitigation",
    title="Balancers refuse ambiguous requests",
    severity=Severity.MEDIUM,
    why="Ambiguous requests are how one user's request gets in front of another's",
    fix="set desync_mitigation_mode to defensive or strictest",
    url=f"{_GUIDE}edit-load-balancer-attributes.html",
    controls=("FSBP ELB.12",),
)
ACCESS_LOGS: Final = rule(
    requires("accessLogs.enabled", on, "keeps no access logs"),
    *BALANCERS,
    name="alb-access-logs",
    title="Balancers keep access logs",
    severity=Severity.MEDIUM,
    why="Without them nobody can tell afterwards who asked for what",
    fix="set access_logs to a bucket, enabled",
    url=f"{_GUIDE}load-balancer-access-logs.html",
    controls=("FSBP ELB.5", "CIS 4.10"),
    level=Level.ADVISORY,
)
DELETION_PROTECTED: Final = rule(
    requires("enableDeletionProtection", on, "can be deleted by one call"),
    *BALANCERS,
    name="alb-deletion-protected",
    title="Balancers are protected from deletion",
    severity=Severity.LOW,
    why="A new balancer has another name, and DNS has to follow",
    fix="set enable_deletion_protection to true",
    url=f"{_GUIDE}edit-load-balancer-attributes.html",
    controls=("FSBP ELB.6",),
    level=Level.DISABLED,
    production=Level.MANDATORY,
)
ZONES: Final = rule(
    _zones,
    *BALANCERS,
    name="alb-two-zones",
    title="Balancers span two zones",
    severity=Severity.MEDIUM,
    why="AWS refuses an application balancer in one zone, and a network one goes down with it",
    fix="give the balancer subnets in two zones or more",
    url=f"{_GUIDE}load-balancer-subnets.html",
    controls=("FSBP ELB.13",),
)
CROSS_ZONE: Final = rule(
    only_if(
        lambda subject: subject.at("loadBalancerType") == "network",
        requires("enableCrossZoneLoadBalancing", not_off, "leaves each zone to itself"),
    ),
    *BALANCERS,
    name="nlb-cross-zone",
    title="Network balancers do not refuse to balance across zones",
    severity=Severity.LOW,
    why="A zone with few targets gets as many connections as one with many",
    fix="set enable_cross_zone_load_balancing to true",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-load-balancer-attributes.html",
    level=Level.DISABLED,
)
HEALTH_CHECK: Final = rule(
    _health_check,
    *TARGET_GROUPS,
    name="target-health-check-times",
    title="Health checks time out before the next one",
    severity=Severity.MEDIUM,
    why="AWS refuses the target group, when half of a long `up` is done",
    fix="set the timeout below the interval, and the interval to 5 to 300 s",
    url=f"{_GUIDE}target-group-health-checks.html",
)

RULES: Final[tuple[Rule, ...]] = (
    REDIRECTS,
    TLS_POLICY,
    CERTIFICATE,
    INVALID_HEADERS,
    DESYNC,
    ACCESS_LOGS,
    DELETION_PROTECTED,
    ZONES,
    CROSS_ZONE,
    HEALTH_CHECK,
)
