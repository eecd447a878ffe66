"""Rules on what stands before a release: firewall, client certificates, TLS on to the targets."""

from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN, Resource
from rules.balancer import BALANCERS, LISTENERS, TARGET_GROUPS
from rules.balancer_limits import LISTENER_RULES
from rules.rule import Level, Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    elements,
    not_on,
    on,
    only_if,
    present,
    requires,
    rule,
    unknown,
)

WEB_ACL: Final = "aws:wafv2/webAcl:WebAcl"
_ASSOCIATION: Final = "aws:wafv2/webAclAssociation:WebAclAssociation"
_LOGGING: Final = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
_GUIDE: Final = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
_WAF: Final = "https://docs.aws.amazon.com/waf/latest/developerguide/"
_TCP: Final = ("TCP", "UDP", "TCP_UDP")


def attached(subject: Subject, token: str, path: str) -> list[Resource] | None:
    """Return what refers to the subject, `None` where something may that cannot be told."""
    found = subject.peers(path, token)
    if found:
        return found
    index = subject.graph.index
    for other in index.of(token):
        link = index.link(other, path, other.properties.get(path), (subject.type,))
        if link and link.urn is None and link.id is None:
            return None
    return []


def _attached(token: str, path: str, says: str, subject: Subject) -> Iterator[Fault]:
    found = attached(subject, token, path)
    if found is None:
        yield unknown(path)
    elif not found:
        yield Fault(says, "id")


def _public_application(subject: Subject) -> bool:
    kind = subject.at("loadBalancerType") in (None, UNKNOWN, "application")
    return kind and not on(subject.at("internal"))


def _firewall(subject: Subject) -> Iterator[Fault]:
    yield from _attached(_ASSOCIATION, "resourceArn", "has no web firewall before it", subject)


def _waf_logs(subject: Subject) -> Iterator[Fault]:
    yield from _attached(_LOGGING, "resourceArn", "logs nothing of what it stops", subject)


def _waf_rules(subject: Subject) -> Iterator[Fault]:
    values = subject.at("rules"), subject.at("ruleJson")
    if UNKNOWN in values:
        yield unknown("rules")
    elif not any(map(present, values)):
        yield Fault("has no rule, so it stops nothing", "rules")


def _mutual(subject: Subject) -> Iterator[Fault]:
    path = "mutualAuthentication"
    if subject.at(path) is None:
        return
    mode, store = subject.at(f"{path}.mode"), subject.at(f"{path}.trustStoreArn")
    expired = subject.at(f"{path}.ignoreClientCertificateExpiry")
    if UNKNOWN in (mode, expired):
        yield unknown(path)
        return
    # A trust store that is not known is still one: its ARN comes with the first `up`.
    if mode == "verify" and store is not UNKNOWN and not present(store):
        yield Fault("verifies clients' certificates against no trust store", path)
    if on(expired):
        yield Fault("takes clients' certificates that have expired", path)


def _plain_rule(subject: Subject) -> Iterator[Fault]:
    path = "listenerArn"
    actions, faults = elements(subject.at("actions"), "actions")
    forwards = [where for where, action in actions if action.get("type") == "forward"]
    yield from faults
    yield from (unknown(where) for where, action in actions if action.get("type") is UNKNOWN)
    if not forwards:
        return
    index = subject.graph.index
    link = index.link(subject.resource, path, subject.at(path), LISTENERS)
    listener = index.by_urn.get(link.urn or "") if link else None
    protocol = listener.properties.get("protocol") if listener else UNKNOWN
    port = listener.properties.get("port") if listener else None
    if protocol is UNKNOWN:
        yield unknown(path)
    elif protocol == "HTTP" or (protocol is None and port == 80):  # noqa: PLR2004 - http
        yield Fault("serves plain HTTP past its listener's redirect", forwards[0])


def _protocol(path: str, bad: tuple[str, ...], says: str, subject: Subject) -> Iterator[Fault]:
    value = subject.at(path)
    if value is UNKNOWN:
        yield unknown(path)
    elif value in bad:
        yield Fault(says, path)


def _target_plain(subject: Subject) -> Iterator[Fault]:
    yield from _protocol("protocol", ("HTTP", *_TCP), "gets plain traffic", subject)


def _health_plain(subject: Subject) -> Iterator[Fault]:
    says = "is checked in plain text"
    if subject.at("healthCheck.protocol") is None:
        yield from _protocol("protocol", ("HTTP",), says, subject)
    else:
        yield from _protocol("healthCheck.protocol", ("HTTP",), says, subject)


def _pass_through(subject: Subject) -> Iterator[Fault]:
    yield from _protocol("protocol", _TCP, "does not speak TLS itself", subject)


FIREWALL: Final = rule(
    only_if(_public_application, _firewall),
    *BALANCERS,
    name="alb-firewall",
    title="Public balancers have a web firewall",
    severity=Severity.MEDIUM,
    why="Scanners, floods and known attacks reach the release itself",
    fix="associate a web ACL with the balancer",
    url=f"{_GUIDE}load-balancer-waf.html",
    controls=("FSBP ELB.16",),
    level=Level.DISABLED,
)
FAIL_OPEN: Final = rule(
    requires("enableWafFailOpen", not_on, "lets everything in when its firewall does not answer"),
    *BALANCERS,
    name="alb-firewall-fails-closed",
    title="Without its firewall a balancer lets nobody in",
    severity=Severity.MEDIUM,
    why="Whoever can keep the firewall busy is past it",
    fix="leave enable_waf_fail_open false",
    url=f"{_GUIDE}edit-load-balancer-attributes.html",
)
CONNECTIONS: Final = rule(
    only_if(
        lambda subject: subject.at("loadBalancerType") in (None, "application"),
        requires("connectionLogs.enabled", on, "keeps no log of connections"),
    ),
    *BALANCERS,
    name="alb-connection-logs",
    title="Balancers keep connection logs",
    severity=Severity.LOW,
    why="Clients that fail to agree on TLS leave no trace elsewhere",
    fix="set connection_logs to a bucket, enabled",
    url=f"{_GUIDE}load-balancer-connection-logs.html",
    level=Level.DISABLED,
)
MUTUAL: Final = rule(
    _mutual,
    *LISTENERS,
    name="alb-mutual-tls",
    title="Clients' certificates are verified, and valid",
    severity=Severity.HIGH,
    why="A certificate that nobody verifies is a name that anybody may take",
    fix="name a trust_store_arn, and do not ignore the end of a certificate",
    url=f"{_GUIDE}mutual-authentication.html",
)
PLAIN_RULES: Final = rule(
    _plain_rule,
    *LISTENER_RULES,
    name="alb-http-rules-redirect",
    title="No rule serves plain HTTP past a redirect",
    severity=Severity.HIGH,
    why="Rules come before a listener's default action, so its redirect helps nobody",
    fix="move the rule to the HTTPS listener",
    url=f"{_GUIDE}listener-rules.html",
    controls=("FSBP ELB.1", "FSBP ELB.18"),
)
PASS_THROUGH: Final = rule(
    _pass_through,
    *LISTENERS,
    name="nlb-tls",
    title="Listeners of network balancers speak TLS",
    severity=Severity.MEDIUM,
    why="Whether anything is encrypted is up to each target",
    fix="set protocol to TLS, with a certificate",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/listener-update-certificates.html",
    controls=("FSBP ELB.18",),
    level=Level.DISABLED,
)
TARGET_TLS: Final = rule(
    _target_plain,
    *TARGET_GROUPS,
    name="target-encrypted",
    title="Traffic to targets is encrypted",
    severity=Severity.MEDIUM,
    why="Between balancer and task, whoever is in the network reads along",
    fix="set the target group's protocol to HTTPS or TLS, and let the release speak it",
    url=f"{_GUIDE}load-balancer-target-groups.html",
    controls=("FSBP ELB.22",),
    level=Level.DISABLED,
)
HEALTH_TLS: Final = rule(
    _health_plain,
    *TARGET_GROUPS,
    name="target-health-encrypted",
    title="Health checks are encrypted",
    severity=Severity.LOW,
    why="A release that speaks TLS only fails plain checks, so a plain port stays open for them",
    fix="set the health check's protocol to HTTPS",
    url=f"{_GUIDE}target-group-health-checks.html",
    controls=("FSBP ELB.21",),
    level=Level.DISABLED,
)
WAF_RULES: Final = rule(
    _waf_rules,
    WEB_ACL,
    name="waf-rules",
    title="Web firewalls have rules",
    severity=Severity.MEDIUM,
    why="An empty firewall passes every audit and stops nothing",
    fix="add a rule or a managed rule group",
    url=f"{_WAF}web-acl-editing.html",
    controls=("FSBP WAF.10",),
)
WAF_LOGS: Final = rule(
    _waf_logs,
    WEB_ACL,
    name="waf-logged",
    title="Web firewalls keep logs",
    severity=Severity.MEDIUM,
    why="Nobody can tell an attack from a customer whom a rule locked out",
    fix="add a WebAclLoggingConfiguration",
    url=f"{_WAF}logging.html",
    controls=("FSBP WAF.11",),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    FIREWALL,
    FAIL_OPEN,
    CONNECTIONS,
    MUTUAL,
    PLAIN_RULES,
    PASS_THROUGH,
    TARGET_TLS,
    HEALTH_TLS,
    WAF_RULES,
    WAF_LOGS,
)
