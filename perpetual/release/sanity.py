"""The sanity check of migrations: forth, back, forth again, on a database made for it.

It proves that every migration can be undone and leaves nothing behind, that seeds may run again,
that migrations stand on their own, and, given the image that runs now, that its code works with the
new schema, as it has to while a deployment is under way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from perpetual.database.connection import connect
from perpetual.database.model import MIGRATIONS
from perpetual.errors import OperatorError
from perpetual.release import docker
from perpetual.release.claims import CheckError, NothingToCheckError, telling
from perpetual.release.elixir import application_calls
from perpetual.release.environment import DATABASE, Environment

_SCHEMA: Final = """
SELECT 'table ' || relname || ' ' || relkind::text FROM pg_class JOIN pg_namespace n
    ON n.oid = relnamespace WHERE nspname = 'public' AND relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
    || ' ' || coalesce(column_default, '') FROM information_schema.columns
    WHERE table_schema = 'public'
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass::text || ' ' || conname || ' '
    || pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace
    WHERE nspname = 'public' AND conrelid <> 0
UNION ALL
SELECT 'type ' || typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
    WHERE nspname = 'public' AND typtype IN ('d', 'e', 'r')
UNION ALL
SELECT 'function ' || p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n
    ON n.oid = pronamespace WHERE nspname = 'public'
"""

_NO_PREVIOUS: Final = "no --previous image was given"

_FIND: Final = (
    "for file in /app/lib/*/priv/repo/migrations/*.exs; do"
    ' [ -f "$file" ] && echo "@@ $file" && cat "$file"; done'
)


@dataclass(frozen=True)
class Snapshot:
    """What a schema holds, but for the table of versions; rows by table, as a hash and a count."""

    schema: frozenset[str]
    rows: dict[str, tuple[int, str]]


def migrations(environment: Environment) -> str:
    """Migrate, seed twice, roll all back, migrate and seed again; each leaves what it should."""
    empty = _snapshot(environment)
    _run(environment, "migrate", "the migrations do not run on an empty database")
    migrated = _snapshot(environment)
    _run(environment, "seed", "the seeds fail on a fresh schema")
    seeded = _snapshot(environment)
    _run(environment, "seed", "the seeds are not idempotent: they fail the second time")
    _same_rows(seeded, _snapshot(environment))
    _run(environment, "rollback", "a migration is irreversible", "all")
    _same_schema(
        empty, _snapshot(environment), "a migration is irreversible: rolled back, it leaves"
    )
    _run(environment, "migrate", "the migrations do not run a second time")
    _same_schema(migrated, _snapshot(environment), "migrated again, the schema differs by")
    _run(environment, "seed", "the seeds fail after a rollback")
    tables = len(migrated.rows)
    return f"{tables} tables; forth, back and forth again; seeds may run again"


def standing_alone(image: str) -> str:
    """No migration calls the application, whose modules will have changed when it runs next."""
    found = files(image)
    if not found:
        raise NothingToCheckError("the image holds no migrations")
    for name, source in found.items():
        for line, module in application_calls(source):
            raise CheckError(
                f"migration {name} calls application code, {module}, in line {line}: write what it "
                "does in SQL or in the migration itself"
            )
    return f"{len(found)} migrations"


def upgrade(environment: Environment, previous: str | None) -> str:
    """The migrations run on the rows that the release before has left, and not on none alone."""
    if previous is None:
        raise NothingToCheckError(_NO_PREVIOUS)
    _run(environment, "rollback", "the migrations cannot be rolled back", "all")
    for command in ("migrate", "seed"):
        _run(environment, command, f"{previous} does not {command}", image=previous)
    before = _snapshot(environment)
    for command in ("migrate", "seed"):
        _run(environment, command, f"{command} fails on the rows of {previous}")
    _snapshot(environment)
    return f"{sum(count for count, _ in before.rows.values())} rows of {previous}"


def old_code(environment: Environment, previous: str | None, paths: Sequence[str]) -> str:
    """The code of the image that runs now works with the schema of this one.

    It takes the place of the first node, and stays there.
    """
    if previous is None:
        raise NothingToCheckError(_NO_PREVIOUS)
    client = environment.start_alone(previous)
    for asked in paths:
        method, path = _request(asked)
        answer = client.ask(path, method=method, headers={"x-forwarded-proto": "https"})
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CheckError(
                f"the code of {previous} does not run with the schema of {environment.image}: "
                f"{method} {path} was answered {answer.status}. Until the last old task has gone "
                "both have to work: add first, remove with a later release"
            )
    return f"{', '.join(paths)} by {previous}"


def files(image: str) -> dict[str, str]:
    """Return the sources of an image's migrations, by name and in order."""
    said = docker.run(
        "run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image, "-c", _FIND
    )
    parts = re.split(r"^@@ (.*)$", said, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {path.rsplit("/", 1)[-1]: source.removeprefix("\n") for path, source in pairs}


def _request(asked: str) -> tuple[str, str]:
    """Return method and path of what is to be asked: `/products`, or `POST /orders?product=Mug`."""
    method, space, path = asked.partition(" ")
    return (method, path) if space else ("GET", asked)


# --- the steps


def _run(
    environment: Environment, command: str, fault: str, *arguments: str, image: str | None = None
) -> None:
    try:
        environment.one_off(command, *arguments, image=image)
    except OperatorError as error:
        raise CheckError(f"{fault}: {telling(error)}") from error


def _same_rows(before: Snapshot, after: Snapshot) -> None:
    for table, (count, digest) in before.rows.items():
        again = after.rows.get(table, (0, ""))
        if again != (count, digest):
            raise CheckError(
                f"the seeds are not idempotent: table {table} held {count} rows after the first "
                f"run, and {again[0]}{'' if again[0] != count else ' others'} after the second"
            )


def _same_schema(before: Snapshot, after: Snapshot, fault: str) -> None:
    changed = sorted(before.schema ^ after.schema)
    if changed:
        raise CheckError(
            f"{fault} {changed[0]}{f' and {len(changed) - 1} more' if changed[1:] else ''}"
        )


def _snapshot(environment: Environment) -> Snapshot:
    wanted = environment.wanted()
    server = replace(environment.server(wanted.migrator), database=DATABASE)
    try:
        with connect(server) as connection:
            schema = [row[0] for row in connection.execute(_SCHEMA)]
            kept = frozenset(item for item in schema if not re.search(rf"\b{MIGRATIONS}", item))
            tables = [item.split()[1] for item in kept if re.fullmatch(r"table \S+ [rp]", item)]
            return Snapshot(kept, {table: _rows(connection, table) for table in sorted(tables)})
    except psycopg.Error as error:
        raise CheckError(f"the schema cannot be read: {error}") from error


def _rows(connection: Connection[tuple[Any, ...]], table: str) -> tuple[int, str]:
    query = SQL(
        "SELECT count(*), md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {} t"
    )
    row = connection.execute(query.format(Identifier(table))).fetchone()
    return row or (0, "")
