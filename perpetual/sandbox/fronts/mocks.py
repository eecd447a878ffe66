"""The program through the SDK's own mocks: each registration makes its resource in the sandbox.

No engine runs, so this does what of an engine's work the sandbox needs: it reads first what is
there, as `refresh: always` has it, then creates, updates or replaces, and at the end removes what
the program no longer registers. Ids and outputs are real, and flow on to whoever depends on them.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from perpetual.errors import OperatorError
from perpetual.offline import program
from perpetual.offline.capture import Capture
from perpetual.offline.monitor import Monitor
from perpetual.offline.preview import Plan
from perpetual.sandbox.fronts import wire
from perpetual.sandbox.fronts.provider import (
    Comparison,
    HalfMadeError,
    Made,
    Provider,
    default_tags,
)
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.dropped import Kept
from perpetual.sandbox.resources.functions import FUNCTIONS
from perpetual.sandbox.resources.table import TABLE

_PROVIDERS: Final = "pulumi:providers:"
_REPLACED: Final = " (replaced)"
"""Ends the URN of what another has replaced, until it is removed."""


class Change(StrEnum):
    """What was done about a resource."""

    CREATED = "created"
    UPDATED = "updated"
    REPLACED = "replaced"
    DELETED = "deleted"
    SAME = "unchanged"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A resource that stands in the sandbox."""

    token: str
    id: str
    state: Mapping[str, Any]
    inputs: Mapping[str, Any]
    protect: bool = False
    retain: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a run: the program as it registered itself, and what was done, by URN."""

    capture: Capture
    changes: Mapping[str, Change]


def apply(planned: Plan, cloud: Cloud, deployed: MutableMapping[str, Deployed]) -> Result:
    """Run the program, and bring the sandbox to what it registers.

    `deployed` is what stands there, by URN, in an order in which each comes after what it depends
    on. It is kept up to date also where this raises, so that another run goes on from there.

    Raises:
        OperatorError: The program failed, or a resource of it.
    """
    monitor = _Deploying(cloud, deployed, stacks=planned.answers.stacks)
    try:
        capture = program.run(
            planned.project, planned.stack, planned.config, planned.answers, monitor=monitor
        )
    finally:
        monitor.put_in_order()
    monitor.remove_unregistered()
    return Result(capture=capture, changes=monitor.changes)


def destroy(cloud: Cloud, deployed: MutableMapping[str, Deployed]) -> None:
    """Remove everything that stands in the sandbox, last first.

    Raises:
        OperatorError: Something is protected; then nothing is removed.
    """
    monitor = _Deploying(cloud, deployed)
    monitor.refuse_protected(deployed)
    monitor.remove_unregistered()


@dataclass(frozen=True)
class _Task:
    """One resource: what is wanted, what was known of it, and what is there of it now."""

    urn: str
    request: resource_pb2.RegisterResourceRequest
    inputs: dict[str, Any]
    was: Deployed | None
    there: Made | None


class _Deploying(Monitor):
    """A resource monitor that makes what is registered."""

    def __init__(
        self,
        cloud: Cloud,
        deployed: MutableMapping[str, Deployed],
        *,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        functions = {token: partial(answer, cloud) for token, answer in FUNCTIONS.items()}
        super().__init__(functions, stacks=stacks)
        self.changes: dict[str, Change] = {}
        self._touched: set[str] = set()
        self._deployed = deployed
        self._providers: dict[str, Provider] = {}
        self._plain = Provider(cloud=cloud, kept=Kept())

    @property
    def previews(self) -> bool:
        """Tell that everything becomes known."""
        return False

    def answer(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> tuple[str, struct_pb2.Struct]:
        """Make, change or leave one resource, and return its id and outputs."""
        inputs, secret = wire.read(request.object)
        if request.type.startswith(_PROVIDERS):
            tags = default_tags(inputs)
            self._providers[f"{urn}::{urn}"] = replace(self._plain, default_tags=tags)
            return urn, request.object
        try:
            made = self._deploy(urn, request, inputs)
        except OperatorError:
            raise
        except Exception as error:
            message = f"{request.name} ({request.type}): {error}"
            raise OperatorError(message) from error
        secret |= TABLE[request.type].secret | set(request.additionalSecretOutputs)
        return made.id, wire.write(made.state, secret)

    def _deploy(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: dict[str, Any]
    ) -> Made:
        provider = self._providers.get(request.provider, self._plain)
        was = self._deployed.get(urn)
        there = provider.read(request.type, was.id, was.state, was.inputs) if was else None
        known = there.inputs if there else {}
        wanted = ignoring(inputs, known, request.ignoreChanges) if there else inputs
        checked, problems = provider.check(request.type, request.name, wanted, known, urn.encode())
        if problems:
            raise OperatorError(f"{request.name}: {problems[0].reason}")
        try:
            change, made = self._settle(provider, _Task(urn, request, checked, was, there))
        except HalfMadeError as error:
            self._keep(urn, request, Made(error.identifier, dict(error.state), checked))
            raise
        self.changes[urn] = change
        self._keep(urn, request, made)
        return made

    def _settle(self, provider: Provider, task: _Task) -> tuple[Change, Made]:
        """Bring one resource to what is wanted of it."""
        token, there = task.request.type, task.there
        if task.was is None or there is None:
            return Change.CREATED, provider.create(token, task.inputs)
        found = provider.compare(token, there.inputs, task.inputs)
        if not found.differences:
            return Change.SAME, there
        if not found.replacing:
            return Change.UPDATED, provider.update(token, there.id, there.state, task.inputs)
        self.refuse_protected({task.urn: task.was})
        if _deletes_first(task.request, found):
            provider.delete(token, there.id, there.state)
            return Change.REPLACED, provider.create(token, task.inputs)
        old = replace(task.was, state=there.state)
        try:
            made = provider.create(token, task.inputs)
        except HalfMadeError:
            self._set_aside(task.urn, old)
            raise
        self._set_aside(task.urn, old)
        return Change.REPLACED, made

    def _set_aside(self, urn: str, old: Deployed) -> None:
        """Keep what was replaced under a name that no program registers: at the end it goes."""
        self._deployed[f"{urn}{_REPLACED}"] = old

    def _keep(self, urn: str, request: resource_pb2.RegisterResourceRequest, made: Made) -> None:
        self._touched.add(urn)
        self._deployed.pop(urn, None)
        self._deployed[urn] = Deployed(
            token=request.type,
            id=made.id,
            state=made.state,
            inputs=made.inputs,
            protect=request.protect,
            retain=request.retainOnDelete,
        )

    def put_in_order(self) -> None:
        """Have what was registered stand before what was not, which may depend on it.

        In between is what was replaced: whatever depended on it has let go, or was not come to.
        """

        def rank(urn: str) -> int:
            return 0 if urn in self._touched else 1 if urn.endswith(_REPLACED) else 2

        for urn in sorted(self._deployed, key=rank):
            self._deployed[urn] = self._deployed.pop(urn)

    def refuse_protected(self, found: Mapping[str, Deployed]) -> None:
        """Raise `OperatorError` if any of these must not be removed."""
        names = [_name(urn) for urn, item in found.items() if item.protect]
        if names:
            message = f"{', '.join(names)} must not be removed: the stack protects it"
            raise OperatorError(message, hint="Set `protect` to false first.")

    def remove_unregistered(self) -> None:
        """Remove what was replaced, and what stands in the sandbox but was not registered."""
        kept = {item.urn for item in self.capture.registrations}
        gone = {urn: item for urn, item in self._deployed.items() if urn not in kept}
        self.refuse_protected(gone)
        for urn, item in reversed(gone.items()):
            if not item.retain:
                self._delete(urn, item)
            del self._deployed[urn]
            if not urn.endswith(_REPLACED):
                self.changes[urn] = Change.DELETED

    def _delete(self, urn: str, item: Deployed) -> None:
        try:
            self._plain.delete(item.token, item.id, item.state)
        except Exception as error:
            message = f"{_name(urn)} ({item.token}) could not be removed: {error}"
            raise OperatorError(message) from error


def _name(urn: str) -> str:
    return urn.removesuffix(_REPLACED).rpartition("::")[2]


def _deletes_first(request: resource_pb2.RegisterResourceRequest, found: Comparison) -> bool:
    if request.deleteBeforeReplaceDefined:
        return bool(request.deleteBeforeReplace)
    return found.delete_first


def ignoring(
    inputs: Mapping[str, Any], known: Mapping[str, Any], paths: Iterable[str]
) -> dict[str, Any]:
    """Return the arguments with those at `paths` as they were: their change is to be ignored."""
    found = dict(inputs)
    for path in paths:
        if path in known:
            found[path] = known[path]
        else:
            found.pop(path, None)
    return found
