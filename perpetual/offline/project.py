"""The project and its stacks as files: `Pulumi.yaml` and one `Pulumi.<stack>.yaml` each."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from perpetual.errors import OperatorError
from perpetual.offline.documents import read_mapping

FILE: Final = "Pulumi.yaml"

# What the engine of the SDK this project is locked to knows; a key beyond it changes what a file
# means in a way that a preview must not guess.
_PROJECT_KEYS: Final = frozenset(
    {
        "name",
        "runtime",
        "main",
        "description",
        "author",
        "website",
        "license",
        "config",
        "stackConfigDir",
        "template",
        "backend",
        "options",
        "plugins",
        "packages",
        "requiredPulumiVersion",
    }
)
_STACK_KEYS: Final = frozenset(
    {
        "secretsprovider",
        "encryptedkey",
        "encryptionsalt",
        "config",
        "environment",
        "mainEnvironment",
    }
)
_DECLARATION_KEYS: Final = frozenset({"type", "items", "description", "secret", "default", "value"})
_OPTION_KEYS: Final = frozenset({"refresh"})
_TYPES: Final = frozenset({"string", "integer", "boolean", "array", "object"})


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One entry of the project's `config:`.

    `key` is as written, possibly a property path. `items` declares an array's elements, and has
    the shape `{"type": ..., "items": ...}`. None means that the entry does not say.
    """

    key: str
    type: str | None = None
    items: Mapping[str, Any] | None = None
    default: Any = None
    value: Any = None
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Pulumi project: where it is, where its program and its stacks' files are."""

    name: str
    root: Path
    program: Path
    stack_folder: Path
    declarations: tuple[Declaration, ...]

    def stack_file(self, stack: str) -> Path:
        """Return where the configuration of `stack` is kept."""
        return self.stack_folder / f"Pulumi.{stack}.yaml"

    def stacks(self) -> list[str]:
        """Return the stacks that have a file, by name."""
        found = self.stack_folder.glob("Pulumi.*.yaml")
        return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in found)


def find_root(start: Path) -> Path:
    """Return the nearest folder with a `Pulumi.yaml`, from `start` upwards."""
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    message = f"there is no {FILE} in {start} or any folder above it"
    raise OperatorError(message, hint="Run the command inside a project.")


def read_project(root: Path) -> Project:
    """Return the project in `root`; raise `OperatorError` for whatever the engine would refuse."""
    content = read_mapping(root / FILE)
    _refuse_unknown(FILE, "", content, _PROJECT_KEYS)
    _refuse_unknown(FILE, "options.", _mapping(content, "options"), _OPTION_KEYS)
    name = content.get("name")
    if not isinstance(name, str) or not name:
        message = f"{FILE} has no `name`"
        raise OperatorError(message, hint="Give the project a name, such as `name: shop`.")
    runtime = content.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        message = f"{FILE} names the runtime {language!r}, and only `python` programs are run here"
        raise OperatorError(message, hint="Write `runtime: python`.")
    config = content.get("config")
    folder = content.get("stackConfigDir") or ""
    if isinstance(config, str):  # the older spelling of stackConfigDir
        config, folder = {}, config
    if config is not None and not isinstance(config, dict):
        message = f"`config` in {FILE} is a {type(config).__name__}, not keys with declarations"
        raise OperatorError(message)
    return Project(
        name=name,
        root=root,
        program=(root / str(content.get("main") or ".")).resolve(),
        stack_folder=root / str(folder),
        declarations=tuple(
            _declaration(name, key, entry) for key, entry in sorted((config or {}).items())
        ),
    )


def choose_stack(project: Project, name: str | None) -> str:
    """Return the stack to preview: `name`, or the only one there is."""
    stacks = project.stacks()
    listed = "This project has " + (", ".join(stacks) if stacks else "none") + "."
    if name is None:
        if len(stacks) == 1:
            return stacks[0]
        message = (
            "which stack? name one with --stack"
            if stacks
            else f"no stack has a configuration: there is no Pulumi.<stack>.yaml beside {FILE}"
        )
        raise OperatorError(message, hint=listed)
    if name in stacks:
        return name
    near = difflib.get_close_matches(name, stacks, n=1, cutoff=0.5)
    message = f"there is no stack {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    raise OperatorError(message, hint=listed)


def read_stack(project: Project, stack: str) -> dict[str, Any]:
    """Return a stack file's content, after a look at its keys."""
    path = project.stack_file(stack)
    content = read_mapping(path)
    _refuse_unknown(path.name, "", content, _STACK_KEYS)
    config = content.get("config")
    if config is not None and not isinstance(config, dict):
        message = f"`config` in {path.name} is a {type(config).__name__}, not keys with values"
        raise OperatorError(message, hint=f"Look at {path}.")
    return content


def _declaration(project: str, key: str, entry: Any) -> Declaration:
    ours = ":" not in key or key.startswith(f"{project}:")
    if not isinstance(entry, dict):
        return Declaration(key=key, default=entry) if ours else Declaration(key=key, value=entry)
    _refuse_unknown(FILE, f"config.{key}.", entry, _DECLARATION_KEYS)
    declared = Declaration(
        key=key,
        type=entry.get("type"),
        items=entry.get("items"),
        default=entry.get("default"),
        value=entry.get("value"),
        secret=bool(entry.get("secret")),
    )
    problem = _problem(declared, ours=ours)
    if problem:
        message = f"{FILE} declares the configuration key {key!r}, which {problem}"
        raise OperatorError(message)
    return declared


def _problem(declared: Declaration, *, ours: bool) -> str:
    if declared.type is not None and declared.type not in _TYPES:
        return f"has the type {declared.type!r}: it can be {', '.join(sorted(_TYPES))}"
    if declared.type == "array" and declared.items is None:
        return "is an array and needs `items`"
    if declared.default is not None and declared.value is not None:
        return "has both `default` and `value`: one of them is enough"
    if not ours and declared.value is None:
        return "belongs to another namespace and so needs a `value`, no type and no default"
    return ""


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _refuse_unknown(
    file: str, prefix: str, content: Mapping[str, Any], known: frozenset[str]
) -> None:
    unknown = sorted(set(content) - known)
    if not unknown:
        return
    keys = ", ".join(f"`{prefix}{key}`" for key in unknown)
    near = difflib.get_close_matches(unknown[0], known, n=1)
    hint = f"Did you mean `{prefix}{near[0]}`?" if near else "Update perpetual, or remove it."
    message = (
        f"{file} has {keys}, unknown here: it is misspelt, or the file is from a newer version"
    )
    raise OperatorError(message, hint=hint)
