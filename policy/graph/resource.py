"""Resources as the graph takes them in: plain values, with one object for whatever is unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Unknown(Enum):
    """Type of `UNKNOWN`; an enum of one, so that type checkers narrow `value is UNKNOWN`."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        """Return a spelling that reads well in failed assertions."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for a value that nobody knows yet, at any depth of `Resource.properties`."""

# What AWS reports back filled by other resources or by another way of saying the same. At preview
# of a fix it still holds what is about to go, so it counts only where nothing else was seen.
_ECHOES: Final = {
    "aws:ec2/routeTable:RouteTable": {"routes", "propagatingVgws"},
    "aws:ec2/defaultRouteTable:DefaultRouteTable": {"routes", "propagatingVgws"},
    "aws:ec2/networkAcl:NetworkAcl": {"ingress", "egress", "subnetIds"},
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": {"ingress", "egress", "subnetIds"},
    "aws:ec2/securityGroup:SecurityGroup": {"ingress", "egress"},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"ingress", "egress"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"routeTableIds", "subnetIds", "securityGroupIds"},
    "aws:ec2/managedPrefixList:ManagedPrefixList": {"entries"},
    "aws:autoscaling/group:Group": {
        "launchTemplate",
        "launchConfiguration",
        "mixedInstancesPolicy",
    },
    "aws:lb/loadBalancer:LoadBalancer": {"subnets", "subnetMappings"},
    "aws:alb/loadBalancer:LoadBalancer": {"subnets", "subnetMappings"},
}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource: its inputs, joined with the outputs that are known.

    `property_dependencies` gives, for each top-level property, the URNs it was computed from.
    `position` is where the program made it, if anybody knows. `properties` may hold `id`. `protect`
    tells whether Pulumi refuses to delete it; `None` where nobody knows.
    """

    urn: str
    type: str
    name: str
    properties: Mapping[str, object] = field(default_factory=dict)
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parent: str | None = None
    component: bool = False
    position: str | None = None
    protect: bool | None = None


def joined(
    token: str, inputs: Mapping[str, object] | None, outputs: Mapping[str, object]
) -> dict[str, object]:
    """Return a resource's properties from what the program gave and what came back.

    Inputs win, for they say what will be; outputs add what only the cloud knows (ids, defaults),
    except those that merely echo other resources. Without inputs, outputs are all there is.
    """
    if inputs is None:
        return dict(outputs)
    echoes = _ECHOES.get(token, set())
    kept = {key: value for key, value in outputs.items() if key not in echoes}
    return {**kept, **inputs}
