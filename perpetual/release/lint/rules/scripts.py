"""Rules on the scripts of a release, and on files that cannot be read at all."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release.lint.files import File, Kind
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, at, overall

_BASH: Final = re.compile(
    r"\[\[(?=\s)|(?m:^)[ \t]*(?:source|function|declare)(?=[ \t])|<<<|\$'|\bpipefail\b"
    r"|\$\{\w+(?:\^\^|,,|//?[^}]*/)|(?<!\[)\[[ \t][^\]\n]*[ \t]==(?=[ \t])"
)
_QUOTED: Final = re.compile(r"'[^'\n]*'")
_CALL: Final = re.compile(r"\b(?:eval|rpc)\s+[\"']?([A-Z][\w.]*)\.([a-z_]\w*[!?]?)")
_RELEASE: Final = re.compile(r"/(\w+)[\"']?\s+(?:eval|rpc|start|start_iex|daemon|remote|stop)\b")
_NEEDED: Final = ("server", "migrate")


def _read(project: Project) -> Iterator[Fault]:
    for file in project.files:
        if file.fault:
            yield overall(file, f"the file {file.fault}")


def _shell(project: Project) -> Iterator[Fault]:
    for file in project.of(Kind.ENV, Kind.OVERLAY):
        if file.syntax:
            line, said = file.syntax
            yield Fault(file, line, f"the shell refuses the script: {said}")
        if "\r\n" in file.text and _is_script(file):
            yield Fault(file, file.line(file.text.index("\r\n")), "lines end with CR")
        if file.kind is Kind.ENV or re.match(r"#!\s*/bin/sh\b", file.text):
            plain = _QUOTED.sub(lambda quoted: f"'{' ' * (len(quoted[0]) - 2)}'", file.code)
            for found in _BASH.finditer(plain):
                what = f"`{found[0].strip()}` is bash, and this is read by sh"
                yield Fault(file, file.line(found.start()), what)


def _is_script(file: File) -> bool:
    return file.kind is Kind.ENV or file.text.startswith("#!")


def _overlays(project: Project) -> Iterator[Fault]:
    scripts = [file for file in project.of(Kind.OVERLAY) if "/overlays/bin/" in f"/{file.path}"]
    names = {file.path.rpartition("/")[2] for file in scripts}
    for name in _NEEDED:
        if name not in names and project.phoenix and (name != "migrate" or project.postgres):
            yield at(project.anchor, f"there is no rel/overlays/bin/{name}")
    for file in scripts:
        if _is_script(file) and not file.executable:
            yield overall(file, "the script is not executable")
        for release in _RELEASE.finditer(file.code):
            if release[1] not in project.releases:
                own = " or ".join(project.releases)
                line = file.line(release.start())
                yield Fault(file, line, f"no release is called {release[1]}; it is {own}")
        for call in _CALL.finditer(file.code):
            what = _missing(project, call[1], call[2])
            if what:
                yield Fault(file, file.line(call.start()), what)


def _missing(project: Project, module: str, function: str) -> str:
    """Return what is not there of a function that a script calls, if it is the project's own."""
    if module.partition(".")[0] not in project.namespaces:
        return ""
    source = project.modules.get(module)
    if source is None:
        return f"no source defines {module}"
    if not re.search(rf"\bdef\s+{re.escape(function)}(?![\w?!])", source.code):
        return f"{module} has no function {function}"
    return ""


RULES: Final = (
    Rule(
        name="unreadable",
        why="what cannot be read cannot be judged, and counts as a breach until it can",
        fix="make it a regular file of UTF-8 text, or remove it",
        check=_read,
    ),
    Rule(
        name="shell-syntax",
        why="env.sh is read by each command of the release, in Debian's sh: a mistake in it stops "
        "all of them, the server among them",
        fix="write POSIX sh, and try it: sh -n",
        check=_shell,
    ),
    Rule(
        name="release-scripts",
        why="the image starts by bin/server, and a deployment migrates by bin/migrate",
        fix="take rel/overlays/bin from release/phoenix, executable, with this project's names",
        check=_overlays,
    ),
)
