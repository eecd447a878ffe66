"""From a captured program to the pack's graph, without asking the pack's process."""

from collections.abc import Iterator
from typing import Any, Final

from graph import UNKNOWN, Graph, Resource, joined
from perpetual.offline import records
from perpetual.offline.records import Capture, Registration

# Outputs of an update form that the graph relies on; the invented rest could hide a fault.
SHOWN: Final[tuple[str, ...]] = (
    "arn",
    "name",
    "identifier",
    "clusterIdentifier",
    "mainRouteTableId",
    "defaultRouteTableId",
    "defaultNetworkAclId",
    "defaultSecurityGroupId",
    "primaryNetworkInterfaceId",
)


def of(capture: Capture) -> Graph:
    """Return the graph of a captured program; ids are known if the capture invented them."""
    return Graph.of(resources(capture))


def resources(capture: Capture) -> Iterator[Resource]:
    """Yield what a program registered as the graph takes it in, in the order of registration."""
    return map(resource, capture.registrations)


def resource(item: Registration) -> Resource:
    """Return one registration as the graph takes it in."""
    outputs: dict[str, Any] = {}
    if item.id:
        outputs = {key: item.state[key] for key in SHOWN if key in item.state} | {"id": item.id}
    source = item.source
    return Resource(
        urn=item.urn,
        type=item.type,
        name=item.name,
        properties=joined(item.type, _unknown(item.inputs), _unknown(outputs)),
        dependencies=list(item.request.dependencies),
        property_dependencies=item.property_dependencies,
        parent=item.request.parent or None,
        component=not item.request.custom,
        position=f"{source[0]}:{source[1]}" if source else None,
        protect=item.request.protect,
    )


def _unknown(value: Any) -> Any:
    if value == records.UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _unknown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unknown(item) for item in value]
    return value
