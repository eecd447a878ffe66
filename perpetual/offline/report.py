"""What a preview found: the facts that every report is made of. Pure: it only computes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from perpetual.offline.findings import Judgement

if TYPE_CHECKING:
    from graph import Graph

OUTSIDE: Final = "stack"
"""Layer of what belongs to no component: providers, mostly."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource, as far as a report shows it."""

    urn: str
    type: str
    name: str
    parent: str
    component: bool
    source: tuple[str, int] | None = None

    @property
    def short_type(self) -> str:
        """Return the type as people say it: `ec2.Subnet`, `Network`, `provider aws`."""
        parts = self.type.split(":")
        package, module, name = parts[0], ":".join(parts[1:-1]), parts[-1]
        if package == "pulumi":
            return f"provider {name}" if module == "providers" else name
        area = module.split("/")[0]
        if self.component:
            return name
        return f"{package}.{name}" if area in ("index", "") else f"{area}.{name}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything a preview has to say.

    `graph` reads the stack's graph, which only pictures need.
    """

    project: str
    stack: str
    resources: Sequence[Resource]
    outputs: Sequence[str]
    judgement: Judgement
    seconds: Mapping[str, float]
    graph: "Callable[[], Graph] | None" = None

    @cached_property
    def by_urn(self) -> dict[str, Resource]:
        """Return the resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def children(self) -> dict[str, list[Resource]]:
        """Return each parent's children, in the order of registration."""
        result: dict[str, list[Resource]] = {}
        for resource in self.resources:
            result.setdefault(resource.parent, []).append(resource)
        return result

    @cached_property
    def layers(self) -> dict[str, list[Resource]]:
        """Return each layer's topmost resources, layers in the order of their first one.

        The layer is the middle of the topmost component's type, such as `network`.
        """
        urns = {resource.urn for resource in self.resources}
        result: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.parent not in urns:
                result.setdefault(_layer(resource), []).append(resource)
        return result

    @cached_property
    def layer_of(self) -> dict[str, str]:
        """Return each resource's layer, by URN."""
        result: dict[str, str] = {}
        for layer, tops in self.layers.items():
            pending = list(tops)
            while pending:
                resource = pending.pop()
                result[resource.urn] = layer
                pending.extend(self.children.get(resource.urn, ()))
        return result

    def counts(self) -> dict[str, Any]:
        """Return the number of resources, in all, by layer, and by type within a layer."""
        layers: dict[str, Any] = {}
        for layer in self.layers:
            types = Counter(
                item.type for item in self.resources if self.layer_of[item.urn] == layer
            )
            layers[layer] = {"total": types.total(), "types": dict(sorted(types.items()))}
        return {"total": len(self.resources), "layers": layers}


def _layer(resource: Resource) -> str:
    # `shop:network:Network`, and types of other shapes that foreign programs make up
    middle = (resource.type.split(":")[1:2] or [resource.type])[0]
    return middle.split("/")[0] if resource.component else OUTSIDE
