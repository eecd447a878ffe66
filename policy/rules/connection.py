"""The client's half of TLS-only Postgres: what the containers of each task are told.

A container that gets any setting of a database must get `PGSSLMODE=verify-full` as well: a
connection URL in a secret cannot be read here, so the mode that libpq falls back to has to be
right. Literal URLs must name the mode themselves. Values are never repeated in findings.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graph import UNKNOWN, Container, Graph, Task, Variable
from rules.rule import Finding, Severity

LAW: Final = "tls-only-postgres"
MODE: Final = "PGSSLMODE"
VERIFIED: Final = "verify-full"

_FIX: Final = f"give the container {MODE}={VERIFIED} as plain environment"
_SETTING: Final = re.compile(
    r"(.*_)?(DATABASE|DB|POSTGRES|POSTGRESQL|ECTO)_(URL|URI|DSN|HOST)|PG[A-Z]+"
)
_SWITCH: Final = re.compile(
    r"(.*_)?(DATABASE|DB|POSTGRES|POSTGRESQL|PG|ECTO|REPO)_?(SSL|TLS)(_.*)?"
)
_OFF: Final = frozenset({"0", "false", "no", "off", "none", "disable", "disabled", "verify_none"})
_URL: Final = re.compile(r"(postgres(ql)?|ecto)(\+\w+)?://", re.IGNORECASE)
_SSLMODE: Final = re.compile(r"\bsslmode\s*=\s*'?([\w-]*)", re.IGNORECASE)
_SSL_OFF: Final = re.compile(r"[?&\s]ssl\s*=\s*'?(0|false|no|off|disable)\b", re.IGNORECASE)


def check(graph: Graph) -> Iterator[Finding]:
    """Yield every container that may connect without verifying the server."""
    for task in graph.tasks:
        if task.containers is None:
            yield Finding(
                LAW,
                Severity.HIGH,
                task.urn,
                f"cannot tell how the containers of {task.label} connect to Postgres: neither the "
                "document nor a component's `containerDefinitions` can be read",
                (task.label, "containerDefinitions"),
                "build the document from known strings, or pass it as the component's property",
                undetermined=True,
            )
        for container in task.containers or ():
            for message, step, undetermined in _faults(container):
                yield _finding(task, container, message, step, undetermined=undetermined)


def _finding(
    task: Task, container: Container, message: str, step: str, *, undetermined: bool
) -> Finding:
    text = f"container {container.name} of {task.label} {message}"
    witness = (task.label, f"container {container.name}", step)
    found = Finding(LAW, Severity.HIGH, task.urn, text, witness, _FIX)
    return replace(found, undetermined=undetermined)


def _faults(container: Container) -> Iterator[tuple[str, str, bool]]:
    """Yield what is wrong, the last step of the path, and whether it is only not known."""
    if not container.complete or any(item.name is UNKNOWN for item in container.variables):
        yield "has an environment that cannot be read", "environment", True
    modes = [item for item in container.variables if item.name == MODE]
    for item in modes:
        yield from _mode(item)
    concerned = any(_concerned(item) for item in container.variables)
    if concerned and not modes and container.complete:
        yield (
            f"gets a database's settings without {MODE}, so libpq prefers but does not demand TLS",
            f"no {MODE}",
            container.files,
        )
    for item in container.variables:
        yield from _variable(item)
    for text in container.texts:
        yield from _text(text)


def _concerned(item: Variable) -> bool:
    if isinstance(item.value, str) and _URL.search(item.value):
        return True
    return isinstance(item.name, str) and bool(_SETTING.fullmatch(item.name)) and item.name != MODE


def _mode(item: Variable) -> Iterator[tuple[str, str, bool]]:
    if item.value is UNKNOWN:
        where = "a secret" if item.secret else "a value that is not known"
        yield f"gets {MODE} from {where}", MODE, True
    elif item.value != VERIFIED:
        yield f"connects with {MODE}={item.value}, not {VERIFIED}", f"{MODE}={item.value}", False


def _variable(item: Variable) -> Iterator[tuple[str, str, bool]]:
    name, value = item.name, item.value
    if item.secret or not isinstance(name, str) or name == MODE:
        return
    if isinstance(value, str):
        if _URL.search(value) and not _SSLMODE.search(value):
            yield f"gets a connection URL in {name} without sslmode={VERIFIED}", name, False
        if _SWITCH.fullmatch(name) and value.lower() in _OFF:
            yield f"has TLS turned off by {name}={value}", f"{name}={value}", False
    elif _SETTING.fullmatch(name) and name.endswith(("URL", "URI", "DSN")):
        yield f"gets a connection URL in {name} that is not known", name, True


def _text(text: str) -> Iterator[tuple[str, str, bool]]:
    for mode in _SSLMODE.findall(text):
        if mode != VERIFIED:
            yield f"connects with sslmode={mode}, not {VERIFIED}", f"sslmode={mode}", False
    if _SSL_OFF.search(text):
        yield "connects with ssl=false", "ssl=false", False
