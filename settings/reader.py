"""From the program's configuration to settings: the only reader of it.

The engine hands over a flat map from `namespace:key` to text, where a structured value is JSON. It
has merged the stack's file over the defaults of `Pulumi.yaml` already. The namespace is whatever
the project is called, because `pulumi new` renames it.
"""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime import config as runtime
from pydantic import ValidationError, create_model

from settings import rules, translation
from settings.models import Group, Settings
from settings.problems import HIDDEN, Problem, SettingsError, UnknownKey, nearest
from settings.rules import Partial, Program, UnreadError

PROFILE: Final = "choose the credentials with AWS_PROFILE in the environment"
FOREIGN: Final = {
    "aws:accessKey": PROFILE,
    "aws:assumeRole": PROFILE,
    "aws:assumeRoles": PROFILE,
    "aws:assumeRoleWithWebIdentity": PROFILE,
    "aws:defaultTags": "write the tags under the setting `tags`",
    "aws:profile": PROFILE,
    "aws:secretKey": PROFILE,
    "aws:token": PROFILE,
}
"""Keys that would change the default provider alone, which makes no resource of this program."""


def load() -> Settings:
    """Return the current stack's settings.

    Raises:
        SettingsError: Something is wrong with them; its text names everything at once.
    """
    flat = runtime.CONFIG.get()
    return check(
        flat,
        secret={key for key in flat if runtime.is_config_secret(key)},
        program=Program(
            project=pulumi.get_project(),
            stack=pulumi.get_stack(),
            root=Path(pulumi.runtime.get_root_directory() or "."),
        ),
    )


def check(flat: Mapping[str, str], *, program: Program, secret: Collection[str] = ()) -> Settings:
    """Return the settings in a flat configuration map.

    `secret` holds the full keys whose values are encrypted in the stack's file.

    Raises:
        SettingsError: Something is wrong with them; its text names everything at once.
    """
    reader = _Reader(flat, program.project, secret)
    parsed = reader.read()
    problems = [*reader.problems, *rules.judge(parsed, program)]
    if problems:
        raise SettingsError(program.stack, sorted(problems, key=_position))
    return Settings(**parsed)


_GROUPS: Final = {
    name: group
    for name, field in Settings.model_fields.items()
    if (group := translation.subgroup(field)) is not None
}


def _having(group: type[Group], names: Collection[str]) -> type[Group]:
    """Return a group with these fields of `group` alone."""
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in group.model_fields.items()
        if name in names
    }
    return create_model(group.__name__, __base__=Group, **fields)


_PLAIN: Final = _having(Settings, Settings.model_fields.keys() - _GROUPS.keys())
"""The settings that belong to no group, read as if they were one."""

_ORDER: Final = list(Settings.model_fields)
"""Names of settings and groups at the top, where no name has a second word."""
_MAPPINGS: Final = ("tags", *_GROUPS)


def _position(problem: Problem) -> int:
    """Return where a problem's key stands in the schema; what belongs nowhere comes first."""
    top = problem.key.split(".")[0]
    return _ORDER.index(top) if top in _ORDER else -1


class _Reader:
    """Sorts the flat map, parses what belongs to the program and collects what is wrong."""

    def __init__(self, flat: Mapping[str, str], project: str, secret: Collection[str]) -> None:
        self.problems: list[Problem] = []
        self._values: dict[str, Any] = {}
        self._encrypted: set[str] = set()
        for key, value in flat.items():
            namespace, _, name = key.partition(":")
            if key == translation.REGION:
                self._values["region"] = value
            elif key in FOREIGN:
                accepted = "nothing, for the resources' own provider does not read it"
                self.problems.append(Problem(key, HIDDEN, accepted, FOREIGN[key]))
            elif namespace == project:
                self._take(name, value, encrypted=key in secret)

    def _take(self, name: str, value: str, *, encrypted: bool) -> None:
        if name not in _ORDER or name == "region":
            self.problems.append(_unknown(name))
        elif encrypted:
            self._encrypted.add(name)
            self.problems.append(_encrypted(name))
        else:
            self._values[name] = _structured(value) if name in _MAPPINGS else value

    def read(self) -> dict[str, Any]:
        """Return settings and groups by name, those with errors as far as they can be read."""
        plain = {name: value for name, value in self._values.items() if name not in _GROUPS}
        read: dict[str, Any] = {}
        values = self._parse((), _PLAIN, plain)
        for name in _PLAIN.model_fields:
            with suppress(UnreadError):
                read[name] = getattr(values, name)
        for name, group in _GROUPS.items():
            if name not in self._encrypted:
                read[name] = self._parse((name,), group, self._values.get(name, {}))
        return read

    def _parse(self, location: translation.Location, group: type[Group], value: Any) -> Any:
        """Return a group; where some of it is wrong, a stand-in that holds the rest."""
        try:
            return group.model_validate(value)
        except ValidationError as error:
            self.problems.extend(
                problem
                for problem in translation.problems(error, location)
                if problem.key not in self._encrypted
            )
            wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
            return _partial(group, value, wrong)


def _partial(group: type[Group], value: Any, wrong: Collection[str]) -> Partial:
    if not isinstance(value, dict):
        return Partial(Group())
    right = [name for name, field in group.model_fields.items() if field.alias not in wrong]
    rest = {name: item for name, item in value.items() if name not in wrong}
    return Partial(_having(group, right).model_validate(rest))


def _structured(text: str) -> Any:
    """Return a value's structure, or the text where it has none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _encrypted(name: str) -> Problem:
    return Problem(
        name,
        HIDDEN,
        "plain values only, for settings go into documents that must be readable at preview",
        "replace what reads `secure:` in the stack's file by a plain value; what is secret belongs "
        "into SSM, under a name in service.secrets",
    )


def _unknown(name: str) -> Problem:
    """Return the problem of a key in the project's namespace that is none of the schema's."""
    if name == "region":
        remedy = "run `pulumi config rm region`, then `pulumi config set aws:region VALUE`"
        return UnknownKey(name, None, translation.REGION, remedy)
    if "." not in name:
        return translation.unknown((name,))
    guess = nearest(name, map(translation.dotted, translation.paths()))
    remove = f"run `pulumi config rm '{name}'`"
    if guess is None:
        return UnknownKey(
            name, None, "a key of the settings table", f"{remove}, {translation.NEWER}"
        )
    return UnknownKey(
        name,
        None,
        f"{guess} as a path, nested in the stack's file",
        f"{remove}, then `pulumi config set --path {guess} VALUE`",
    )
