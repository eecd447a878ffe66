"""From a captured program to the graph, in preview form or update form, and to its findings."""

from collections.abc import Callable, Iterable
from typing import Any

from graph import UNKNOWN, Graph, Resource, joined
from perpetual.offline import capture as offline
from perpetual.offline.capture import Capture, Registration
from rules import LAWS, Finding, Rule, judge

Program = Callable[[], object]

PREVIEW, UPDATE = "preview", "update"
FORMS = (PREVIEW, UPDATE)
"""Whether ids are unknown, as before a first `up`, or known, as after it."""

# Outputs that an update shows and that the tests rely on; the invented rest could hide a fault.
SHOWN = (
    "arn",
    "name",
    "identifier",
    "clusterIdentifier",
    "mainRouteTableId",
    "defaultRouteTableId",
    "defaultNetworkAclId",
    "defaultSecurityGroupId",
)


def captured(program: Program, *, known: bool = False) -> Capture:
    """Return what `program` registers in preview form, or update form if `known`."""
    return offline.capture(
        program, project="laws", stack="test", config={}, invokes={}, known=known
    )


def graph_of(capture: Capture) -> Graph:
    """Return the graph of a captured program; ids are known if the capture invented them."""
    return Graph.of(_resource(item) for item in capture.registrations)


def findings(program: Program, form: str, rules: Iterable[Rule] = LAWS) -> list[Finding]:
    """Return what the laws find in `program`."""
    return judge(rules, graph_of(captured(program, known=form == UPDATE)))


def _resource(item: Registration) -> Resource:
    outputs = {key: item.state[key] for key in SHOWN if key in item.state} if item.id else {}
    if item.id:
        outputs["id"] = item.id
    return Resource(
        urn=item.urn,
        type=item.type,
        name=item.name,
        properties=joined(item.type, _unknown(item.inputs), _unknown(outputs)),
        dependencies=list(item.request.dependencies),
        property_dependencies=item.property_dependencies,
        parent=item.request.parent or None,
        component=not item.request.custom,
    )


def _unknown(value: Any) -> Any:
    if value == offline.UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _unknown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unknown(item) for item in value]
    return value
