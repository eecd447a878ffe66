"""Cases of the rules on what stands before a release: balancers, firewalls, certificates, DNS."""

from typing import Any

from graph import UNKNOWN
from tests.policy.catalogue_case import ABSENT, Case, nested, one

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGETS = "aws:lb/targetGroup:TargetGroup"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
WAF_ATTACHED = "aws:wafv2/webAclAssociation:WebAclAssociation"
WAF_LOGGED = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"
FORWARD = {"type": "forward", "targetGroupArn": "targets"}
USED = (LISTENER, "https", {"certificateArn": "subject"})


def beside(*others: tuple[str, str, dict[str, Any]], **held: Any) -> dict[str, Any]:
    """Return a resource with others next to it."""
    return {**held, "beside": others}


def health(**held: Any) -> dict[str, Any]:
    """Return a target group with this health check."""
    return {"port": 5000, "healthCheck": held}


def weights(*values: object) -> dict[str, Any]:
    """Return an action that forwards by these weights."""
    groups = [{"arn": "targets", "weight": value} for value in values]
    return {"type": "forward", "forward": {"targetGroups": groups}}


def ruled(protocol: object, *actions: dict[str, Any]) -> dict[str, Any]:
    """Return a listener's rule beside its listener."""
    listener = (LISTENER, "listener", {"arn": "listener", "protocol": protocol, "port": 8080})
    return beside(listener, listenerArn="listener", actions=list(actions or (FORWARD,)))


def a(*records: object, **held: Any) -> dict[str, Any]:
    """Return a plain A record."""
    return {"name": "app.example.com", "type": "A", "ttl": 60, "records": list(records), **held}


def alias(name: object, **held: Any) -> dict[str, Any]:
    """Return an alias record."""
    return {"name": "app.example.com", "type": "A", "aliases": [{"name": name}], **held}


def zoned(name: str, **zone: Any) -> dict[str, Any]:
    """Return a CNAME beside its zone, example.com."""
    held = a("elsewhere.example.org", name=name, type="CNAME", zoneId="Z1")
    return {**held, "beside": ((ZONE, "zone", {"id": "Z1", "name": "example.com", **zone}),)}


WEIGHTED = {"weightedRoutingPolicies": [{"weight": 100}], "setIdentifier": "prod"}

LIMITS = [
    Case(
        rule="elb-names-legal",
        type=TARGETS,
        good=({}, {"name": "a" * 32}, {"name": "perpetual-prod", "namePrefix": "web-"}),
        bad=(
            {"name": "a" * 33},
            {"name": "web-"},
            {"name": "web_1"},
            {"name": "internal-web"},
            {"namePrefix": "perpetual"},
        ),
        unknown=({"name": UNKNOWN},),
    ),
    Case(
        rule="alb-times-legal",
        type=BALANCER,
        good=({}, {"idleTimeout": 4000, "clientKeepAlive": 60}),
        bad=({"idleTimeout": 0}, {"idleTimeout": 4001}, {"clientKeepAlive": 59}),
        unknown=({"idleTimeout": UNKNOWN},),
    ),
    Case(
        rule="target-group-legal",
        type=TARGETS,
        good=(
            {"targetType": "lambda"},
            health(matcher="200-299,301", path="/health", healthyThreshold=2, timeout=2),
            {"port": 1, "slowStart": 30, "deregistrationDelay": 0},
            {"protocolVersion": "GRPC", **health(matcher="0-99")},
        ),
        bad=(
            {"port": 0},
            {"port": 65536},
            {"deregistrationDelay": 3601},
            {"slowStart": 29},
            health(healthyThreshold=1),
            health(unhealthyThreshold=11),
            health(timeout=121),
            health(matcher="2xx"),
            health(matcher="199"),
            health(matcher="200", protocol="TCP"),
            health(path="health"),
            {"stickiness": {"cookieDuration": 0}},
        ),
        unknown=({"port": UNKNOWN}, health(matcher=UNKNOWN), health(path=UNKNOWN)),
    ),
    Case(
        rule="alb-listener-legal",
        type=LISTENER,
        good=(
            {"protocol": "HTTP", "port": 80, "defaultActions": [FORWARD]},
            {"protocol": "HTTPS", "certificateArn": "c", "defaultActions": [weights(0, 999)]},
        ),
        bad=(
            {"protocol": "HTTP", "defaultActions": []},
            {"protocol": "HTTP", "certificateArn": "c", "defaultActions": [FORWARD]},
            {"protocol": "TCP", "sslPolicy": "p", "defaultActions": [FORWARD]},
            {"port": 70000, "defaultActions": [FORWARD]},
            {"defaultActions": [{"type": "redirect"}]},
            {"defaultActions": [{"type": "forward"}]},
            {"defaultActions": [weights(1000)]},
            {"defaultActions": [weights(1, 1, 1, 1, 1, 1)]},
        ),
        unknown=(
            {"protocol": UNKNOWN, "defaultActions": [FORWARD]},
            {"protocol": "HTTP", "defaultActions": UNKNOWN},
            {"defaultActions": [weights(UNKNOWN)]},
        ),
    ),
    Case(
        rule="alb-rule-legal",
        type=RULE,
        good=({"actions": [FORWARD]}, {"priority": 50000, "actions": [FORWARD]}),
        bad=({"actions": []}, {"priority": 0, "actions": [FORWARD]}),
        unknown=({"priority": UNKNOWN, "actions": [FORWARD]},),
    ),
]

EDGE = [
    Case(
        rule="alb-firewall",
        type=BALANCER,
        good=(
            beside((WAF_ATTACHED, "waf", {"resourceArn": "subject"})),
            {"internal": True},
            {"loadBalancerType": "network"},
        ),
        bad=({}, beside((WAF_ATTACHED, "waf", {"resourceArn": "other"}))),
        unknown=(beside((WAF_ATTACHED, "waf", {"resourceArn": UNKNOWN})),),
    ),
    Case(
        rule="alb-firewall-fails-closed",
        type=BALANCER,
        good=({}, {"enableWafFailOpen": False}),
        bad=({"enableWafFailOpen": True}, {"enableWafFailOpen": "true"}),
        unknown=({"enableWafFailOpen": UNKNOWN},),
    ),
    Case(
        rule="alb-connection-logs",
        type=BALANCER,
        **one("connectionLogs.enabled", (True, ABSENT, False)),
    ),
    Case(
        rule="alb-mutual-tls",
        type=LISTENER,
        good=(
            {},
            {"mutualAuthentication": {"mode": "off"}},
            {"mutualAuthentication": {"mode": "verify", "trustStoreArn": UNKNOWN}},
        ),
        bad=(
            {"mutualAuthentication": {"mode": "verify"}},
            {"mutualAuthentication": {"mode": "off", "ignoreClientCertificateExpiry": True}},
        ),
        unknown=(nested("mutualAuthentication.mode", UNKNOWN),),
    ),
    Case(
        rule="alb-http-rules-redirect",
        type=RULE,
        good=(ruled("HTTPS"), ruled("HTTP", {"type": "redirect"})),
        bad=(ruled("HTTP"), ruled("HTTP", {"type": "authenticate-oidc"}, weights(1))),
        unknown=(
            ruled(UNKNOWN),
            ruled("HTTP", {"type": UNKNOWN}),
            {"listenerArn": "elsewhere", "actions": [FORWARD]},
        ),
    ),
    Case(rule="nlb-tls", type=LISTENER, **one("protocol", ("TLS", "TCP", "UDP"))),
    Case(rule="target-encrypted", type=TARGETS, **one("protocol", ("HTTPS", "HTTP", "TCP"))),
    Case(
        rule="target-health-encrypted",
        type=TARGETS,
        good=({"protocol": "HTTPS"}, {"protocol": "HTTP", **health(protocol="HTTPS")}),
        bad=({"protocol": "HTTP"}, {"protocol": "HTTPS", **health(protocol="HTTP")}),
        unknown=({"protocol": UNKNOWN}, health(protocol=UNKNOWN)),
    ),
    Case(
        rule="waf-rules",
        type=WEB_ACL,
        good=({"rules": [{"name": "managed"}]}, {"ruleJson": "[]"}),
        bad=({}, {"rules": []}),
        unknown=({"rules": UNKNOWN},),
    ),
    Case(
        rule="waf-logged",
        type=WEB_ACL,
        good=(beside((WAF_LOGGED, "log", {"resourceArn": "subject"})),),
        bad=({}, beside((WAF_LOGGED, "log", {"resourceArn": "other"}))),
        unknown=(beside((WAF_LOGGED, "log", {"resourceArn": UNKNOWN})),),
    ),
]

NAMES = [
    Case(
        rule="acm-key",
        type=CERTIFICATE,
        good=({}, {"keyAlgorithm": "EC_prime256v1"}, {"certificateBody": "x", "keyAlgorithm": "y"}),
        bad=({"keyAlgorithm": "RSA_1024"}, {"keyAlgorithm": "DSA"}),
        unknown=({"keyAlgorithm": UNKNOWN},),
    ),
    Case(
        rule="acm-dns-validation",
        type=CERTIFICATE,
        good=({"validationMethod": "DNS"}, {"certificateAuthorityArn": UNKNOWN}),
        bad=({}, {"validationMethod": "EMAIL"}),
        unknown=({"validationMethod": UNKNOWN},),
    ),
    Case(
        rule="acm-no-wildcard",
        type=CERTIFICATE,
        good=({"domainName": "app.example.com", "subjectAlternativeNames": ["b.example.com"]},),
        bad=({"domainName": "*.example.com"}, {"subjectAlternativeNames": ["*.example.com"]}),
        unknown=({"domainName": UNKNOWN}, {"subjectAlternativeNames": [UNKNOWN]}),
    ),
    Case(
        rule="acm-validated",
        type=CERTIFICATE,
        good=(
            {},
            beside(USED, (VALIDATION, "wait", {"certificateArn": "subject"})),
            beside(USED, certificateBody="x"),
        ),
        bad=(beside(USED), beside(USED, (VALIDATION, "wait", {"certificateArn": "other"}))),
        unknown=(beside(USED, (VALIDATION, "wait", {"certificateArn": UNKNOWN})),),
    ),
    Case(
        rule="acm-not-imported",
        type=CERTIFICATE,
        good=({"domainName": "app.example.com"},),
        bad=({"certificateBody": "x"}, {"privateKey": UNKNOWN}),
    ),
    Case(
        rule="route53-record-legal",
        type=RECORD,
        good=(
            a("192.0.2.1"),
            a(UNKNOWN),
            alias(UNKNOWN),
            alias("x", **WEIGHTED),
            zoned("app.example.com"),
            a("2001:db8::1", type="AAAA"),
        ),
        bad=(
            {"name": "app", "type": "A"},
            alias("x", ttl=60),
            {"name": "app", "type": "TXT", "records": ["x"]},
            a("192.0.2.1", ttl=-1),
            a("192.0.2.256"),
            a("192.0.2.1", type="AAAA"),
            a("192.0.2.1", weightedRoutingPolicies=[{"weight": 1}]),
            a("192.0.2.1", setIdentifier="prod"),
            a("192.0.2.1", weightedRoutingPolicies=[{"weight": 256}], setIdentifier="prod"),
            a("192.0.2.1", **WEIGHTED, latencyRoutingPolicies=[{}]),
            zoned("example.com."),
        ),
        unknown=(
            a("192.0.2.1", ttl=UNKNOWN),
            alias("x", weightedRoutingPolicies=[UNKNOWN], setIdentifier="prod"),
        ),
    ),
    Case(rule="route53-type", type=RECORD, **one("type", ("TXT", "ANY", "a"))),
    Case(
        rule="route53-no-private-address",
        type=RECORD,
        good=(
            a("198.41.0.4"),
            alias("x"),
            {**a("10.0.0.1", zoneId="Z1"), "beside": ((ZONE, "z", {"id": "Z1", "vpcs": [{}]}),)},
        ),
        bad=(a("10.0.0.1"), a("fd00::1", type="AAAA")),
        unknown=(a(UNKNOWN), {"type": "A", "records": UNKNOWN}),
    ),
    Case(
        rule="route53-no-dangling",
        type=RECORD,
        good=(
            alias(UNKNOWN),
            a("mail.example.com", type="CNAME"),
            beside(
                (BALANCER, "web", {"dnsName": "web-1.eu-west-1.elb.amazonaws.com"}),
                **alias("web-1.eu-west-1.elb.amazonaws.com"),
            ),
        ),
        bad=(
            alias("web-1.eu-west-1.elb.amazonaws.com."),
            a("d1.cloudfront.net", type="CNAME"),
        ),
    ),
    Case(
        rule="route53-ttl",
        type=RECORD,
        good=(a("192.0.2.1", ttl=86400), a("192.0.2.1", **WEIGHTED), alias("x", **WEIGHTED)),
        bad=(a("192.0.2.1", ttl=301, **WEIGHTED), a("192.0.2.1", ttl="3600", **WEIGHTED)),
        unknown=(a("192.0.2.1", **{**WEIGHTED, "ttl": UNKNOWN}),),
    ),
    Case(
        rule="route53-query-logs",
        type=ZONE,
        good=({"vpcs": [{"vpcId": "vpc-1"}]}, beside((QUERY_LOG, "log", {"zoneId": "subject"}))),
        bad=({}, beside((QUERY_LOG, "log", {"zoneId": "other"}))),
        unknown=(beside((QUERY_LOG, "log", {"zoneId": UNKNOWN})),),
    ),
]
