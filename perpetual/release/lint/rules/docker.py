"""Rules on the Dockerfile: layers that stay, a signal that arrives, a user that is not root."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from perpetual.release.lint.dockerfile import Instruction, Stage
from perpetual.release.lint.files import File, Kind
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, Severity, at

_DEPENDENCIES: Final = re.compile(r"\bmix\s+(?:do\s+[^&;|]*)?deps\.(?:get|compile)\b")
_BUILT: Final = re.compile(r"\bdeps\.compile\b")
_FETCHED: Final = re.compile(r"\bdeps\.get\b")
_COMPILED: Final = re.compile(r"\bmix\s+(?:do\s+)?(?:compile|release|assets\.\w+)\b")
_CODE: Final = re.compile(
    r"(?:\./)?(?:(?:lib|priv|assets?|asset\[s\]|web|src|native|rel)(?:/.*)?|config/runtime\.exs"
    r"|apps/?|apps/[^/]+/(?!mix\.exs\Z).*)\Z|\.?/?\Z"
)
_LATE: Final = re.compile(
    r"(?:\./)?(?:(?:rel|config)/?|config/(?:runtime\.exs|\*.*)|rel/.*)\Z|\.?/?\Z"
)
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_SIGNALS: Final = frozenset({"SIGTERM", "TERM", "15"})
_ROOT: Final = re.compile(r"(?:root|0)(?::.*)?\Z")
_EMULATED: Final = re.compile(r"\+JPperf|\+JMsingle")


def _present(project: Project) -> Iterator[Fault]:
    if not project.docker:
        yield at(project.anchor, "there is no Dockerfile")


def _layers(project: Project) -> Iterator[Fault]:
    # It may be a stage of its own.
    built = any(_first(stage.instructions, _BUILT) is not None for _, stage in _stages(project))
    for file, stage in _stages(project):
        steps = stage.instructions
        fetched = _first(steps, _DEPENDENCIES)
        compiled = _first(steps, _COMPILED)
        for index, item in enumerate(steps):
            for source in _copied(item):
                if fetched is not None and index < fetched and _CODE.match(source):
                    yield Fault(
                        file, item.line, f"{source} is copied before the dependencies are fetched"
                    )
                elif compiled is not None and index < compiled and _LATE.match(source):
                    yield Fault(file, item.line, f"{source} is copied before the code is compiled")
        if fetched is not None and not built:
            yield Fault(file, steps[fetched].line, "the dependencies are compiled with the code")


def _command(project: Project) -> Iterator[Fault]:
    if not project.docker or not project.docker[1].stages:
        return
    file, docker = project.docker
    given = {item.keyword: item for item in docker.final if item.keyword in {"CMD", "ENTRYPOINT"}}
    for item in given.values():
        what = _wrapped(item)
        if what:
            yield Fault(file, item.line, what)
    if not given:
        start = docker.stages[-1].instructions[0]
        yield Fault(file, start.line, "the image has no command")


def _wrapped(item: Instruction) -> str:
    """Return what stands between the signal and the release, if anything does."""
    words = item.exec_form
    if words is None:
        return f"{item.keyword} is in the shell's form"
    shell = len(words) > 2 and words[0].rpartition("/")[2] in _SHELLS and words[1].startswith("-")  # noqa: PLR2004 - sh -c script
    if shell and not re.search(r"(?:^|[;&|])\s*(?:\w+=\S*\s+)*exec\s+[^;&|]*\Z", words[2]):
        return f"{item.keyword} starts a shell that does not give way by exec"
    return ""


def _signal(project: Project) -> Iterator[Fault]:
    if project.docker:
        file, docker = project.docker
        for item in docker.final:
            if item.keyword == "STOPSIGNAL" and item.value.upper() not in _SIGNALS:
                yield Fault(file, item.line, f"the container is stopped by {item.value}")


def _user(project: Project) -> Iterator[Fault]:
    if not project.docker or not project.docker[1].stages:
        return
    file, docker = project.docker
    users = [item for item in docker.final if item.keyword == "USER"]
    if not users:
        start = docker.stages[-1].instructions[0]
        yield Fault(file, start.line, "the image names no user, and so runs as root")
    elif _ROOT.match(users[-1].value):
        yield Fault(file, users[-1].line, "the image runs as root")


def _locked(project: Project) -> Iterator[Fault]:
    if not project.dependencies:
        return
    if not any(file.path == "mix.lock" for file in project.of(Kind.LOCK)):
        yield at(project.anchor, "there is no mix.lock")
    for file in project.of(Kind.IGNORE):
        line = _ignored(file)
        if line is not None:
            yield Fault(file, line, "mix.lock does not reach the build")
    for file, stage in _stages(project):
        fetched = _first(stage.instructions, _FETCHED)
        if fetched is None:
            continue
        copied = [
            "*" if source in {".", "./"} else source
            for item in stage.instructions[:fetched]
            for source in _copied(item)
        ]
        if not any(fnmatchcase("mix.lock", source.removeprefix("./")) for source in copied):
            run = stage.instructions[fetched]
            yield Fault(file, run.line, "dependencies are fetched before mix.lock is there")


def _ignored(file: File) -> int | None:
    """Return the line that keeps the lock out of the context; of several, the last one counts."""
    found = None
    for number, line in enumerate(file.text.split("\n"), start=1):
        pattern = line.strip().removeprefix("!").lstrip("/")
        if fnmatchcase("mix.lock", pattern):
            found = None if line.strip().startswith("!") else number
    return found


def _emulated(project: Project) -> Iterator[Fault]:
    for file, stage in _stages(project):
        for item in stage.instructions:
            if item.keyword in {"ENV", "ARG", "RUN"} and _EMULATED.search(item.value):
                yield Fault(file, item.line, "a flag makes the VM bear emulation")


def _stages(project: Project) -> Iterator[tuple[File, Stage]]:
    if project.docker:
        file, docker = project.docker
        for stage in docker.stages:
            yield file, stage


def _first(steps: tuple[Instruction, ...], pattern: re.Pattern[str]) -> int | None:
    """Return which instruction runs a command first."""
    runs = (
        n for n, item in enumerate(steps) if item.keyword == "RUN" and pattern.search(item.value)
    )
    return next(runs, None)


def _copied(item: Instruction) -> tuple[str, ...]:
    """Return what an instruction copies from the context."""
    if item.keyword not in {"COPY", "ADD"} or "from" in item.flags:
        return ()
    return tuple(word for word in item.words[:-1] if "://" not in word)


RULES: Final = (
    Rule(
        name="docker-missing",
        why="the image is built from it",
        fix="take Dockerfile and .dockerignore from release/phoenix",
        check=_present,
    ),
    Rule(
        name="docker-layers",
        why="a layer is built anew when what it copies changes: a line of code would compile all "
        "dependencies, and a setting all of the code, on each deployment",
        fix="copy mix.exs, mix.lock, config.exs and prod.exs, fetch and compile the dependencies; "
        "then lib and priv, and compile; then config/runtime.exs and rel, and release",
        check=_layers,
    ),
    Rule(
        name="docker-command",
        why="a shell does not pass SIGTERM on: nothing drains, and the task is killed when "
        "stopTimeout is over",
        fix='CMD ["/app/bin/server"], whose script gives way by exec',
        check=_command,
    ),
    Rule(
        name="docker-stop-signal",
        why="the VM stops in order on SIGTERM alone; on others it ends at once, or not at all",
        fix="remove STOPSIGNAL: SIGTERM is what there is without it",
        check=_signal,
    ),
    Rule(
        name="docker-user",
        why="whoever breaks into the release could change it, and has root's rights in the kernel",
        fix="USER 65534:65534 in the last stage; nothing in the image has to belong to it",
        check=_user,
    ),
    Rule(
        name="docker-lock",
        why="without the lock each build takes the newest dependencies: the image is not what was "
        "tested",
        fix="commit mix.lock, and copy it before `mix deps.get --only prod`",
        check=_locked,
    ),
    Rule(
        name="docker-emulation",
        severity=Severity.ADVICE,
        why="from OTP 28 on the VM does not start under emulation whatever the flags, and in the "
        "image they slow it down",
        fix="build on the architecture that the stack runs on, and remove the flag",
        check=_emulated,
    ),
)
