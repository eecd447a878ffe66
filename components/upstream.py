"""Another stack's published layer, used only as long as it is what this stack pinned."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract


def layer_fields(
    component: Component,
    reference: str | None,
    layer: contract.Layer,
    pin: str | None,
    stack: contract.Stack,
) -> pulumi.Output[dict[str, Any]]:
    """Return the fields of `layer` as the stack called `reference` publishes them.

    `reference` is `organization/project/stack`. `stack` is this stack: it leaves a claim below the
    upstream's own SSM path, so that the upstream can see who depends on what. The claim is written
    only once the pin holds. Both are children of `component`.

    Raises:
        pulumi.RunError: a setting is missing; or, when the upstream's outputs are known, it does
            not publish the layer, or what it publishes is no longer what `pin` recorded.
    """
    if reference is None or pin is None:
        message = f"{layer}.source is `stack`: set {layer}.stack and {layer}.pin."
        raise pulumi.RunError(message)
    name = component.pulumi_resource_name
    opts = component._child()  # noqa: SLF001 - makes children of that component, as its own code
    upstream = pulumi.StackReference(f"{name}-reference", reference, opts)
    fields = upstream.outputs.apply(lambda outputs: pinned(outputs, reference, layer, pin))
    claim = json_claim(stack, layer, pin)
    aws.ssm.Parameter(
        f"{name}-claim",
        name=f"{stack.claim(reference.rsplit('/', 1)[-1])}/{layer}",
        description=f"Stack {stack.name} depends on this {layer}",
        type="String",
        insecure_value=fields.apply(lambda _: claim),
        opts=opts,
    )
    return fields


def json_claim(stack: contract.Stack, layer: contract.Layer, pin: str) -> str:
    """Return a claim's text: who claims which layer, at which pin."""
    return contract.canonical({"stack": stack.name, "layer": layer, "pin": pin})


def pinned(
    outputs: Mapping[str, Any], reference: str, layer: contract.Layer, pin: str
) -> dict[str, Any]:
    """Return the layer from an upstream's outputs, or raise the sentence that says what changed."""
    found = whole(outputs.get(layer))
    if not isinstance(found, dict):
        message = (
            f"{reference} publishes no {layer}. Run `pulumi up` there first, "
            f"or correct {layer}.stack."
        )
        raise pulumi.RunError(message)
    version = whole(outputs.get(contract.Output.VERSION))
    if version != contract.VERSION:
        message = (
            f"{reference} publishes version {version} of the contract, and this program reads "
            f"version {contract.VERSION}. Bring both stacks to the same release of the program."
        )
        raise pulumi.RunError(message)
    changed = contract.changed_fields(pin, found)
    if changed:
        message = (
            f"The {layer} of {reference} is not what {layer}.pin recorded: "
            f"{', '.join(changed)} changed. See whether this stack can live with that; if so, "
            f"set {layer}.pin to {contract.pin(found)}"
        )
        raise pulumi.RunError(message)
    return found


def whole(value: Any) -> Any:
    """Return `value` with whole numbers as integers, as they were published.

    Outputs travel as protobuf numbers, which know only floats; 5432.0 has another hash than 5432.
    """
    match value:
        case dict():
            return {key: whole(item) for key, item in value.items()}
        case list():
            return [whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
