"""Rules on secrets in plain text, wherever a program may leave one: by name, shape and entropy.

Whether a value is marked secret in Pulumi is not visible here; what is visible, to everybody with
a look at the resource, is the plain value.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from graph import UNKNOWN, Graph, Resource
from graph.tokens import LAMBDA, TASK_DEFINITION
from rules import secrets
from rules.containers import Container, containers
from rules.rule import Finding, Level, Rule, Severity
from rules.subject import Fault, Subject, rule, unknown
from rules.thresholds import Thresholds

STACK: Final = "pulumi:pulumi:Stack"
_COMMANDS: Final = ("command", "entryPoint", "dockerLabels", "healthCheck")
_LABELS: Final = ("tags", "tagsAll", "description")
_STATE: Final = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html"


def texts(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield every string below a value: its path, the key it stands under, itself."""
    if isinstance(value, str):
        yield path, path.rpartition(".")[2].partition("[")[0], value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from texts(item, f"{path}[{number}]")


def _found(value: Any, path: str, bits: float) -> Iterator[tuple[str, str]]:
    """Yield where a secret is, and why it is taken for one; never the secret."""
    for where, key, text in texts(value, path):
        why = secrets.why(key, text, bits) or secrets.assigned(text)
        if why:
            yield where, why


def _commands(subject: Subject) -> Iterator[Fault]:
    found, faults = containers(subject)
    yield from faults
    for path, item in found:
        yield from _command(path, item, subject.thresholds.secret_bits)


def _command(path: str, item: Container, bits: float) -> Iterator[Fault]:
    for key in _COMMANDS:
        if item.get(key) is UNKNOWN:
            yield unknown(f"{path}.{key}")
        found = list(_found(item.get(key), f"{path}.{key}", bits))
        if not found and (why := secrets.assigned(_line(item.get(key)))):
            found = [(f"{path}.{key}", why)]
        for where, why in found:
            yield Fault(f"has a secret in plain text in its {key}: {why}", where)


def _line(value: Any) -> str:
    """Return the words of a command as one line: an option and its value are two of them."""
    words = value if isinstance(value, (list, tuple)) else []
    return " ".join(word for word in words if isinstance(word, str))


def _function(subject: Subject) -> Iterator[Fault]:
    path = "environment.variables"
    held = subject.at(path)
    if held is UNKNOWN:
        yield unknown(path)
    for key, value in held.items() if isinstance(held, Mapping) else ():
        if value is UNKNOWN and secrets.named(str(key)):
            yield unknown(f"{path}.{key}")
        elif isinstance(value, str):
            why = secrets.why(str(key), value, subject.thresholds.secret_bits)
            if why:
                yield Fault(f"gets a secret in plain text, {key}: {why}", f"{path}.{key}")


def _outputs(subject: Subject) -> Iterator[Fault]:
    bits = subject.thresholds.secret_bits
    for where, why in _found(_readable(subject.resource.properties), "outputs", bits):
        yield Fault(f"hands out a secret: {why}", where)


def _readable(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs, those that are documents as what they hold."""
    return {key: _opened(item) for key, item in value.items() if key != "id"}


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _labelled(graph: Graph, thresholds: Thresholds) -> Iterator[Finding]:
    for resource in graph.index.by_urn.values():
        for key in _LABELS:
            for where, why in _shown(resource, key, thresholds.secret_bits):
                label = graph.label(resource.urn)
                yield Finding(
                    LABELS.name,
                    LABELS.severity,
                    resource.urn,
                    f"{label} has a secret in plain text in its {key}: {why}",
                    (label, where),
                    LABELS.remediation,
                )


def _shown(resource: Resource, key: str, bits: float) -> Iterator[tuple[str, str]]:
    value = resource.properties.get(key)
    if not isinstance(value, (Mapping, Sequence)):
        return
    for where, _, text in texts(value, key):
        # A description is prose; a tag's name alone, such as `token`, says what the thing is for.
        why = _in_prose(text) if key == "description" else secrets.why("", text, bits)
        if why:
            yield where, why


def _in_prose(text: str) -> str | None:
    shape = secrets.shape(text)
    return f"its value holds {shape}" if shape else None


COMMANDS: Final = rule(
    _commands,
    TASK_DEFINITION,
    name="ecs-no-secrets-in-commands",
    title="No command, label or health check of a container holds a secret",
    severity=Severity.CRITICAL,
    why="Whoever may describe the task reads it, and so does every process on the host",
    fix="name it in the container's secrets and read the variable; then replace it",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
)
FUNCTIONS: Final = rule(
    _function,
    LAMBDA,
    name="lambda-no-plain-secrets",
    title="No function gets a secret in plain text",
    severity=Severity.CRITICAL,
    why="Whoever may describe the function reads its environment",
    fix="give the function the secret's ARN and let it read it; then replace the secret",
    url="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",
)
OUTPUTS: Final = rule(
    _outputs,
    STACK,
    name="stack-outputs-no-secrets",
    title="The stack's outputs hold no secret",
    severity=Severity.HIGH,
    why="Outputs are printed, read by other stacks, and kept in every checkpoint of the state",
    fix="export the secret's ARN or name; then replace the secret",
    url=_STATE,
    level=Level.ADVISORY,
)
LABELS: Final = Rule(
    name="tags-no-secrets",
    title="No tag or description holds a secret",
    description="No tag or description holds a secret.",
    severity=Severity.HIGH,
    why="Tags are shown on bills and in inventories, to people who may read nothing else",
    remediation="remove it; then replace the secret",
    url="https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html",
    check=_labelled,
)

RULES: Final[tuple[Rule, ...]] = (COMMANDS, FUNCTIONS, OUTPUTS, LABELS)
