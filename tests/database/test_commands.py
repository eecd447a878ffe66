"""`perpetual db plan|apply`: options and variables in, differences out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from psycopg.sql import SQL
from typer.testing import CliRunner, Result

from perpetual.database import execute
from perpetual.database.commands import app
from perpetual.database.model import Difference, Kind, Scope, Server, Wanted
from perpetual.errors import OperatorError

PASSWORDS = {"PGPASSWORD": "p-master", "MIGRATOR_PASSWORD": "p-migrator", "RW_PASSWORD": "p-rw"}
GIVEN = ("--host", "db.example", "--ca-file", "ca.pem")

FOUND = [
    Difference(
        scope=Scope.SERVER,
        kind=Kind.PASSWORD,
        subject="role app_rw",
        says="the password of app_rw is not the wanted one",
        statements=(SQL("ALTER ROLE app_rw PASSWORD 'p-stored'").format(),),
    ),
    Difference(
        scope=Scope.DATABASE,
        kind=Kind.OWNER,
        subject="table public.x",
        says="table public.x belongs to rdsadmin",
        hint="Leave it.",
    ),
]

SCHEMA = {
    "type": "object",
    "required": ["version", "database", "differences"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": 1},
        "database": {"type": "string"},
        "differences": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["scope", "kind", "subject", "says", "hint", "repairable"],
                "additionalProperties": False,
                "properties": {
                    "scope": {"enum": ["server", "database"]},
                    "kind": {
                        "enum": [
                            "missing",
                            "attribute",
                            "password",
                            "membership",
                            "setting",
                            "shape",
                            "owner",
                            "grant",
                            "default",
                        ]
                    },
                    "subject": {"type": "string", "minLength": 1},
                    "says": {"type": "string", "minLength": 1},
                    "hint": {"type": "string"},
                    "repairable": {"type": "boolean"},
                },
            },
        },
    },
}
"""What other programs may rely on; a change needs another version."""

Invoke = Callable[..., Result]


@pytest.fixture
def calls() -> list[tuple[Server, Wanted]]:
    """Return what the command has asked for."""
    return []


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, calls: list[tuple[Server, Wanted]]) -> Invoke:
    """Return a function that runs the command, with a server that finds what it is told to."""

    def run(
        *arguments: str, found: list[Difference] | None = None, env: dict[str, str] | None = None
    ) -> Result:
        def execution(server: Server, wanted: Wanted, *_: Any) -> list[Difference]:
            calls.append((server, wanted))
            return found or []

        monkeypatch.setattr(execute, "plan", execution)
        monkeypatch.setattr(execute, "apply", execution)
        given = PASSWORDS if env is None else env
        none = dict.fromkeys(("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSSLROOTCERT"))
        return CliRunner().invoke(app, arguments, env={**none, **given}, standalone_mode=False)

    return run


@pytest.mark.parametrize(
    ("command", "code", "says"), [("plan", 0, "nothing differs"), ("apply", 0, "nothing to change")]
)
def test_nothing_is_said_as_such(invoke: Invoke, command: str, code: int, says: str) -> None:
    """On stdout, with exit code 0."""
    result = invoke(command, *GIVEN)
    assert (result.return_value, result.stdout) == (code, f"{says}\n")


@pytest.mark.parametrize(("command", "code"), [("plan", 1), ("apply", 0)])
def test_differences_are_lines(invoke: Invoke, command: str, code: int) -> None:
    """Each with its way out, if it takes one."""
    result = invoke(command, *GIVEN, found=FOUND)
    assert result.return_value == code
    assert result.stdout == (
        "the password of app_rw is not the wanted one\n"
        "table public.x belongs to rdsadmin   Leave it.\n"
    )


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("found", [[], FOUND], ids=["none", "some"])
def test_json_has_one_form(invoke: Invoke, command: str, found: list[Difference]) -> None:
    """The same for both, and valid against what is promised."""
    result = invoke(command, *GIVEN, "--json", found=found)
    said = json.loads(result.stdout)
    jsonschema.validate(said, SCHEMA)
    assert said["database"] == "app"
    assert [one["says"] for one in said["differences"]] == [one.says for one in found]
    assert [one["repairable"] for one in said["differences"]] == [True, False][: len(found)]


def test_every_kind_is_in_the_form() -> None:
    """Or the schema above would refuse what a plan may find."""
    kinds = SCHEMA["properties"]["differences"]["items"]["properties"]["kind"]["enum"]  # type: ignore[index]  # a nested literal
    assert kinds == list(Kind)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_secret_is_written(invoke: Invoke, form: list[str]) -> None:
    """Neither a password nor what Postgres stores of it."""
    result = invoke("plan", *GIVEN, *form, found=FOUND)
    assert "p-" not in result.output


def test_passwords_come_from_variables(invoke: Invoke, calls: list[tuple[Server, Wanted]]) -> None:
    """One for each who logs in."""
    invoke("plan", *GIVEN, "--database", "shop", "--user", "chief", "--port", "5433")
    ((server, wanted),) = calls
    assert server == Server(
        host="db.example",
        port=5433,
        user="chief",
        password="p-master",  # noqa: S106 - of nothing
        ca_file=Path("ca.pem"),
    )
    assert (wanted.database, wanted.migrator_password, wanted.rw_password) == (
        "shop",
        "p-migrator",
        "p-rw",
    )
    assert (wanted.locale, wanted.leave) == (None, frozenset())


def test_libpqs_variables_stand_in_for_options(
    invoke: Invoke, calls: list[tuple[Server, Wanted]]
) -> None:
    """What psql reaches is reached here; an option comes first."""
    env = {
        **PASSWORDS,
        "PGHOST": "of.variable",
        "PGPORT": "5434",
        "PGUSER": "chief",
        "PGDATABASE": "shop",
        "PGSSLROOTCERT": "of-variable.pem",
    }
    invoke("plan", "--port", "5435", env=env)
    ((server, wanted),) = calls
    assert (server.host, server.port, server.user) == ("of.variable", 5435, "chief")
    assert (server.ca_file, wanted.database) == (Path("of-variable.pem"), "shop")


def test_locale_and_roles_to_leave_are_passed_on(
    invoke: Invoke, calls: list[tuple[Server, Wanted]]
) -> None:
    """The latter as many as there are."""
    invoke("plan", *GIVEN, "--locale", "libc C", "--leave", "reports", "--leave", "clerk")
    ((_, wanted),) = calls
    assert (wanted.locale, wanted.leave) == ("libc C", frozenset({"reports", "clerk"}))


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "PGPASSWORD, MIGRATOR_PASSWORD, RW_PASSWORD"),
        ({"PGPASSWORD": "x", "RW_PASSWORD": "x"}, "MIGRATOR_PASSWORD"),
        ({**PASSWORDS, "RW_PASSWORD": ""}, "RW_PASSWORD"),
    ],
)
def test_a_missing_password_is_a_sentence(
    invoke: Invoke,
    calls: list[tuple[Server, Wanted]],
    command: str,
    given: dict[str, str],
    missing: str,
) -> None:
    """Before anybody is asked anything."""
    env = {**dict.fromkeys(PASSWORDS, ""), **given}
    result = invoke(command, *GIVEN, env=env)
    assert isinstance(result.exception, OperatorError)
    assert result.exception.message == f"no password in {missing}"
    assert "Set the variables" in result.exception.hint
    assert calls == []


def test_a_password_that_is_no_text_is_a_sentence(invoke: Invoke) -> None:
    """As a variable may hold any bytes."""
    result = invoke("plan", *GIVEN, env={**PASSWORDS, "RW_PASSWORD": "\udcff"})
    assert isinstance(result.exception, OperatorError)
    assert result.exception.message == "the password in RW_PASSWORD is not UTF-8"


@pytest.mark.parametrize("missing", ["--host", "--ca-file"])
def test_where_to_connect_has_to_be_said(invoke: Invoke, missing: str) -> None:
    """There is no default that would be right."""
    at = GIVEN.index(missing)
    result = invoke("plan", *GIVEN[:at], *GIVEN[at + 2 :])
    assert f"Missing option '{missing}'" in str(getattr(result.exception, "format_message", str)())


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_help_names_the_variables(command: str) -> None:
    """Of options and passwords alike."""
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    for variable in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSSLROOTCERT"):
        assert variable in result.output
    if command == "plan":
        for variable in (*PASSWORDS, "PGHOSTADDR"):
            assert variable in result.output


def test_a_wait_is_said_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that JSON on stdout stays JSON."""

    def waiting(_: Server, __: Wanted, say: Callable[[str], None]) -> list[Difference]:
        say("waiting for another `db apply`")
        return []

    monkeypatch.setattr(execute, "apply", waiting)
    arguments = ["apply", *GIVEN, "--json"]
    result = CliRunner().invoke(app, arguments, env=PASSWORDS, standalone_mode=False)
    assert json.loads(result.stdout)["differences"] == []
    assert result.stderr == "perpetual: waiting for another `db apply`\n"
