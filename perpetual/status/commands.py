"""`perpetual status`: options in, one screen out."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual.aws import options
from perpetual.output import show, write

if TYPE_CHECKING:
    from perpetual.status.model import Health

UNHEALTHY: Final = 1
"""Exit code of a stack that is not healthy, or of which that cannot be said."""


def status(
    stack: options.Stack,
    *,
    region: options.Region = None,
    profile: options.Profile = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every few seconds, until interrupted.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON; with --watch, a line each time.")
    ] = False,
) -> int:
    """Show how a stack is: release, tasks, hosts, database, certificate, alarms.

    Exit code: 0 if it is healthy, 1 if it is not or if that cannot be told, 2 if it could not run.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - only this command needs any of these

    from perpetual.aws import published  # noqa: PLC0415 - as above
    from perpetual.aws.session import Clients  # noqa: PLC0415 - as above
    from perpetual.status import health, read  # noqa: PLC0415 - as above
    from perpetual.status import watch as watching  # noqa: PLC0415 - as above
    from perpetual.status.model import Verdict  # noqa: PLC0415 - as above

    clients = Clients(region=region, profile=profile)
    contract = published.read(clients, stack)

    def look() -> "Health":
        return health.health(read.snapshot(clients, contract, datetime.now(UTC)))

    if watch:
        return watching.watch(look, watching.Screen.chosen(as_json=as_json))
    found = look()
    _print(found, as_json=as_json)
    return 0 if found.verdict is Verdict.HEALTHY else UNHEALTHY


def _print(found: "Health", *, as_json: bool) -> None:
    from perpetual.status import document, screen  # noqa: PLC0415 - as above

    if as_json:
        write(document.render(found))
    else:
        show(screen.to_lines(found))
