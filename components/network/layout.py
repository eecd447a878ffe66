"""What a network is to the rest of the stack, wherever it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import pulumi

from perpetual.contract import Tier

IDS: Final[Mapping[Tier, str]] = MappingProxyType(
    {
        Tier.PUBLIC: "publicSubnets",
        Tier.PRIVATE: "privateSubnets",
        Tier.DATA: "dataSubnets",
    }
)
"""Field of the contract that lists a tier's subnet ids, in the order of the zones."""

ANYWHERE: Final = "0.0.0.0/0"


class Target(StrEnum):
    """What a route leads to, in the words of the contract."""

    LOCAL = "local"
    INTERNET_GATEWAY = "internet-gateway"
    NAT_GATEWAY = "nat-gateway"
    EGRESS_ONLY_GATEWAY = "egress-only-gateway"
    VPC_ENDPOINT = "vpc-endpoint"
    TRANSIT_GATEWAY = "transit-gateway"
    PEERING = "peering"
    OTHER = "other"


SubnetFacts = Mapping[str, pulumi.Input[Any]]
"""A subnet as others see it: id, tier, availabilityZone, cidrBlock and routes."""


def route(destination: pulumi.Input[str], target: Target) -> dict[str, pulumi.Input[str]]:
    """Return one route of a subnet's facts; `destination` is a range or a prefix list id."""
    return {"destination": destination, "target": target.value}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A VPC with its subnets, per tier and in the order of `zones`.

    `endpoint_group_id` is the security group of interface endpoints that it has already.
    """

    vpc_id: pulumi.Output[str]
    cidr: pulumi.Input[str]
    zones: tuple[str, ...]
    subnet_ids: Mapping[Tier, Sequence[pulumi.Output[str]]]
    subnets: pulumi.Input[Sequence[SubnetFacts]]
    endpoint_group_id: pulumi.Output[str] | None

    def fields(self, endpoint_group: pulumi.Input[str] | None) -> dict[str, pulumi.Input[Any]]:
        """Return the contract's `network` layer; "" stands for no endpoint group."""
        return {
            "vpcId": self.vpc_id,
            "cidr": self.cidr,
            "zones": list(self.zones),
            **{key: list(self.subnet_ids[tier]) for tier, key in IDS.items()},
            "endpointGroup": "" if endpoint_group is None else endpoint_group,
            "subnets": self.subnets,
        }
