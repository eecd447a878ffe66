"""DNS names of the running tasks, by which Erlang nodes find each other."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract

TTL_SECONDS: Final = 10
"""Time a resolver may keep an answer; a new node is found within it."""


@dataclass(frozen=True, kw_only=True)
class DiscoveryArgs:
    """Arguments of `Discovery`."""

    stack: contract.Stack
    vpc_id: pulumi.Input[str]


class Discovery(Component):
    """A private DNS namespace of the VPC, and in it the service whose A records are the tasks.

    Cloud Map answers a query with at most eight addresses, picked at random. That is enough to join
    a larger cluster, as long as the release only ever connects to what it sees, never disconnects
    from what it does not see.
    https://docs.aws.amazon.com/cloud-map/latest/dg/services-values.html
    """

    token = "perpetual:ecs:Discovery"

    registry_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DiscoveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the namespace and its service."""
        super().__init__(name, opts)
        namespace = self._create_namespace(name, args)
        self.registry_arn = self._create_service(name, args.stack, namespace).arn
        self.register_outputs({"registryArn": self.registry_arn})

    def _create_namespace(
        self, name: str, args: DiscoveryArgs
    ) -> aws.servicediscovery.PrivateDnsNamespace:
        return aws.servicediscovery.PrivateDnsNamespace(
            f"{name}-namespace",
            name=args.stack.namespace,
            description=f"Tasks of stack {args.stack.name}",
            vpc=args.vpc_id,
            opts=self._child(),
        )

    def _create_service(
        self,
        name: str,
        stack: contract.Stack,
        namespace: aws.servicediscovery.PrivateDnsNamespace,
    ) -> aws.servicediscovery.Service:
        return aws.servicediscovery.Service(
            f"{name}-service",
            name=stack.discovery.removesuffix(f".{stack.namespace}"),
            description="Running tasks, by their own addresses",
            dns_config=aws.servicediscovery.ServiceDnsConfigArgs(
                namespace_id=namespace.id,
                routing_policy="MULTIVALUE",
                dns_records=[
                    aws.servicediscovery.ServiceDnsConfigDnsRecordArgs(ttl=TTL_SECONDS, type="A")
                ],
            ),
            # Without it ECS cannot report a task's health, and stops tasks it believes never
            # registered. AWS fixes the value at 1 and calls the field deprecated, but the provider
            # drops the block when it is empty (pulumi-aws #6289). A plain mapping, for the typed
            # arguments would print that warning on every preview.
            health_check_custom_config={"failure_threshold": 1},
            # Instances left over by a lost host would block deletion.
            force_destroy=True,
            opts=self._child(),
        )
