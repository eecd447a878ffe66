"""From the program's configuration to settings: the only reader of it.

The engine hands over a flat map from `namespace:key` to text, where a structured value is JSON. It
has merged the stack's file over the defaults of `Pulumi.yaml` already. The namespace is whatever
the project is called, because `pulumi new` renames it.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import pulumi
from pydantic import TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pulumi.runtime import config as runtime

from settings import rules, translation
from settings.models import Group, Settings
from settings.problems import HIDDEN, Problem, SettingsError, UnknownKey, nearest
from settings.rules import Partial, Program

REGION: Final = "aws:region"

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


def check(
    flat: Mapping[str, str], *, program: Program, secret: Collection[str] = ()
) -> Settings:
    """Return the settings in a flat configuration map.

    `secret` holds the full keys whose values are encrypted in the stack's file.

    Raises:
        SettingsError: Something is wrong with them; its text names everything at once.
    """
    reader = _Reader(flat, program.project, secret)
    parsed = {name: reader.read(field.alias or name, field) for name, field in _FIELDS.items()}
    complete = {name: value for name, value in parsed.items() if value is not _FAILED}
    problems = [*reader.problems, *rules.judge(complete, program)]
    if problems:
        raise SettingsError(program.stack, sorted(problems, key=_position))
    return Settings(**complete)


_FIELDS: Final = Settings.model_fields
_KEYS: Final = [field.alias or name for name, field in _FIELDS.items()]
_FAILED: Final = object()
"""Stands for a setting that could not be read."""


def _position(problem: Problem) -> int:
    """Return where a problem's key stands in the schema; what belongs nowhere comes first."""
    top = problem.key.split(".")[0]
    return _KEYS.index(top) if top in _KEYS else -1


class _Reader:
    """Reads one setting after the other, and collects what is wrong."""

    def __init__(self, flat: Mapping[str, str], project: str, secret: Collection[str]) -> None:
        self.problems: list[Problem] = []
        self._values: dict[str, Any] = {}
        for key, value in flat.items():
            namespace, _, name = key.partition(":")
            if key == REGION:
                self._values["region"] = value
            elif key in FOREIGN:
                accepted = "nothing, for the resources' own provider does not read it"
                self.problems.append(Problem(key, HIDDEN, accepted, FOREIGN[key]))
            elif namespace == project:
                self._take(name, value, encrypted=key in secret)

    def _take(self, name: str, value: str, *, encrypted: bool) -> None:
        if encrypted:
            self._values[name] = _FAILED
            self.problems.append(_encrypted(name))
        elif name in _KEYS and name != "region":
            self._values[name] = _structured(name, value)
        else:
            self.problems.append(_unknown(name))

    def read(self, key: str, field: FieldInfo) -> Any:
        """Return the value of a setting or group, parsed; or what could be parsed of it."""
        if self._values.get(key) is _FAILED:
            return _FAILED
        group = translation.subgroup(field)
        if group is not None:
            return self._group(key, group, self._values.get(key, {}))
        if key not in self._values:
            return self._absent(key, field)
        try:
            return TypeAdapter(Annotated[field.annotation, field]).validate_python(
                self._values[key]
            )
        except ValidationError as error:
            self.problems.extend(translation.problems(error, (key,)))
            return _FAILED

    def _absent(self, key: str, field: FieldInfo) -> Any:
        if not field.is_required():
            return field.get_default(call_default_factory=True)
        self.problems.append(translation.missing((key,)))
        return _FAILED

    def _group(self, key: str, group: type[Group], value: Any) -> Any:
        """Return a group; where some of it is wrong, a stand-in that holds the rest."""
        try:
            return group.model_validate(value)
        except ValidationError as error:
            self.problems.extend(translation.problems(error, (key,)))
            wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
            return _partial(group, value, wrong)


def _partial(group: type[Group], value: Any, wrong: Collection[str]) -> Partial:
    if not isinstance(value, dict):
        return Partial(Group())
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in group.model_fields.items()
        if field.alias not in wrong
    }
    rest = {name: item for name, item in value.items() if name not in wrong}
    return Partial(create_model(group.__name__, __base__=Group, **fields).model_validate(rest))


def _structured(name: str, value: str) -> Any:
    """Return a value's structure; a plain setting stays the text that it is."""
    field = next(field for key, field in _FIELDS.items() if name in (key, field.alias))
    if translation.subgroup(field) is None and name != "tags":
        return value
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _encrypted(name: str) -> Problem:
    return Problem(
        name,
        HIDDEN,
        "plain values only, for settings go into documents that must be readable at preview",
        f"run `pulumi config rm {name}` and set it again without --secret; what is secret belongs "
        "into the stack's SSM parameters, named under service.secrets",
    )


def _unknown(name: str) -> Problem:
    """Return the problem of a key in the project's namespace that is none of the schema's."""
    if name == "region":
        remedy = "run `pulumi config rm region`, then `pulumi config set aws:region VALUE`"
        return UnknownKey(name, None, REGION, remedy)
    if "." not in name:
        return translation.unknown((name,))
    guess = nearest(name, map(translation.dotted, translation.paths()))
    remove = f"run `pulumi config rm '{name}'`"
    if guess is None:
        return UnknownKey(name, None, "a key of the settings table", f"{remove}, {translation.NEWER}")
    return UnknownKey(
        name,
        None,
        f"{guess} as a path, nested in the stack's file",
        f"{remove}, then `pulumi config set --path {guess} VALUE`",
    )
