"""`perpetual sandbox ...`: options in, a running copy of the stack on this machine out."""

import gc
import json
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from perpetual.errors import OperatorError
from perpetual.output import show, write

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line
    from perpetual.sandbox.runtime.files import Files, State
    from perpetual.sandbox.steps import Ready

NOT_RUNNING: Final = 1
"""Exit code of `status` where there is no sandbox."""

app = typer.Typer(
    no_args_is_help=True, help="A running copy of the stack on this machine, with AWS emulated."
)

_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


class Fault(StrEnum):
    """What can be made to fail."""

    TASK = "task"
    HOST = "host"
    DATABASE = "database"
    DISK = "disk"
    HEALTH = "health"
    REGISTRY = "registry"


@app.command()
def up(  # noqa: PLR0913 - one parameter per option
    *,
    stack: Annotated[
        str | None, typer.Option(envvar="PERPETUAL_STACK", help="Stack to run; dev by default.")
    ] = None,
    config: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Set a configuration value, as a path; repeatable."),
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="Image that Docker has here; built without it.")
    ] = None,
    argument: Annotated[
        list[str] | None,
        typer.Option("--build-arg", metavar="NAME=VALUE", help="Build argument; repeatable."),
    ] = None,
    engine: Annotated[
        bool,
        typer.Option("--engine", help="Leave the resources to Pulumi's engine; see `provider`."),
    ] = False,
    port: Annotated[int, typer.Option(help="AWS's API, on loopback; 0 is any.")] = 4566,
    http_port: Annotated[int, typer.Option(help="Plain HTTP, on loopback; 0 is any.")] = 8080,
    https_port: Annotated[int, typer.Option(help="HTTPS, on loopback; 0 is any.")] = 8443,
) -> int:
    """Start a sandbox, create the stack in it, and release; again, it does what is missing.

    Its state lives as long as its process: `down`, or a restart of the machine, ends both.
    """
    _needed()
    from perpetual.sandbox import process, steps  # noqa: PLC0415 - only this command needs it
    from perpetual.sandbox.process import Ports  # noqa: PLC0415 - as above

    # From here on there is one AWS, whatever AWS_PROFILE and the like say.
    for name in os.environ.keys() - process.without_aws(os.environ).keys():
        del os.environ[name]

    options = steps.Options(
        folder=Path.cwd(),
        stack=stack or "dev",
        overrides=tuple(config or ()),
        image=image,
        arguments=dict(_pair(item) for item in argument or ()),
        ports=Ports(api=port, http=http_port, https=https_port),
        engine=engine,
    )
    show(_ready(steps.up(options, _say)))
    # The SDK leaves a million objects, through which Python would go once more as it ends: for
    # seconds, while somebody waits for the prompt.
    gc.freeze()
    return 0


@app.command()
def down() -> int:
    """End the sandbox and remove all of it: containers, network, volumes, files."""
    _needed()
    from perpetual.sandbox import process  # noqa: PLC0415 - as above
    from perpetual.sandbox.runtime import docker_api  # noqa: PLC0415 - as above
    from perpetual.sandbox.runtime.labels import Labels  # noqa: PLC0415 - as above

    files = _files()
    there = process.end(files)
    places = filter(None, (files.folder, files.moved_from()))
    client = docker_api.connect()
    left = [name for one in places for name in docker_api.sweep(client, Labels.at(one))]
    files.remove()
    show([(("", "removed" if there or left else "there was no sandbox"),)])
    return 0


@app.command()
def status(*, as_json: _Json = False) -> int:
    """Tell what runs: parts, hosts, tasks. Exit code: 0 if the sandbox runs, 1 if not."""
    _needed()
    from perpetual.sandbox import process  # noqa: PLC0415 - as above

    files = _files()
    state = files.read()
    if state is None:
        none = _none(files)
        if as_json:
            write(json.dumps({"running": False}))
        else:
            show([(("", f"{none.message}; {none.hint}"),)])
        return NOT_RUNNING
    found = process.ask(state, "status")
    if as_json:
        write(json.dumps({"running": True, **_where(state), **found}, indent=2))
    else:
        show(_status(state, found))
    return 0


@app.command()
def fail(
    fault: Annotated[Fault, typer.Argument(help="What fails.")],
    *,
    undo: Annotated[
        bool, typer.Option("--undo", help="Let it work again: database, health, registry.")
    ] = False,
) -> int:
    """Let something fail on purpose: kill a task or host, fill a disk, silence the database.

    A fault of task, host or disk heals by itself, which is what there is to see.
    """
    _needed()
    from perpetual.sandbox import process  # noqa: PLC0415 - as above

    said = process.ask(_running(_files()), "fail", fault=fault.value, undo=undo)
    show([(("", str(said["says"])),)])
    return 0


@app.command()
def provider() -> int:
    """Print the line that lets Pulumi's own engine make the resources here.

    Started with `up --engine`: `eval "$(perpetual sandbox provider)"`, `pulumi up`, and then
    `up --engine` again for database, secrets and release.
    """
    _needed()
    from perpetual.sandbox import process  # noqa: PLC0415 - as above
    from perpetual.sandbox.fronts import attached  # noqa: PLC0415 - as above

    write(attached.line(process.ask(_running(_files()), "providers")))
    return 0


def _needed() -> None:
    """Refuse to go on without the packages that only the sandbox needs."""
    try:
        import docker  # type: ignore[import-untyped]  # noqa: F401, PLC0415 - only the sandbox needs them
        import moto.moto_server.werkzeug_app  # noqa: F401, PLC0415 - as above
    except ImportError as error:
        raise OperatorError(
            f"the sandbox needs a package that is not installed: {error.name}",
            hint="`make sandbox` installs it, or `uv pip install --group sandbox`.",
        ) from error


def _files() -> "Files":
    from perpetual.offline import project  # noqa: PLC0415 - as above
    from perpetual.sandbox.runtime.files import Files  # noqa: PLC0415 - as above

    return Files.of(project.find_root(Path.cwd().resolve()))


def _running(files: "Files") -> "State":
    state = files.read()
    if state is None:
        raise _none(files)
    return state


def _none(files: "Files") -> OperatorError:
    """Return what to say where no sandbox says where it is."""
    if files.holder():
        way = f"`perpetual sandbox up` waits for it, `down` ends it; its log is {files.log}"
        return OperatorError("a sandbox starts, or ends", hint=way)
    return OperatorError("there is no sandbox", hint="`perpetual sandbox up` starts one")


def _say(step: str, seconds: float) -> None:
    sys.stderr.write(f"{step:28} {seconds:6.1f} s\n")


def _where(state: "State") -> dict[str, Any]:
    return {
        "stack": state.stack,
        "url": f"https://localhost:{state.https}",
        "authority": state.ca_file,
        "endpoint": state.endpoint,
        "account": state.account,
        "region": state.region,
    }


def _ready(ready: "Ready") -> "list[Line]":
    from perpetual.sandbox.steps import variables  # noqa: PLC0415 - as above

    state = ready.state
    lines: list[Line] = [
        (("bold", f"https://localhost:{state.https}"),),
        (("", f"authority   {state.ca_file}"),),
        (("", f"stack       {state.stack}, account {state.account}, {state.region}"),),
        (("", "stop        perpetual sandbox down; its state ends with it"),),
        (("", "as AWS"),),
    ]
    if not ready.whole:
        lines[0] = (("bold", "AWS is here, and empty: `pulumi up` it, then run this again"),)
    exports = [f"  export {name}={value}" for name, value in variables(state).items()]
    return [*lines, *((("", line),) for line in exports)]


def _status(state: "State", found: Mapping[str, Any]) -> "list[Line]":
    return [
        (("bold", f"https://localhost:{state.https}"), ("", f"   stack {state.stack}")),
        (("", f"AWS         {state.endpoint}"),),
        *(
            (("", f"{one['part']:11} {one['state']}   "), ("dim", one["image"]))
            for one in found["containers"]
        ),
        *(_host(one) for one in found["hosts"]),
        *(_task(one) for one in found["tasks"]),
    ]


def _host(one: Mapping[str, Any]) -> "Line":
    where = f"{one['instance']} {one['zone']}"
    return (("", f"host        {where} {one['state']}, {one['tasks']} tasks"),)


def _task(one: Mapping[str, Any]) -> "Line":
    health = f", {one['health']}" if one["health"] else ""
    return (
        ("", f"task        {one['id'][:12]} {one['state']}{health}"),
        ("dim", f"   {one['group']} on {one['host']} {one['address']}"),
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise OperatorError(f"--build-arg {text!r} is no NAME=VALUE")
    return name, value
