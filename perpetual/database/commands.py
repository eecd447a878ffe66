"""`perpetual db ...`: options and variables in, differences out."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual.errors import OperatorError
from perpetual.output import show, write

if TYPE_CHECKING:
    from perpetual.database.model import Difference, Server, Wanted

DIFFERENT: Final = 1
"""Exit code of a plan with differences."""

PASSWORDS: Final = {
    "user": "PGPASSWORD",
    "migrator": "MIGRATOR_PASSWORD",
    "rw": "RW_PASSWORD",
}
"""Variables that hold passwords: options would show them to everybody on the machine."""

app = typer.Typer(no_args_is_help=True, help="The database's making, its roles and their rights.")

_Host = Annotated[str, typer.Option(help="Host, by the name that its certificate is for.")]
_CaFile = Annotated[
    Path, typer.Option("--ca-file", help="Authorities that may have signed the certificate.")
]
_Port = Annotated[int, typer.Option(help="Port.")]
_User = Annotated[str, typer.Option(help="The server's master user.")]
_Database = Annotated[str, typer.Option("--database", help="The application's database.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def plan(  # noqa: PLR0913 - one parameter per option
    *,
    host: _Host,
    ca_file: _CaFile,
    port: _Port = 5432,
    user: _User = "postgres",
    name: _Database = "app",
    as_json: _Json = False,
) -> int:
    """Show what differs from what should be; nothing is changed.

    Passwords are read from PGPASSWORD, MIGRATOR_PASSWORD and RW_PASSWORD. Exit code: 0 without
    differences, 1 with some, 2 if it could not run.
    """
    from perpetual.database import execute  # noqa: PLC0415 - loads psycopg, for these commands alone

    server, wanted = _given(host, ca_file, port, user, name)
    found = execute.plan(server, wanted)
    _report(found, "nothing differs", as_json=as_json)
    return DIFFERENT if found else 0


@app.command()
def apply(  # noqa: PLR0913 - one parameter per option
    *,
    host: _Host,
    ca_file: _CaFile,
    port: _Port = 5432,
    user: _User = "postgres",
    name: _Database = "app",
    as_json: _Json = False,
) -> int:
    """Make database, roles and rights what they should be; again, when all is, changes nothing.

    Passwords are read as by `plan`. Other ones than before take the place of those before.
    """
    from perpetual.database import execute  # noqa: PLC0415 - as above

    server, wanted = _given(host, ca_file, port, user, name)
    _report(execute.apply(server, wanted), "nothing to change", as_json=as_json)
    return 0


def _given(host: str, ca_file: Path, port: int, user: str, name: str) -> "tuple[Server, Wanted]":
    from perpetual.database.model import Server, Wanted  # noqa: PLC0415 - as above

    missing = [variable for variable in PASSWORDS.values() if not os.environ.get(variable)]
    if missing:
        raise OperatorError(
            f"no password in {', '.join(missing)}",
            hint="Set the variables for this command; options would show them to everybody here.",
        )
    held = {role: os.environ[variable] for role, variable in PASSWORDS.items()}
    return (
        Server(host=host, port=port, user=user, password=held["user"], ca_file=ca_file),
        Wanted(database=name, migrator_password=held["migrator"], rw_password=held["rw"]),
    )


def _report(found: "list[Difference]", nothing: str, *, as_json: bool) -> None:
    if as_json:
        # Without the statements: those about passwords hold what Postgres stores of them.
        said = [{"scope": one.scope, "says": one.says, "hint": one.hint} for one in found]
        write(json.dumps({"differences": said}, indent=2))
    elif found:
        show([(("", one.says), ("dim", f"   {one.hint}" if one.hint else "")) for one in found])
    else:
        show([(("green", nothing),)])
