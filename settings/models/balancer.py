"""Settings of the way in: balancer, certificate, DNS."""

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from perpetual import shutdown
from settings import forms
from settings.models.base import AnyCidr, Group, Maybe

DEFAULT_WEIGHT = 100


class Balancer(Group):
    """Application load balancer, certificate and DNS."""

    domain: Annotated[str, AfterValidator(forms.DOMAIN)] = Field(
        description="Host name that users open, such as `app.example.com`."
    )
    zone_id: Maybe[Annotated[str, AfterValidator(forms.ZONE_ID)]] = Field(
        default=None,
        description=(
            "Route 53 public zone of the domain, for record and certificate; may be absent where "
            "`certificateArn` is given and the record is made elsewhere."
        ),
    )
    certificate_arn: Maybe[Annotated[str, AfterValidator(forms.CERTIFICATE)]] = Field(
        default=None,
        description="Existing ACM certificate; otherwise one is issued and validated in the zone.",
    )
    weight: int = Field(
        default=DEFAULT_WEIGHT,
        ge=0,
        le=255,
        description="Weight of this stack's record among stacks that share the domain, 0 to 255.",
    )
    ssl_policy: Annotated[str, AfterValidator(forms.SSL_POLICY)] = Field(
        default="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        description="TLS policy of the HTTPS listener.",
    )
    ingress_cidrs: tuple[AnyCidr, ...] = Field(
        default=(IPv4Network("0.0.0.0/0"),),
        description="Ranges that may reach the balancer.",
    )
    health_path: Annotated[str, AfterValidator(forms.HEALTH_PATH)] = Field(
        default="/health", description="Path of the target group's check."
    )
    health_interval_seconds: int = Field(
        default=5,
        ge=5,
        le=300,
        description="Interval of the target group's check, seconds, 5 to 300.",
    )
    health_timeout_seconds: int = Field(
        default=4,
        ge=2,
        le=120,
        description="Timeout of the target group's check, seconds, 2 to 120; below the interval.",
    )
    healthy_threshold: int = Field(
        default=2, ge=2, le=10, description="Passed checks that turn a target healthy, 2 to 10."
    )
    unhealthy_threshold: int = Field(
        default=2, ge=2, le=10, description="Failed checks that turn a target unhealthy, 2 to 10."
    )
    deregistration_seconds: int = Field(
        default=shutdown.DEFAULT.deregistration,
        ge=0,
        le=3600,
        description=(
            "Time a leaving target may finish requests, seconds; sockets open longer are cut."
        ),
    )
    idle_seconds: int = Field(
        default=60, ge=1, le=4000, description="Idle timeout of a connection, seconds."
    )
    hsts_seconds: int = Field(
        default=31_536_000,
        ge=0,
        le=63_072_000,
        description="max-age of Strict-Transport-Security, seconds; up to two years.",
    )
    log_retention_days: int = Field(
        default=90, ge=1, le=3653, description="Days that access logs are kept."
    )
