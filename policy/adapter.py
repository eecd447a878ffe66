# ruff: noqa: INP001 - this folder is a pack on the path, not a package
"""From what the engine sends to the graph, and from findings to violations.

The engine shows a pack each resource twice: its inputs (Analyze), then its outputs with all
references (AnalyzeStack). Inputs are what a preview can rely on, so they are kept by URN and joined
with the outputs; where a resource was never analyzed, as under `--target` or `pulumi policy
analyze`, the outputs are all there is.

Unknown values are never touched through the SDK's proxies: one touch ends the policy with an
advisory diagnostic, which is a mandatory law failing open. The proxies give up what they wrap.
"""

from inspect import getclosurevars, isfunction
from pathlib import Path
from threading import Lock, local
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
from rules.catalogue import text
from rules.configuration import schema
from rules.exemption import FILE
from rules.outcome import Outcome, outcome

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
_EXEMPT: Final = Path(__file__).with_name(FILE)
FIXED: Final = "fixed-level"
"""Tells who configures the pack, such as `perpetual`, that a policy runs at its own level only."""
STACK: Final = "stack"
ADVICE: Final = "advice"
_SWITCHED_OFF: Final = (
    f"the configuration of the policy pack has {{}} the policy {STACK!r}, which holds the laws. "
    f"Leave it mandatory; its property `rules` sets the levels of single rules."
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
    """What one run of the pack remembers: the inputs seen, and what a request's first policy left.

    The SDK hands the same resources to each policy of a stack, read anew each time. The first one
    turns them into a graph and judges it; the second one runs right after it, in the same request
    and so on the same thread, and takes what is left for it there. Nothing outlives a request.
    """

    def __init__(self, exempt: Path) -> None:
        """Start with nothing seen; `exempt` is the file of exceptions, which need not exist."""
        self._exempt = exempt
        self._inputs: dict[str, dict[str, object]] = {}
        self._judged = False
        self._lock = Lock()
        self._request = local()

    def record(self, args: ResourceValidationArgs) -> None:
        """Keep the inputs of one resource; the first after a judgement begins another run."""
        inputs = plain(args.props)
        with self._lock:  # the engine asks about many resources at once
            if self._judged:
                self._inputs, self._judged = {}, False
            self._inputs[args.urn] = inputs

    def judge(self, args: StackValidationArgs) -> Outcome:
        """Return the outcome for a stack, and leave it for the request's second policy."""
        self._request.left = None
        graph = Graph.of(self._resource(item) for item in args.resources)
        with self._lock:
            self._judged = True
        exempt = self._exempt.read_bytes() if self._exempt.exists() else b""
        found = outcome(graph, plain(args.get_config()), exempt=exempt)
        self._request.left = ([item.urn for item in args.resources], found)
        return found

    def left(self, args: StackValidationArgs) -> Outcome:
        """Return what the first policy of this request has left, once.

        Raises:
            RuntimeError: The first policy did not run: somebody switched the laws off.
        """
        left, self._request.left = getattr(self._request, "left", None), None
        if left is None or left[0] != [item.urn for item in args.resources]:
            raise RuntimeError(_SWITCHED_OFF.format("disabled"))
        outcome: Outcome = left[1]
        return outcome

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


def policies(exempt: Path = _EXEMPT) -> list[ResourceValidationPolicy | StackValidationPolicy]:
    """Return the pack's policies: one records inputs, one refuses a stack, one advises.

    The order matters: `stack` judges for both, `advice` comes second. `exempt` is the file of
    exceptions.
    """
    session = Session(exempt)
    return [_recorder(session), _refuses(session), _advises(session)]


def _recorder(session: Session) -> ResourceValidationPolicy:
    def record(args: ResourceValidationArgs, _report: ReportViolation) -> None:
        session.record(args)

    return ResourceValidationPolicy(
        name="inputs",
        description="Keeps each resource's inputs for the rules; it never reports anything.",
        display_name="Inputs",
        validate=record,
        enforcement_level=EnforcementLevel.ADVISORY,
    )


def _refuses(session: Session) -> StackValidationPolicy:
    """Return the policy of all that refuses a stack; its configuration speaks for both."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if _level(report) is not EnforcementLevel.MANDATORY:
            raise RuntimeError(_SWITCHED_OFF.format("made advisory"))
        for finding in session.judge(args).refused:
            report(text(finding), finding.resource or None)

    return StackValidationPolicy(
        name=STACK,
        description="What a stack has to be: the three laws and the mandatory rules.",
        display_name="What a stack has to be",
        tags=[FIXED],
        severity=EngineSeverity.HIGH,
        remediation_steps="Each finding names its own way out.",
        config_schema=PolicyConfigSchema(properties=schema()),
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )


def _advises(session: Session) -> StackValidationPolicy:
    """Return the policy of all that is only advice."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        left = session.left(args)
        for finding in left.advised:
            report(text(finding), finding.resource or None)
        # Where somebody has advice refuse a stack, what is excepted must not.
        if _level(report) is EnforcementLevel.ADVISORY:
            for excepted in left.excepted:
                report(excepted.text, excepted.finding.resource)

    return StackValidationPolicy(
        name=ADVICE,
        description="What a stack is better off with: the advisory rules; and what is excepted.",
        display_name="What a stack is better off with",
        tags=[FIXED],
        severity=EngineSeverity.MEDIUM,
        remediation_steps="Each finding names its own way out.",
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY,
    )


def _level(report: ReportViolation) -> EnforcementLevel:
    """Return the level at which a policy runs; the SDK tells it to nobody but its own closure."""
    nonlocals = getclosurevars(report).nonlocals if isfunction(report) else {}
    level = nonlocals.get("enforcement_level")
    return level if isinstance(level, EnforcementLevel) else EnforcementLevel.MANDATORY
