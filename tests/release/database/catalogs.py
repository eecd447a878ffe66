"""What a server's catalogs hold, so that two moments can be compared to the last write."""

from tests.release.database.servers import Database, Session

# The transaction that wrote a row last shows a write that changed nothing, too.
SHARED = {
    "pg_authid": "rolname, to_jsonb(c)",
    "pg_auth_members": "to_jsonb(c)",
    "pg_database": "datname, datdba, datacl, datallowconn, datconnlimit",
    "pg_db_role_setting": "to_jsonb(c)",
}
INSIDE = {
    "pg_namespace": "to_jsonb(c)",
    "pg_class": "relname, relowner, relacl",
    "pg_attribute": "attrelid, attname, attacl",
    "pg_type": "typname, typowner, typacl",
    "pg_proc": "proname, proowner, proacl",
    "pg_default_acl": "to_jsonb(c)",
}


def snapshot(database: Database) -> dict[str, list[str]]:
    """Return what concerns roles and rights, of the server and, if it exists, the database."""
    with database.postgres.superuser() as session:
        found = {name: _rows(session, name, columns) for name, columns in SHARED.items()}
        names = [row[0] for row in session.execute("SELECT datname FROM pg_database")]
    if database.name in names:
        with database.postgres.superuser(database.name) as session:
            found |= {name: _rows(session, name, columns) for name, columns in INSIDE.items()}
    return found


def _rows(session: Session, catalog: str, columns: str) -> list[str]:
    query = f"SELECT ROW(c.xmin, {columns})::text FROM {catalog} c ORDER BY 1"  # noqa: S608 - constants
    return [row[0] for row in session.execute(query)]
