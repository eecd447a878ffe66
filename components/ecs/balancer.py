"""The way in: load balancer, listeners, target group, certificate and DNS record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.ecs.access_logs import AccessLogs, AccessLogsArgs
from components.ecs.certificate import Certificate, CertificateArgs
from perpetual import contract
from settings import models


@dataclass(frozen=True, kw_only=True)
class BalancerArgs:
    """Arguments of `Balancer`.

    `port` is what the release listens on; `subnet_ids` are the public subnets.
    """

    stack: contract.Stack
    settings: models.Balancer
    port: int
    protect: bool
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]

    def __post_init__(self) -> None:
        """Refuse settings that leave HTTPS without a certificate; raise `ValueError`."""
        if not (self.settings.certificate_arn or self.settings.zone_id):
            message = (
                f"balancer.domain is {self.settings.domain!r}, but there is no certificate for it: "
                "set balancer.zoneId to issue one, or balancer.certificateArn to use your own."
            )
            raise ValueError(message)


class Balancer(Component):
    """An internet-facing load balancer that speaks HTTPS only, and the tasks' target group.

    Port 80 redirects. TLS ends here: the way to the tasks is inside the VPC, between security
    groups. Where a zone is given, the domain gets a weighted record named after the stack, so that
    several stacks can share it and traffic moves between them by weight.
    """

    token = "perpetual:ecs:Balancer"

    target_group_arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """The balancer as CloudWatch names it: `app/<name>/<id>`."""
    target_group_suffix: pulumi.Output[str]
    """The target group as CloudWatch names it: `targetgroup/<name>/<id>`."""
    dns_name: pulumi.Output[str]
    listener: pulumi.Resource
    """The HTTPS listener; a service can register targets only once it exists."""
    url: str
    fields: dict[str, pulumi.Input[Any]]

    def __init__(
        self, name: str, args: BalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create log bucket, balancer, target group, certificate, listeners and record."""
        super().__init__(name, opts)
        balancer = self._create_balancer(name, args)
        group = self._create_target_group(name, args)
        self.listener = self._create_listeners(name, args, balancer, group)
        self._create_record(name, args, balancer)

        self.target_group_arn = group.arn
        self.arn_suffix = balancer.arn_suffix
        self.target_group_suffix = group.arn_suffix
        self.dns_name = balancer.dns_name
        self.url = f"https://{args.settings.domain}"
        self.fields = {
            "url": self.url,
            "dnsName": self.dns_name,
            "balancer": self.arn_suffix,
            "targetGroup": self.target_group_arn,
            "weight": args.settings.weight,
        }
        self.register_outputs(self.fields)

    def _create_balancer(self, name: str, args: BalancerArgs) -> aws.lb.LoadBalancer:
        logs = AccessLogs(
            f"{name}-logs",
            AccessLogsArgs(
                stack=args.stack,
                retention_days=args.settings.log_retention_days,
                protect=args.protect,
            ),
            self._child(),
        )
        return aws.lb.LoadBalancer(
            f"{name}-balancer",
            name=args.stack.physical(limit=contract.Limit.LOAD_BALANCER),
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            subnets=list(args.subnet_ids),
            security_groups=[args.security_group_id],
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=logs.bucket, enabled=True),
            enable_deletion_protection=args.protect,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_http2=True,
            xff_header_processing_mode="append",
            preserve_host_header=False,
            idle_timeout=args.settings.idle_seconds,
            opts=self._child(),
        )

    def _create_target_group(self, name: str, args: BalancerArgs) -> aws.lb.TargetGroup:
        settings = args.settings
        return aws.lb.TargetGroup(
            f"{name}-targets",
            # A new port means a new group, made before the listener lets go of the old one, so
            # the port is part of the name. A new VPC replaces everything anyway.
            name=args.stack.physical("web", str(args.port), limit=contract.Limit.TARGET_GROUP),
            target_type="ip",
            protocol="HTTP",
            protocol_version="HTTP1",
            port=args.port,
            vpc_id=args.vpc_id,
            deregistration_delay=settings.deregistration_seconds,
            load_balancing_algorithm_type="least_outstanding_requests",
            stickiness=aws.lb.TargetGroupStickinessArgs(type="lb_cookie", enabled=False),
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTP",
                port="traffic-port",
                path=settings.health_path,
                matcher="200",
                interval=settings.health_interval_seconds,
                timeout=settings.health_timeout_seconds,
                healthy_threshold=settings.healthy_threshold,
                unhealthy_threshold=settings.unhealthy_threshold,
            ),
            opts=self._child(),
        )

    def _create_listeners(
        self,
        name: str,
        args: BalancerArgs,
        balancer: aws.lb.LoadBalancer,
        group: aws.lb.TargetGroup,
    ) -> aws.lb.Listener:
        redirect = aws.lb.ListenerDefaultActionRedirectArgs(
            port="443", protocol="HTTPS", status_code="HTTP_301"
        )
        aws.lb.Listener(
            f"{name}-http",
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            routing_http_response_server_enabled=False,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(type="redirect", redirect=redirect),
            ],
            opts=self._child(),
        )
        return aws.lb.Listener(
            f"{name}-https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            certificate_arn=self._certificate_arn(name, args),
            ssl_policy=args.settings.ssl_policy,
            routing_http_response_server_enabled=False,
            routing_http_response_strict_transport_security_header_value=(
                f"max-age={args.settings.hsts_seconds}"
            ),
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=group.arn),
            ],
            opts=self._child(),
        )

    def _certificate_arn(self, name: str, args: BalancerArgs) -> pulumi.Input[str]:
        """Return the configured certificate's ARN, or issue one."""
        settings = args.settings
        if settings.certificate_arn:
            return settings.certificate_arn
        certificate = Certificate(
            f"{name}-certificate",
            # `BalancerArgs` has seen to it that one of the two is there.
            CertificateArgs(domain=settings.domain, zone_id=settings.zone_id or ""),
            self._child(),
        )
        return certificate.arn

    def _create_record(self, name: str, args: BalancerArgs, balancer: aws.lb.LoadBalancer) -> None:
        if not args.settings.zone_id:
            return
        aws.route53.Record(
            f"{name}-record",
            zone_id=args.settings.zone_id,
            name=args.settings.domain,
            type="A",
            set_identifier=args.stack.name,
            weighted_routing_policies=[
                aws.route53.RecordWeightedRoutingPolicyArgs(weight=args.settings.weight)
            ],
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=balancer.dns_name,
                    zone_id=balancer.zone_id,
                    evaluate_target_health=True,
                )
            ],
            opts=self._child(),
        )
