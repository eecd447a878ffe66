"""Listeners and target groups as the balancer has to serve them, from what ELBv2 describes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

REDIRECT: Final = "redirect"
FORWARD: Final = "forward"
FIXED: Final = "fixed-response"

_HSTS: Final = "routing.http.response.strict_transport_security.header_value"


@dataclass(frozen=True, kw_only=True)
class Check:
    """How a group's targets are asked for their health, and what the answers mean."""

    path: str
    matcher: str
    interval: int
    timeout: int
    healthy: int
    unhealthy: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """A target group."""

    arn: str
    check: Check
    algorithm: str
    deregistration_seconds: int

    @property
    def name(self) -> str:
        """Return the group's name, which no other has."""
        return self.arn.split("/")[1]


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a listener does with a request."""

    kind: str
    weights: tuple[tuple[str, int], ...] = ()
    protocol: str = ""
    port: str = ""
    status: str = ""
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """One port of the balancer; `domain` is the name that its certificate is for."""

    port: int
    tls: bool
    action: Action
    hsts: str = ""
    domain: str = ""


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A load balancer with everything that belongs to it."""

    idle_seconds: int
    drop_invalid_headers: bool
    listeners: tuple[Listener, ...] = ()
    groups: tuple[Group, ...] = ()


NONE: Final = Balancer(idle_seconds=60, drop_invalid_headers=False)
"""A balancer that nobody has created yet."""


def read(elb: Any, acm: Any) -> Balancer:
    """Return the balancer that clients of ELBv2 and ACM describe.

    A sandbox holds one stack, and so one balancer; of several it would serve the first.
    """
    found = elb.describe_load_balancers()["LoadBalancers"]
    groups = tuple(_group(elb, one) for one in elb.describe_target_groups()["TargetGroups"])
    if not found:
        return Balancer(idle_seconds=60, drop_invalid_headers=False, groups=groups)
    arn = found[0]["LoadBalancerArn"]
    attributes = _attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return Balancer(
        idle_seconds=int(attributes.get("idle_timeout.timeout_seconds", "60")),
        drop_invalid_headers=attributes.get("routing.http.drop_invalid_header_fields.enabled")
        == "true",
        listeners=tuple(_listener(elb, acm, one) for one in listeners),
        groups=groups,
    )


def _group(elb: Any, found: Mapping[str, Any]) -> Group:
    arn = found["TargetGroupArn"]
    attributes = _attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))
    return Group(
        arn=arn,
        check=Check(
            path=found["HealthCheckPath"],
            matcher=found["Matcher"]["HttpCode"],
            interval=found["HealthCheckIntervalSeconds"],
            timeout=found["HealthCheckTimeoutSeconds"],
            healthy=found["HealthyThresholdCount"],
            unhealthy=found["UnhealthyThresholdCount"],
        ),
        algorithm=attributes.get("load_balancing.algorithm.type", "round_robin"),
        deregistration_seconds=int(attributes.get("deregistration_delay.timeout_seconds", "300")),
    )


def _listener(elb: Any, acm: Any, found: Mapping[str, Any]) -> Listener:
    certificates = found.get("Certificates") or ()
    domain = ""
    if certificates:
        arn = certificates[0]["CertificateArn"]
        domain = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainName"]
    attributes = _attributes(elb.describe_listener_attributes(ListenerArn=found["ListenerArn"]))
    return Listener(
        port=found["Port"],
        tls=found["Protocol"] == "HTTPS",
        action=_action(found["DefaultActions"][-1]),
        hsts=attributes.get(_HSTS, ""),
        domain=domain,
    )


def _action(found: Mapping[str, Any]) -> Action:
    kind = found["Type"]
    if kind == REDIRECT:
        redirect = found["RedirectConfig"]
        return Action(
            kind=kind,
            protocol=redirect["Protocol"].lower(),
            port=redirect["Port"],
            status=redirect["StatusCode"].removeprefix("HTTP_"),
        )
    if kind == FIXED:
        fixed = found["FixedResponseConfig"]
        return Action(kind=kind, status=fixed["StatusCode"], body=fixed.get("MessageBody", ""))
    groups = found.get("ForwardConfig", {}).get("TargetGroups") or [
        {"TargetGroupArn": found["TargetGroupArn"]}
    ]
    weights = tuple((one["TargetGroupArn"], int(one.get("Weight", 1))) for one in groups)
    return Action(kind=FORWARD, weights=weights)


def _attributes(said: Mapping[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in said["Attributes"]}
