"""A client of the provider protocol that acts like Pulumi's engine, for this program.

It keeps a state, reads it first (`refresh: always`), runs the program against its own resource
monitor, and calls Check, Diff, then Create, Update, or both Create and Delete, in the order in
which the program registers. What it leaves out: aliases, targets, hooks, and the cascade of
replacements that follows where something must be deleted before it is replaced.

https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perpetual.offline import program
from perpetual.offline.capture import Capture
from perpetual.offline.preview import Plan
from tests.sandbox.resources.engine_monitor import Running, Step
from tests.sandbox.resources.engine_session import Resource, Session, name_of
from tests.support.stacks import restored


@dataclass(frozen=True)
class Outcome:
    """What a run did or would do.

    `drift` is what reading the resources first brought to light, by logical name; `steps` and the
    `differences` behind them are by URN.
    """

    drift: dict[str, set[str]]
    steps: dict[str, Step]
    differences: dict[str, dict[str, str]]
    capture: Capture

    @property
    def changed(self) -> dict[str, Step]:
        """Return the steps that do something, by logical name."""
        return {name_of(urn): step for urn, step in self.steps.items() if step is not Step.SAME}


@dataclass
class Engine:
    """A state, and the means to bring it to what a program wants; one at a time."""

    ports: Mapping[str, int]
    region: str
    state: dict[str, Resource] = field(default_factory=dict)
    """By URN, in an order in which each comes after what it depends on."""

    def preview(self, planned: Plan) -> Outcome:
        """Say what `up` would do, with unknown values where nobody can know yet."""
        return self._run(planned, previews=True)

    def up(self, planned: Plan) -> Outcome:
        """Bring the stack to what the program wants.

        Raises:
            UpdateError: A step failed; those before it are done.
        """
        return self._run(planned, previews=False)

    def refresh(self) -> dict[str, set[str]]:
        """Read every resource; return what of it was not as the state had it, by logical name.

        An output is written `output name`, for a difference of an output alone is no harm.
        """
        drift: dict[str, set[str]] = {}
        with Session(self.ports, self.region, self.state) as session:
            for urn, item in list(self.state.items()):
                found = session.read(item)
                if found is None:
                    del self.state[urn]
                    drift[name_of(urn)] = {"gone"}
                    continue
                inputs = _different(item.arguments, found.arguments)
                outputs = _different(item.state, found.state) - inputs
                self.state[urn] = found
                if inputs or outputs:
                    drift[name_of(urn)] = inputs | {f"output {key}" for key in outputs}
        return drift

    def destroy(self) -> None:
        """Delete everything, last first.

        Raises:
            UpdateError: Something is protected, or could not be deleted.
        """
        with Session(self.ports, self.region, self.state) as session:
            session.delete_all(list(self.state.values()))

    def _run(self, planned: Plan, *, previews: bool) -> Outcome:
        drift = self.refresh()
        with Session(self.ports, self.region, self.state) as session:
            running = Running(self.state, session, dry=previews)
            try:
                with restored():
                    capture = program.run(
                        planned.project,
                        planned.stack,
                        planned.config,
                        planned.answers,
                        monitor=running,
                    )
            finally:
                # What a failed program did not come to stands behind what it did.
                rest = [urn for urn in self.state if urn not in running.registered]
                for urn in rest:
                    self.state[urn] = self.state.pop(urn)
            running.finish()
        return Outcome(drift, running.steps, running.differences, capture)


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}
