"""Rules on names and cookies of nodes: the same for each command, and in no image."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release.lint.files import File, Kind
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, at, overall

_FLAGS: Final = (Kind.FLAGS, Kind.REMOTE_FLAGS)
_SCRIPTS: Final = (Kind.ENV, Kind.OVERLAY)
_NODE: Final = re.compile(r"(?<![\w$])RELEASE_NODE:?=(?P<value>[^\n]*)")
_RANDOM: Final = re.compile(
    r"\$\{?RANDOM\b|\buuidgen\b|/dev/u?random|/random/uuid|\bopenssl\s+rand\b|\bmktemp\b|\bshuf\b"
    r"|\$\$|\$\(\s*date\b|`\s*date\b"
)
_NAMED: Final = re.compile(r"[$(`]\s*hostname\b(?!\s+-[iI])|\$\{?HOSTNAME\b")
_PLATFORM: Final = re.compile(r"\$\{?((?:FLY|HEROKU|RENDER|GIGALIXIR|POD|K8S)_\w+|DYNO)\b")
_TAG: Final = re.compile(r"<%.*?%>")
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)")
_DISTRIBUTION: Final = re.compile(r"(?<!\w)RELEASE_DISTRIBUTION[= ][^\n]*\b(?:sname|none)\b")
_NAME_FLAG: Final = re.compile(r"(?<!\S)-s?name\b")
_COOKIE_FLAG: Final = re.compile(r"(?<!\S)-setcookie\b")
# Anything but nothing, and what another variable holds; or what stands in for that variable.
_COOKIE: Final = re.compile(
    r"(?<![\w${])RELEASE_COOKIE=[\"']?(?=[^\s\"'$])|\$\{RELEASE_COOKIE:?[-=](?=[^}$])"
    r"|(?mi:^)[ \t]*ENV[ \t]+RELEASE_COOKIE[ \t]+(?=[^\s$])"
)


def _named(project: Project) -> Iterator[Fault]:
    scripts = list(project.of(Kind.ENV))
    if not scripts and project.phoenix:
        yield at(project.anchor, "without rel/env.sh.eex, nodes are called by host names")
    for file in scripts:
        names = list(_NODE.finditer(file.code))
        if not names:
            yield overall(file, "RELEASE_NODE is not set, so that nodes are called by host names")
        for name in names:
            value = _TAG.sub("x", name["value"])
            what = _unreachable(value, _resolved(file, value))
            if what:
                yield Fault(file, file.line(name.start()), what)


def _unreachable(value: str, meant: str) -> str:
    """Return why nobody finds a node of this name, if so; `meant` has its variables' values."""
    platform = _PLATFORM.search(meant)
    _, marked, address = value.partition("@")
    if not marked:
        return "RELEASE_NODE has no @ and address"
    if platform:
        return f"RELEASE_NODE is made of {platform[1]}, which no task has on ECS"
    if _NAMED.search(meant):
        return "RELEASE_NODE ends in a host name, and discovery gives addresses"
    if not re.search(r"[$`]", address):
        return "RELEASE_NODE has the same address everywhere"
    return ""


def _resolved(file: File, value: str, depth: int = 3) -> str:
    """Return a value followed by what its variables were set to."""
    if not depth:
        return value
    said = [value]
    for name in _VARIABLE.findall(value):
        assigned = (
            re.findall(rf"(?<![\w$]){name}=([^\n]*)", file.code) if name != "RELEASE_NODE" else []
        )
        said += [_resolved(file, item, depth - 1) for item in assigned]
    return " ".join(said)


def _random(project: Project) -> Iterator[Fault]:
    for file in project.of(*_SCRIPTS):
        if file.kind is Kind.ENV or "RELEASE_NODE" in file.code:
            for found in file.find(_RANDOM):
                yield at(found, f"`{found.code}` is another one for each command")


def _short(project: Project) -> Iterator[Fault]:
    for file in project.of(*_SCRIPTS, Kind.DOCKERFILE):
        for found in file.find(_DISTRIBUTION):
            yield at(found, "distribution is by short names, or off")
    for file in project.of(*_FLAGS):
        for found in file.find(_NAME_FLAG):
            yield at(found, f"{found.code} stands in a file of flags")


def _cookie(project: Project) -> Iterator[Fault]:
    for file in project.of(*_FLAGS, Kind.ENV):
        for found in file.find(_COOKIE_FLAG):
            yield at(found, "the cookie is in a file of the image")
    for file in project.of(*_SCRIPTS, Kind.DOCKERFILE):
        for found in file.find(_COOKIE):
            yield at(found, "the cookie is in a file of the image")
        if file.path.endswith("/COOKIE"):
            yield overall(file, "the cookie is in a file of the image")
    for releases in (
        *project.mix.whole.keywords("releases"),
        *project.mix.after(r"\bdefp?\s+releases\s+do\b"),
    ):
        for cookie in releases.keywords("cookie"):
            yield at(cookie, "the cookie is in mix.exs")


RULES: Final = (
    Rule(
        name="node-name",
        why="nodes are looked for by the address of their task, and each command has to come to "
        "the same name, or a console finds nobody",
        fix="take rel/env.sh.eex from release/phoenix: name of the release, @, address of the task",
        check=_named,
    ),
    Rule(
        name="node-name-random",
        why="env.sh is read by each command anew: rpc and remote look for a node of another name, "
        "and end with :nodedown",
        fix="make the name of the release and the address of the task, and of nothing else",
        check=_random,
    ),
    Rule(
        name="node-name-short",
        why="short names cannot join across hosts; and flags that name a node contradict "
        "RELEASE_NODE, which each command goes by",
        fix="RELEASE_DISTRIBUTION=name and RELEASE_NODE in rel/env.sh.eex, and neither in vm.args",
        check=_short,
    ),
    Rule(
        name="cookie-in-image",
        why="whoever has the image, or the repository, can run code on every node",
        fix="remove it: RELEASE_COOKIE comes from SSM with the task's other secrets",
        check=_cookie,
    ),
)
