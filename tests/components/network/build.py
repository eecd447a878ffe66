"""What the tests of the network share: running the components, and reading what they made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from components.network.network import Network, NetworkArgs
from perpetual import contract
from perpetual.offline.capture import Capture, Invokes, capture, plain
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-west-1")
LONG = contract.Stack(name="s" * 30, account="111122223333", region="ap-southeast-2")


def settings(**chosen: Any) -> models.Network:
    """Return network settings as a stack file would give them."""
    return models.Network.model_validate(chosen)


def build(
    identity: contract.Stack = STACK,
    /,
    *,
    known: bool = True,
    invokes: Invokes | None = None,
    stacks: Mapping[str, Mapping[str, Any]] | None = None,
    arguments: Mapping[str, Any] | None = None,
    **chosen: Any,
) -> Capture:
    """Run `Network` with these settings and return what it registered, ids known by default."""

    def program() -> None:
        Network(
            "network",
            NetworkArgs(
                stack=identity, settings=settings(**chosen), key_arn="arn:key", **(arguments or {})
            ),
        )

    return capture(
        program,
        project="perpetual",
        stack=identity.name,
        config={},
        invokes=invokes or {},
        stacks=stacks,
        known=known,
    )


def types(found: Capture) -> dict[str, int]:
    """Count the registered resources by the last part of their type."""
    return dict(Counter(item.type.rsplit(":", 1)[1] for item in found.registrations))


def names(found: Capture) -> dict[str, str]:
    """Return the logical name behind each id."""
    return {item.id: item.name for item in found.registrations if item.id}


def ways(found: Capture) -> dict[str, dict[str, str]]:
    """Return, for each subnet, its table's routes: destination to the target's logical name."""
    by_id = names(found)
    tables: dict[str, dict[str, str]] = {
        item.id: {} for item in found.of_type("aws:ec2/routeTable:RouteTable")
    }
    for route in found.of_type("aws:ec2/route:Route"):
        given = dict(route.inputs)
        table, destination = given.pop("routeTableId"), given.pop("destinationCidrBlock")
        (target,) = given.values()
        tables[table][destination] = by_id[target]
    for link in found.of_type(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
    ):
        tables[link.inputs["routeTableId"]]["s3"] = by_id[link.inputs["vpcEndpointId"]]
    return {
        by_id[item.inputs["subnetId"]]: tables[item.inputs["routeTableId"]]
        for item in found.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    }


def fields(found: Capture) -> dict[str, Any]:
    """Return what the network publishes."""
    return plain(found.registered_outputs[found.named("network").urn])


def published(found: Capture) -> dict[str, Any]:
    """Return the stack outputs through which another stack sees this network."""
    return {"version": contract.VERSION, "network": fields(found)}


def keys(tiers: Sequence[str], zones: str) -> set[str]:
    """Return the logical names of these tiers' subnets."""
    return {f"network-{tier}-{zone}" for tier in tiers for zone in zones}
