"""`perpetual release ...`: options in, plain functions, lines or JSON out."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual.errors import OperatorError
from perpetual.output import show, write
from perpetual.release.interruption import interruptible
from perpetual.shutdown import DEFAULT

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line
    from perpetual.release.build import Built
    from perpetual.release.receipt import Receipt, Result

FAILED: Final = 1
"""Exit code of a check that did not pass."""

_MIB: Final = 1_048_576

app = typer.Typer(no_args_is_help=True, help="The release image: built, run and checked locally.")

_Context = Annotated[Path, typer.Option(help="Folder of the application and its Dockerfile.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
_CONTEXT: Final = Path("release") / "example"
_Image = Annotated[str, typer.Argument(help="Image, such as release:0123456789ab.")]
_Name = Annotated[str, typer.Option(help="Name of the environment, where there are several.")]
_LOCAL: Final = "perpetual-local"
_Previous = Annotated[
    str | None, typer.Option(help="Image that runs now; its code has to bear the new schema.")
]
_Path = Annotated[
    list[str] | None,
    typer.Option(
        help="What to ask of the image that runs now, such as /products or "
        "'POST /orders?product=Mug'; repeatable."
    ),
]


@app.command()
def build(  # noqa: PLR0913 - one parameter per option
    *,
    context: _Context = _CONTEXT,
    dockerfile: Annotated[
        str, typer.Option(help="Dockerfile, relative to the context.")
    ] = "Dockerfile",
    name: Annotated[
        str, typer.Option(help="Name of the image; its tag is the revision.")
    ] = "release",
    argument: Annotated[
        list[str] | None,
        typer.Option("--build-arg", metavar="NAME=VALUE", help="Build argument; repeatable."),
    ] = None,
    platform: Annotated[str | None, typer.Option(help="Such as linux/arm64.")] = None,
    dirty: Annotated[
        bool, typer.Option("--dirty", help="Build what is not committed, too.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Build even what is there already.")
    ] = False,
    as_json: _Json = False,
) -> int:
    """Build the image of the context's revision; again, when nothing changed, is nothing."""
    from perpetual.release import build as building  # noqa: PLC0415 - only this command needs it

    options = building.Options(
        context=context,
        dockerfile=dockerfile,
        name=name,
        arguments=dict(_pair(item) for item in argument or ()),
        platform=platform,
        dirty=dirty,
        again=again,
    )
    built = building.build(options)
    if as_json:
        write(json.dumps(asdict(built), indent=2))
    else:
        show(_built(built))
    return 0


@app.command()
def up(
    image: _Image,
    *,
    name: _Name = _LOCAL,
    http_port: Annotated[int, typer.Option(help="Plain HTTP, on loopback.")] = 8080,
    https_port: Annotated[int, typer.Option(help="HTTPS, on loopback.")] = 8443,
    database_port: Annotated[int, typer.Option(help="Postgres, on loopback.")] = 5433,
) -> int:
    """Run an image as on ECS: two nodes, a database over TLS, a balancer.

    Again, with another image perhaps, it brings what runs up to date.
    """
    from perpetual.release import environment, temporary  # noqa: PLC0415 - as above
    from perpetual.release.ports import Ports  # noqa: PLC0415 - as above

    ports = Ports(http=http_port, https=https_port, database=database_port)
    running = environment.Environment(root=Path.cwd(), image=image, name=name, ports=ports)
    with temporary.alone(running):
        running.up()
    named = "" if name == _LOCAL else f" --name {name}"
    show(
        [
            (("bold", f"https://localhost:{https_port}"),),
            (("", f"authority   {running.ca_file}"),),
            (("", f"stop        perpetual release down{named}"),),
        ]
    )
    return 0


@app.command()
def down(
    *,
    name: _Name = _LOCAL,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Remove the database's rows and the keys, too.")
    ] = False,
) -> int:
    """Stop what `up` started; the database's rows stay."""
    from perpetual.release import environment, temporary  # noqa: PLC0415 - as above

    running = environment.Environment(root=Path.cwd(), image="none", name=name)
    with temporary.alone(running):
        running.down(volumes=volumes)
    return 0


@app.command()
def check(
    image: _Image,
    *,
    previous: _Previous = None,
    path: _Path = None,
    drain_seconds: Annotated[
        int, typer.Option(help="service.drainSeconds of the stack.")
    ] = DEFAULT.drain,
    as_json: _Json = False,
) -> int:
    """Run an image as on ECS, try what has to hold, and keep a receipt.

    Exit code: 0 if every check passed, 1 if one did not, 2 if it could not run.
    """
    from perpetual.release import check as checking  # noqa: PLC0415 - as above
    from perpetual.release import receipt  # noqa: PLC0415 - as above

    options = checking.Options(
        root=Path.cwd(),
        image=image,
        previous=previous,
        paths=tuple(path or ("/",)),
        drain_seconds=drain_seconds,
    )
    with interruptible():
        found = checking.check(options, checking.everything, _quiet if as_json else _say)
    file = receipt.write(options.root, found)
    return _judged(found, as_json=as_json, more=f"   receipt {file}")


@app.command()
def sanity(
    image: _Image,
    *,
    previous: _Previous = None,
    path: _Path = None,
    as_json: _Json = False,
) -> int:
    """Try an image's migrations and seeds: forth, back, forth again, and under old code.

    It is a part of `check`, and leaves no receipt.

    Exit code: 0 if every check passed, 1 if one did not, 2 if it could not run.
    """
    from perpetual.release import check as checking  # noqa: PLC0415 - as above

    options = checking.Options(
        root=Path.cwd(), image=image, previous=previous, paths=tuple(path or ("/",))
    )
    with interruptible():
        found = checking.check(options, checking.migrations, _quiet if as_json else _say)
    return _judged(found, as_json=as_json)


def _judged(found: "Receipt", *, as_json: bool, more: str = "") -> int:
    """Show the verdict on an image; return the exit code."""
    from perpetual.release.receipt import document  # noqa: PLC0415 - as above

    if as_json:
        write(document(found))
    else:
        verdict = "passed" if found.passed else "failed"
        show([(("bold", f"{verdict} in {found.seconds:g} s"), ("", more))])
    return 0 if found.passed else FAILED


def _say(result: "Result") -> None:
    show([_line(result)])


def _quiet(_: "Result") -> None:
    """Say nothing before the end."""


@app.command()
def lint(
    path: Annotated[Path, typer.Argument(help="Folder of a Phoenix project.")] = Path(),
    *,
    dockerfile: Annotated[
        str, typer.Option(help="Dockerfile, relative to the project.")
    ] = "Dockerfile",
    health: Annotated[str, typer.Option(help="Path that the balancer asks.")] = "/health",
    as_json: _Json = False,
) -> int:
    """Read a Phoenix project and say what of it fails or hurts on ECS, where, and what to do.

    Nothing of the project runs. `# perpetual: allow <rule> - <reason>`, on the line or above it,
    silences one finding. Exit code: 0 if there is none but advice, 1 if there are others, 2 if it
    could not run.
    """
    from perpetual.release.lint import report, run  # noqa: PLC0415 - as above

    found = run.lint(path, dockerfile=dockerfile, health=health)
    if as_json:
        write(report.to_json(found))
    else:
        show(report.to_lines(found))
    return 0 if found.clean else FAILED


def _line(result: "Result") -> "Line":
    mark, style = {True: ("ok", "green"), False: ("no", "red"), None: ("--", "dim")}[result.passed]
    return (
        (style, mark),
        ("", f"  {result.name}: {result.said}"),
        ("dim", f"  {result.seconds:.1f} s"),
    )


def _built(built: "Built") -> "list[Line]":
    lines: list[Line] = [
        (("bold", built.reference), ("", "" if built.fresh else "  nothing changed")),
        (("", f"id        {built.id}"),),
        (("", f"size      {built.size / _MIB:.1f} MiB"),),
    ]
    lines += [
        (("", f"  {layer.size / _MIB:8.1f} MiB  "), ("dim", layer.made_by[:80]))
        for layer in built.layers
    ]
    lines += [(("", f"{phase:9} {seconds:.2f} s"),) for phase, seconds in built.seconds.items()]
    return lines


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise OperatorError(f"--build-arg {text!r} is no NAME=VALUE")
    return name, value
