"""What a stack tells others about itself: the contract, for the command and for other stacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract
from settings import models

Fields = Mapping[str, pulumi.Input[Any]]


class Published(Protocol):
    """A component with something to publish."""

    @property
    def fields(self) -> Fields:
        """Return its part of the contract: camelCase names, values that JSON can hold."""


class Addressed(Published, Protocol):
    """A component that users open by an address."""

    @property
    def url(self) -> str:
        """Return that address."""


@dataclass(frozen=True, kw_only=True)
class PublicationArgs:
    """Arguments of `Publication`: the stack, and every component that publishes."""

    stack: contract.Stack
    settings: models.Settings
    network: Published
    database: Published
    image: Published
    cluster: Published
    balancer: Addressed
    service: Published
    access: Published


class Publication(Component):
    """The contract, as stack outputs and as one SSM parameter with the same content.

    The parameter spares the command Pulumi's CLI and state: whoever may read it knows the stack.
    It holds no secrets, only their names, and is therefore plain text, which a preview can show.
    """

    token = "perpetual:contract:Publication"

    document: pulumi.Output[dict[str, Any]]
    """The whole contract by its keys, `contract.Output`."""

    def __init__(
        self, name: str, args: PublicationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Publish the contract."""
        super().__init__(name, opts)
        entries = _entries(args)
        self.document = pulumi.Output.from_input(entries)
        self._create_parameter(name, args.stack)
        for key, value in entries.items():
            pulumi.export(key, value)
        self.register_outputs({})

    def _create_parameter(self, name: str, stack: contract.Stack) -> None:
        aws.ssm.Parameter(
            f"{name}-parameter",
            name=stack.contract_parameter,
            description=f"Contract of stack {stack.name}, version {contract.VERSION}",
            type="String",
            # A standard parameter holds 4 KB, which a stack of many subnets and replicas exceeds;
            # only then does this tier make it an advanced one of 8 KB, and let it cost.
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
            tier="Intelligent-Tiering",
            insecure_value=self.document.apply(contract.canonical),
            opts=self._child(),
        )


def _entries(args: PublicationArgs) -> dict[str, pulumi.Input[Any]]:
    """Return the contract by key; `service` also holds its cluster's and its balancer's fields."""
    layers = {
        contract.Layer.NETWORK: args.network.fields,
        contract.Layer.DATABASE: args.database.fields,
    }
    entries: dict[contract.Output, pulumi.Input[Any]] = {
        contract.Output.VERSION: contract.VERSION,
        contract.Output.STACK: args.stack.name,
        contract.Output.ACCOUNT: args.stack.account,
        contract.Output.REGION: args.stack.region,
        contract.Output.NETWORK: dict(args.network.fields),
        contract.Output.DATABASE: dict(args.database.fields),
        contract.Output.SERVICE: {
            **args.service.fields,
            "architecture": args.settings.architecture.value,
            # A protected stack is one that the command changes only when told twice.
            "protected": args.settings.protect,
            "hosts": dict(args.cluster.fields),
            "balancer": dict(args.balancer.fields),
        },
        contract.Output.IMAGE: dict(args.image.fields),
        contract.Output.ACCESS: dict(args.access.fields),
        contract.Output.URL: args.balancer.url,
        contract.Output.PINS: {layer.value: _pin(fields) for layer, fields in layers.items()},
    }
    return {key.value: value for key, value in entries.items()}


def _pin(fields: Fields) -> pulumi.Output[str]:
    """Return the pin of a layer; it is unknown until every field is known."""
    return pulumi.Output.from_input(dict(fields)).apply(contract.pin)
