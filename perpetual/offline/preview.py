"""One preview, from files to verdict.

The pack starts first, in its own process: it loads while this process loads the program.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from perpetual.offline import answers, config, pack_config, project
from perpetual.offline.pack import Identity, Pack
from perpetual.offline.pack_config import PackConfig
from perpetual.offline.report import Report, Resource

if TYPE_CHECKING:
    from graph import Graph
    from perpetual.offline.records import Capture, Registration

SDKS: Final = ("pulumi_aws",)
"""SDKs of which only the modules that the program touches are loaded."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to preview, and how.

    `root` is the project's folder, `overrides` read `key=value`, `policy` is the pack's folder,
    `policy_config` the file that configures it; `seconds` bounds the pack's start and each of its
    answers.
    """

    root: Path
    stack: str | None = None
    overrides: tuple[str, ...] = ()
    answers: Path | None = None
    policy: Path | None = None
    policy_config: Path | None = None
    seconds: float = 60.0


@dataclass(frozen=True)
class Plan:
    """The options with all files read: nothing has run yet."""

    options: Options
    project: project.Project
    stack: str
    config: config.Config
    answers: answers.Answers
    pack_config: PackConfig = field(default_factory=PackConfig)

    @property
    def policy(self) -> Path:
        """Return the pack's folder; by default it is the project's own `policy`."""
        return (self.options.policy or self.project.root / "policy").resolve()

    @property
    def identity(self) -> Identity:
        """Return what the pack is told about the stack."""
        return Identity(
            project=self.project.name,
            stack=self.stack,
            config=self.config,
            pack_config=self.pack_config,
        )


class Clock:
    """Durations by phase."""

    def __init__(self) -> None:
        """Start counting."""
        self.seconds: dict[str, float] = {}
        self._start = time.monotonic()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the phase `name`."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start

    def total(self) -> dict[str, float]:
        """Return all phases, and the time since the start."""
        return {**self.seconds, "total": time.monotonic() - self._start}


def plan(options: Options) -> Plan:
    """Read and check everything that can be checked without running anything."""
    root = project.find_root(options.root.resolve())
    found = project.read_project(root)
    stack = project.choose_stack(found, options.stack)
    values = config.load(found, stack, options.overrides)
    recorded = [answers.read(options.answers)] if options.answers else []
    known = answers.standard(
        account=values.values.get(f"{found.name}:account"),
        region=values.values.get("aws:region"),
    )
    configured = pack_config.read(options.policy_config) if options.policy_config else PackConfig()
    return Plan(options, found, stack, values, answers.combined([*recorded, known]), configured)


def preview(options: Options) -> Report:
    """Run program and pack, and return what there is to say about the stack."""
    clock = Clock()
    with clock.phase("configuration"):
        planned = plan(options)
    with Pack(planned.policy, planned.identity) as pack:
        return judge(planned, pack, clock)


def judge(planned: Plan, pack: Pack, clock: Clock) -> Report:
    """Run the program and ask a pack that was started before."""
    with clock.phase("program"):
        captured = run_program(planned)
    return judge_capture(planned, pack, captured, clock)


def judge_capture(planned: Plan, pack: Pack, captured: "Capture", clock: Clock) -> Report:
    """Ask a pack that was started before about a program that has run."""
    with clock.phase("policy"):
        from perpetual.offline import analysis  # noqa: PLC0415 - loads gRPC, which the watcher forks before

        judgement = analysis.judge(pack, captured, planned.options.seconds)
    return Report(
        project=planned.project.name,
        stack=planned.stack,
        resources=[_resource(item, planned.project.root) for item in captured.registrations],
        outputs=sorted(captured.outputs),
        judgement=judgement,
        seconds=clock.total(),
        graph=partial(_graph, captured),
    )


def _graph(captured: "Capture") -> "Graph":
    from perpetual.offline import graphs  # noqa: PLC0415 - only pictures need it

    return graphs.of(captured)


def run_program(planned: Plan) -> "Capture":
    """Run the program in preview form."""
    from perpetual.offline import lazy, program  # noqa: PLC0415 - loads the SDK, after the pack has started

    lazy.install(*SDKS)
    return program.run(planned.project, planned.stack, planned.config, planned.answers)


def _resource(item: "Registration", root: Path) -> Resource:
    source = item.source
    if source and Path(source[0]).is_relative_to(root):
        source = (str(Path(source[0]).relative_to(root)), source[1])
    return Resource(
        urn=item.urn,
        type=item.type,
        name=item.name,
        parent=item.parent,
        component=not item.request.custom,
        source=source,
    )
