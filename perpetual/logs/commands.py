"""`perpetual logs ...`: options in, lines out."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual.aws import options

if TYPE_CHECKING:
    from datetime import datetime

app = typer.Typer(
    no_args_is_help=True, help="What happened: the platform's events, the app's lines."
)

_Since = Annotated[
    str,
    typer.Option(metavar="TIME", help="From when on: 15m, 1h30m, 2d, or 2026-11-29T10:00 (UTC)."),
]
_Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with what comes, until interrupted.")
]
_PLATFORM_SINCE: Final = "1h"
_APP_SINCE: Final = "10m"


@app.command()
def platform(  # noqa: PLR0913 - one parameter per option
    stack: options.Stack,
    *,
    region: options.Region = None,
    profile: options.Profile = None,
    since: _Since = _PLATFORM_SINCE,
    follow: _Follow = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each entry.")] = False,
) -> int:
    """Show what happened around the release: deployments, tasks, hosts, alarms, database.

    Exit code: 0, 1 if a source could not be read, 2 if it could not run; interrupted, 128 and the
    signal's number.
    """
    from perpetual.aws import published  # noqa: PLC0415 - only this command needs any of these
    from perpetual.aws.session import Clients  # noqa: PLC0415 - as above
    from perpetual.logs import platform as showing  # noqa: PLC0415 - as above

    now, begin = _moments(since)
    clients = Clients(region=region, profile=profile)
    contract = published.read(clients, stack)
    given = showing.Options(since=begin, as_json=as_json)
    if follow:
        return showing.follow(clients, contract, given, _say)
    return showing.history(clients, contract, given, _say, now)


@app.command(name="app")
def release(  # noqa: PLR0913 - one parameter per option
    stack: options.Stack,
    *,
    region: options.Region = None,
    profile: options.Profile = None,
    since: _Since = _APP_SINCE,
    follow: _Follow = False,
    pattern: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="PATTERN", help="Only lines that match, in CloudWatch's syntax."
        ),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="Only lines of one task, by the beginning of its id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each line.")] = False,
) -> int:
    """Show what the release's tasks write, all of them by time.

    Exit code: 0, 2 if it could not run; interrupted, 128 and the signal's number.
    """
    from perpetual.aws import published  # noqa: PLC0415 - only this command needs any of these
    from perpetual.aws.session import Clients  # noqa: PLC0415 - as above
    from perpetual.logs import release as showing  # noqa: PLC0415 - as above
    from perpetual.logs import requests  # noqa: PLC0415 - as above
    from perpetual.logs.since import milliseconds  # noqa: PLC0415 - as above

    _, begin = _moments(since)
    clients = Clients(region=region, profile=profile)
    contract = published.read(clients, stack)
    given = showing.Options(
        source=requests.source(contract, task=task, pattern=pattern),
        since=milliseconds(begin),
        as_json=as_json,
    )
    if follow:
        return showing.follow(clients, given, _say)
    return showing.history(clients, given, _say)


def _moments(since: str) -> "tuple[datetime, datetime]":
    """Return now, and when to begin."""
    from datetime import UTC, datetime  # noqa: PLC0415 - as above

    from perpetual.logs.since import parse  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    return now, parse(since, now)


def _say(text: str) -> None:
    sys.stderr.write(f"perpetual: {text}\n")
