"""`perpetual db ...`: options and variables in, differences out."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual.errors import OperatorError
from perpetual.output import show, write

if TYPE_CHECKING:
    from perpetual.database.model import Difference, Server, Wanted

DIFFERENT: Final = 1
"""Exit code of a plan with differences."""

FORM: Final = 1
"""Version of the JSON; a field may be added without another one."""

PASSWORDS: Final = {
    "user": "PGPASSWORD",
    "migrator": "MIGRATOR_PASSWORD",
    "rw": "RW_PASSWORD",
}
"""Variables that hold passwords: options would show them to everybody on the machine."""

app = typer.Typer(no_args_is_help=True, help="The database's making, its roles and their rights.")

# The variables are libpq's own, so that what psql reaches is reached here.
_Host = Annotated[
    str, typer.Option(envvar="PGHOST", help="Host, by the name that its certificate is for.")
]
_CaFile = Annotated[
    Path,
    typer.Option(
        "--ca-file",
        envvar="PGSSLROOTCERT",
        help="Authorities that may have signed the certificate.",
    ),
]
_Port = Annotated[int, typer.Option(envvar="PGPORT", min=1, max=65535, help="Port.")]
_User = Annotated[str, typer.Option(envvar="PGUSER", help="The server's master user.")]
_Database = Annotated[
    str, typer.Option("--database", envvar="PGDATABASE", help="The application's database.")
]
_Locale = Annotated[
    str | None,
    typer.Option(
        metavar="'PROVIDER NAME'",
        help="The database's locale; 'builtin C.UTF-8' by default, before Postgres 17 libc's.",
    ),
]
_Leave = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE", help="A role whose rights and objects are left as they are; repeatable."
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def plan(  # noqa: PLR0913 - one parameter per option
    *,
    host: _Host,
    ca_file: _CaFile,
    port: _Port = 5432,
    user: _User = "postgres",
    name: _Database = "app",
    locale: _Locale = None,
    leave: _Leave = None,
    as_json: _Json = False,
) -> int:
    """Show what differs from what should be; nothing is changed.

    Passwords are read from PGPASSWORD, MIGRATOR_PASSWORD and RW_PASSWORD. Through a tunnel,
    PGHOSTADDR is its address, and --host remains the server's name. Exit code: 0 without
    differences, 1 with some, 2 if it could not run.
    """
    from perpetual.database import execute  # noqa: PLC0415 - loads psycopg, for these commands alone

    server, wanted = _given(host, ca_file, port, user), _wanted(name, locale, leave)
    found = execute.plan(server, wanted)
    _report(found, wanted, "nothing differs", as_json=as_json)
    return DIFFERENT if found else 0


@app.command()
def apply(  # noqa: PLR0913 - one parameter per option
    *,
    host: _Host,
    ca_file: _CaFile,
    port: _Port = 5432,
    user: _User = "postgres",
    name: _Database = "app",
    locale: _Locale = None,
    leave: _Leave = None,
    as_json: _Json = False,
) -> int:
    """Make database, roles and rights what they should be; again, when all is, changes nothing.

    Passwords are read as by `plan`, and replace the ones before; sessions go on. Run it again
    after the first migration: only then is there a table of versions to take rights away from.
    """
    from perpetual.database import execute  # noqa: PLC0415 - as above

    server, wanted = _given(host, ca_file, port, user), _wanted(name, locale, leave)
    done = execute.apply(server, wanted, _say)
    _report(done, wanted, "nothing to change", as_json=as_json)
    return 0


def _given(host: str, ca_file: Path, port: int, user: str) -> "Server":
    from perpetual.database.model import Server  # noqa: PLC0415 - as above

    password = _passwords()["user"]
    return Server(host=host, port=port, user=user, password=password, ca_file=ca_file)


def _wanted(name: str, locale: str | None, leave: list[str] | None) -> "Wanted":
    from perpetual.database.model import Wanted  # noqa: PLC0415 - as above

    held = _passwords()
    return Wanted(
        database=name,
        migrator_password=held["migrator"],
        rw_password=held["rw"],
        locale=locale,
        leave=frozenset(leave or ()),
    )


def _passwords() -> dict[str, str]:
    held = {role: os.environ.get(variable, "") for role, variable in PASSWORDS.items()}
    missing = [PASSWORDS[role] for role, password in held.items() if not password]
    if missing:
        raise OperatorError(
            f"no password in {', '.join(missing)}",
            hint="Set the variables for this command; options would show them to everybody here.",
        )
    for role, password in held.items():
        try:
            password.encode()
        except UnicodeEncodeError:
            message = f"the password in {PASSWORDS[role]} is not UTF-8"
            raise OperatorError(message, hint="Make one of letters and digits.") from None
    return held


def _report(found: "list[Difference]", wanted: "Wanted", nothing: str, *, as_json: bool) -> None:
    if as_json:
        # Without the statements: those about passwords hold what Postgres stores of them.
        said = [
            {
                "scope": one.scope,
                "kind": one.kind,
                "subject": one.subject,
                "says": one.says,
                "hint": one.hint,
                "repairable": bool(one.statements),
            }
            for one in found
        ]
        document = {"version": FORM, "database": wanted.database, "differences": said}
        write(json.dumps(document, indent=2))
    elif found:
        show([(("", one.says), ("dim", f"   {one.hint}" if one.hint else "")) for one in found])
    else:
        show([(("green", nothing),)])


def _say(text: str) -> None:
    sys.stderr.write(f"perpetual: {text}\n")
    sys.stderr.flush()
