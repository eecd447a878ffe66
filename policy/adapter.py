# ruff: noqa: INP001 - this folder is a pack on the path, not a package
"""From what the engine sends to the graph, and from findings to violations.

The engine shows a pack each resource twice: its inputs (Analyze), then its outputs with all
references (AnalyzeStack). Inputs are what a preview can rely on, so they are kept by URN and joined
with the outputs; where a resource was never analyzed, as under `--target` or `pulumi policy
analyze`, the outputs are all there is.

Unknown values are never touched through the SDK's proxies: one touch ends the policy with an
advisory diagnostic, which is a mandatory law failing open. The proxies give up what they wrap.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)
from pulumi_policy import Severity as EngineSeverity

from graph import UNKNOWN, Graph, Resource, joined
from rules import Level, Rule, catalogue, judge

_UNKNOWNS: Final = frozenset(
    {
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
    }
)
_REDACTED: Final = "[secret]"
"""What `pulumi policy analyze` shows of a secret that it cannot decrypt."""
_PROXIES: Final = (proxy._DictProxy, proxy._ListProxy)  # noqa: SLF001 - the SDK exports neither


def plain(value: Any) -> Any:
    """Return a property value without proxies, its unknown parts as `UNKNOWN`."""
    if isinstance(value, _PROXIES):
        return plain(value["__target"])
    match value:
        case str() if value in _UNKNOWNS or value == _REDACTED:
            return UNKNOWN
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


class Session:
    """What one run of the pack remembers: the inputs seen, and the graph built last."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._inputs: dict[str, Mapping[str, object]] = {}
        self._judged = False
        self._last: tuple[list[Resource], Graph] | None = None
        self.configured: object = {}

    def record(self, args: ResourceValidationArgs) -> None:
        """Keep the inputs of one resource; the first after a judgement begins another run."""
        if self._judged:
            self._inputs, self._judged = {}, False
        self._inputs[args.urn] = plain(args.props)

    def graph(self, resources: Iterable[PolicyResource]) -> Graph:
        """Return the graph of a stack; the same resources again get the same graph."""
        self._judged = True
        taken = [self._resource(item) for item in resources]
        if self._last is None or self._last[0] != taken:
            self._last = (taken, Graph.of(taken))
        return self._last[1]

    def _resource(self, item: PolicyResource) -> Resource:
        outputs = plain(item.props)
        return Resource(
            urn=item.urn,
            type=item.resource_type,
            name=item.name,
            properties=joined(item.resource_type, self._inputs.get(item.urn), outputs),
            dependencies=[other.urn for other in item.dependencies],
            property_dependencies={
                key: [other.urn for other in others]
                for key, others in item.property_dependencies.items()
            },
            parent=item.parent.urn if item.parent else item.opts.parent,
            component=item.provider is None and not item.resource_type.startswith("pulumi:"),
            protect=item.opts.protect,
        )


def policies(rules: Iterable[Rule]) -> list[ResourceValidationPolicy | StackValidationPolicy]:
    """Return the pack's policies: one that records inputs, one for each law, two of the catalogue.

    The SDK reads every resource again for each policy of a stack (0.25 ms a resource), so the
    catalogue's rules share two: one that refuses, and one that advises.
    """
    session = Session()

    def record(args: ResourceValidationArgs, _report: ReportViolation) -> None:
        session.record(args)

    recorder = ResourceValidationPolicy(
        name="inputs",
        description="Keeps each resource's inputs for the laws; it never reports anything.",
        display_name="Inputs",
        validate=record,
        enforcement_level=EnforcementLevel.ADVISORY,
    )
    return [
        recorder,
        *(_policy(rule, session) for rule in rules),
        _catalogue(session),
        _advice(session),
    ]


def _policy(rule: Rule, session: Session) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for finding in judge([rule], session.graph(args.resources)):
            report(finding.text, finding.resource or None)

    return StackValidationPolicy(
        name=rule.name,
        description=rule.description,
        display_name=rule.title,
        severity=EngineSeverity(rule.severity.value),
        remediation_steps=rule.remediation,
        url=rule.url,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


_SCHEMA: Final = PolicyConfigSchema(
    properties={
        "rules": {
            "type": "object",
            "description": "Level of single rules, by id: mandatory, advisory or disabled.",
            "additionalProperties": {"type": "string"},
            "default": {},
        }
    }
)


def _catalogue(session: Session) -> StackValidationPolicy:
    """Return the policy of the mandatory rules; its configuration speaks for both."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        session.configured = plain(args.get_config()).get("rules", {})
        rules, wrong = catalogue.select(session.configured)
        for finding in [*wrong, *judge(rules[Level.MANDATORY], session.graph(args.resources))]:
            report(catalogue.text(finding), finding.resource or None)

    return StackValidationPolicy(
        name=catalogue.NAME,
        description="What every resource of these types has to be.",
        display_name="Catalogue",
        severity=EngineSeverity.HIGH,
        remediation_steps="Each finding names its own way out.",
        config_schema=_SCHEMA,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _advice(session: Session) -> StackValidationPolicy:
    """Return the policy of the advisory rules."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        rules, _ = catalogue.select(session.configured)
        for finding in judge(rules[Level.ADVISORY], session.graph(args.resources)):
            report(catalogue.text(finding), finding.resource or None)

    return StackValidationPolicy(
        name=catalogue.ADVICE,
        description="What a stack is better off with.",
        display_name="Catalogue: advice",
        severity=EngineSeverity.MEDIUM,
        remediation_steps="Each finding names its own way out.",
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY,
    )
