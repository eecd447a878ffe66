"""What a provider does, on the table: check, compare, create, read, update, delete.

Values are plain here, in Pulumi's spelling; marks of secrets are the fronts' business, and unknown
values read `UNKNOWN`. The fronts speak the protocols.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from perpetual.offline.records import UNKNOWN
from perpetual.offline.revisions import replacements
from perpetual.offline.revisions.values import Difference, differences
from perpetual.sandbox.resources import tagging, values
from perpetual.sandbox.resources.cloud import Cloud, absent
from perpetual.sandbox.resources.dropped import Kept
from perpetual.sandbox.resources.kind import Kind, Values
from perpetual.sandbox.resources.table import TABLE

_MADE_UP: Final = re.compile(r"-[0-9a-f]{7}$")
"""End of a name that the provider made up."""
_DIGITS: Final = 7


class HalfMadeError(Exception):
    """A resource exists, but not all of it was made: an update will complete it."""

    def __init__(self, identifier: str, state: Values, reason: str) -> None:
        """Keep what is there."""
        super().__init__(reason)
        self.identifier = identifier
        self.state = state


class UnknownTypeError(LookupError):
    """The table has no such type."""


@dataclass(frozen=True)
class Problem:
    """An argument that the table cannot take, and why."""

    argument: str
    reason: str


@dataclass(frozen=True)
class Comparison:
    """What differs between a resource and what the program wants, and what that means for it."""

    differences: list[Difference]
    replacing: frozenset[str]
    delete_first: bool


@dataclass(frozen=True)
class Made:
    """A resource as it is: its id, its whole state, and its arguments as far as AWS tells them."""

    id: str
    state: dict[str, Any]
    inputs: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A configured provider, of all three packages: an account, and tags for whatever it makes."""

    cloud: Cloud
    default_tags: Mapping[str, str] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)

    # --- before anything is done

    def check(
        self, token: str, name: str, news: Values, olds: Values, seed: bytes = b""
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Return the arguments with what the provider adds, and those that it does not know.

        `name` is the logical name, and `seed` what a name is made up from; `olds` are the arguments
        before, whose name stays.
        """
        kind = self._kind(token)
        inputs = {key: value for key, value in news.items() if key not in _OWN}
        if kind.name and not inputs.get(kind.name):
            kept = str(olds.get(kind.name) or "")
            inputs[kind.name] = kept if _MADE_UP.search(kept) else _made_up(name, seed)
        if kind.tagged:
            tags = inputs.get("tags")
            inputs["tagsAll"] = (
                UNKNOWN if values.unknown(tags) else {**self.default_tags, **(tags or {})}
            )
        unknown = sorted(set(inputs) - kind.arguments)
        return inputs, [Problem(key, f"the sandbox's {token} has no `{key}`") for key in unknown]

    def compare(
        self, token: str, old_inputs: Values, news: Values, ignored: frozenset[str] = frozenset()
    ) -> Comparison:
        """Return what differs, and whether the resource has to be replaced for it."""
        kind = self._kind(token)
        found = list(_differences(kind, old_inputs, news, ignored))
        forcing = frozenset(replacements.forcing(token, found))
        before = old_inputs.get(kind.name)
        # AWS gives a name once. One that was made up is made up anew, any other must be free first.
        taken = bool(kind.name) and before == news.get(kind.name)
        delete_first = bool(forcing) and taken and not _MADE_UP.search(str(before))
        return Comparison(found, forcing, delete_first)

    # --- previews

    def foreseen(self, token: str, inputs: Values) -> dict[str, Any]:
        """Return the state that creating will lead to; what AWS decides is unknown."""
        kind = self._kind(token)
        computed = kind.outputs | ({"region"} if kind.regional else set())
        return {**dict.fromkeys(computed - inputs.keys(), UNKNOWN), **self._here(kind), **inputs}

    def foreseen_update(self, token: str, state: Values, inputs: Values) -> dict[str, Any]:
        """Return the state that an update will lead to."""
        kind = self._kind(token)
        stays = {key: state[key] for key in state if key in kind.outputs or key in inputs}
        return {**stays, **self._here(kind), **inputs, **dict.fromkeys(kind.moving, UNKNOWN)}

    # --- resources

    def create(self, token: str, inputs: Values) -> Made:
        """Make a resource.

        Raises:
            HalfMadeError: It exists, but something is missing.
        """
        kind = self._kind(token)
        given = self._given(kind, inputs)
        identifier = kind.create(self.cloud, given)
        try:
            if kind.settle:
                kind.settle(self.cloud, identifier, given)
            self.kept.remember(token, identifier, given)
            return self._after(kind, identifier, inputs, given)
        except Exception as error:
            raise HalfMadeError(identifier, given, str(error)) from error

    def read(self, token: str, identifier: str, state: Values, inputs: Values) -> Made | None:
        """Return a resource as it is now, or None if it is gone.

        Without `inputs` it is being imported: then all that AWS tells are its arguments.

        Raises:
            NotImplementedError: It has no id in AWS, and nothing tells what it is a part of.
        """
        kind = self._kind(token)
        if kind.part_of - state.keys():
            message = f"{token} has no id in AWS, so it cannot be imported here"
            raise NotImplementedError(message)
        found = self._told(kind, identifier, state)
        if found is None:
            return None
        if not inputs:
            wanted = kind.inputs | (_TAGS if kind.tagged else set())
            return Made(identifier, found, {key: found[key] for key in wanted & found.keys()})
        refreshed = {
            key: self._refreshed(kind, key, found[key], value) if key in found else value
            for key, value in inputs.items()
            # What AWS does not tell is gone, unless it is the provider's, or nothing.
            if key in found or key in kind.own or not value
        }
        own = {key: state[key] for key in kind.own & state.keys()}
        return Made(identifier, {**found, **own, **refreshed}, refreshed)

    def update(self, token: str, identifier: str, state: Values, inputs: Values) -> Made:
        """Change a resource in place.

        Raises:
            HalfMadeError: Some of it has changed, and the rest has not.
        """
        kind = self._kind(token)
        given = self._given(kind, inputs)
        try:
            if kind.update:
                kind.update(self.cloud, identifier, state, given)
            elif kind.settle:
                kind.settle(self.cloud, identifier, given)
            changed, gone = tagging.changes(state, given)
            if kind.retag and (changed or gone):
                kind.retag(self.cloud, identifier, state, changed, gone)
            self.kept.remember(token, identifier, given)
            return self._after(kind, identifier, inputs, {**state, **given})
        except Exception as error:
            raise HalfMadeError(identifier, state, str(error)) from error

    def delete(self, token: str, identifier: str, state: Values) -> None:
        """Remove a resource; one that is gone already is no fault."""
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # noqa: PLC0415 - only the sandbox needs it

        try:
            self._kind(token).delete(self.cloud, identifier, state)
        except ClientError as error:
            if not absent(error):
                raise
        self.kept.forget(token, identifier)

    # --- helpers

    def _kind(self, token: str) -> Kind:
        kind = TABLE.get(token)
        if kind is None:
            message = f"the sandbox knows no resources of type {token}"
            raise UnknownTypeError(message)
        return kind

    def _given(self, kind: Kind, inputs: Values) -> dict[str, Any]:
        generated = kind.generate(self.cloud, inputs) if kind.generate else {}
        return {**inputs, **generated}

    def _after(self, kind: Kind, identifier: str, inputs: Values, given: Values) -> Made:
        """Return a resource that was just made or changed; AWS must know it by now."""
        found = self._told(kind, identifier, given)
        if found is None:
            message = f"{kind.token} {identifier} is gone right after it was made"
            raise LookupError(message)
        said = {
            key: value
            for key, value in inputs.items()
            if key not in found or values.covers(found[key], value, ordered=key in kind.ordered)
        }
        return Made(identifier, {**found, **said}, dict(inputs))

    def _told(self, kind: Kind, identifier: str, state: Values) -> dict[str, Any] | None:
        """Return what AWS tells of a resource now, and what moto would have to."""
        answer = kind.read(self.cloud, identifier, state)
        if answer is None:
            return None
        kept = self.kept.recall(kind.token, identifier, state)
        wanted = kind.arguments | kind.outputs
        found = {
            key: value
            for key, value in {**answer, **kept}.items()
            if value is not None and key in wanted
        }
        if kind.tagged:
            found["tags"] = self._own_tags(found.get("tagsAll") or {}, state.get("tags") or {})
        return {**found, **self._here(kind)}

    def _refreshed(self, kind: Kind, argument: str, found: Any, given: Any) -> Any:
        # A tag more is a difference, while a setting more inside of a block is AWS's default.
        if argument in _TAGS:
            return given if values.equal(found, given) else found
        return values.refreshed(found, given, ordered=argument in kind.ordered)

    def _own_tags(self, every: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
        """Return the tags that are the resource's own, not the provider's."""
        return {
            key: value
            for key, value in every.items()
            if key in given or self.default_tags.get(key) != value
        }

    def _here(self, kind: Kind) -> dict[str, str]:
        return {"region": self.cloud.region} if kind.regional else {}


_TAGS: Final = frozenset({"tags", "tagsAll"})
_OWN: Final = frozenset({"__defaults", "__internal"})
"""Keys by which the provider remembers things of its own among the arguments."""


def _differences(
    kind: Kind, before: Values, after: Values, ignored: frozenset[str]
) -> Iterator[Difference]:
    for key in dict.fromkeys([*before, *after]):
        if key in ignored or key in _OWN:
            continue
        old, new = before.get(key), after.get(key)
        if not values.equal(old, new, ordered=key in kind.ordered):
            found = list(differences(old, new, key))
            yield from found or [Difference(key, old, new)]


def _made_up(name: str, seed: bytes) -> str:
    digest = hashlib.sha256(seed + name.encode()).hexdigest()[:_DIGITS]
    return f"{name}-{digest}"


def default_tags(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a provider's own arguments ask for, structured or as JSON."""
    found = config.get("defaultTags") or {}
    if isinstance(found, str):
        found = json.loads(found)
    return dict(found.get("tags") or {})
