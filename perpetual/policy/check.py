"""The pack's verdict on an exported state: the same pack, the same questions as in a preview."""

from dataclasses import replace
from pathlib import Path

from graph import Graph
from graph.state import resources
from perpetual.offline import analysis, pack_config, preview
from perpetual.offline.config import Config
from perpetual.offline.findings import Finding, Judgement, Policy
from perpetual.offline.pack import Identity, Pack
from perpetual.offline.pack_config import PackConfig
from perpetual.offline.records import Registration
from perpetual.offline.report import Report, Resource
from perpetual.policy.state import State, load, read

_PENDING = Policy(
    name="state-settled",
    level="mandatory",
    title="Settled state",
    severity="high",
    description="No operation was under way when the state was saved.",
    remediation="run `pulumi refresh`, which asks what became of it; then export the state again",
    url="https://www.pulumi.com/docs/support/troubleshooting/common-issues/update-conflicts/",
)


def check(path: str, folder: Path, seconds: float, configured: Path | None = None) -> Report:
    """Judge the export at `path` (`-`: stdin) with the pack in `folder`.

    `configured` is the file that configures the pack.
    """
    given = pack_config.read(configured) if configured else PackConfig()
    clock = preview.Clock()
    with clock.phase("state"):
        export = load(path)
        found = read(export)
    identity = Identity(
        project=found.project,
        stack=found.stack,
        config=Config(values={}),
        preview=False,
        pack_config=given,
    )
    with clock.phase("policy"), Pack(folder.resolve(), identity) as pack:
        judgement = analysis.judge(pack, found.capture, seconds)
    return Report(
        project=found.project,
        stack=found.stack,
        resources=[_resource(found, item) for item in found.capture.registrations],
        outputs=sorted(found.capture.outputs),
        judgement=settled(found, judgement),
        seconds=clock.total(),
        graph=lambda: Graph.of(resources(export)),
    )


def settled(state: State, judgement: Judgement) -> Judgement:
    """Return the judgement with a finding for each operation that nobody knows the end of."""
    if not state.pending:
        return judgement
    findings = [_pending(kind, urn) for kind, urn in state.pending]
    return replace(
        judgement,
        policies=(*judgement.policies, _PENDING),
        # A pack that lists no rules is judged by its policies, and this one is among them.
        rules=(*judgement.rules, _PENDING) if judgement.rules else (),
        findings=tuple(sorted({*judgement.findings, *findings}, key=lambda item: item.rank)),
    )


def _pending(kind: str, urn: str) -> Finding:
    name = urn.split("::", 3)[-1] or "a resource"
    return Finding(
        policy=_PENDING.name,
        level=_PENDING.level,
        severity=_PENDING.severity,
        urn=urn,
        description=_PENDING.description,
        witness=(
            f"cannot tell what became of {name}: it was {kind} when the state was saved\n"
            "undetermined: it counts as a breach until it can be told"
        ),
        remediation=_PENDING.remediation,
        url=_PENDING.url,
    )


def _resource(state: State, item: Registration) -> Resource:
    return Resource(
        urn=item.urn,
        type=item.type,
        name=item.name,
        parent=item.parent,
        component=not item.request.custom,
        source=state.sources.get(item.urn),
    )
