"""Kinds of drift: what somebody does to roles and database, and what a plan says of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Drift:
    """Statements that a role runs, the plan's words for them, and the oldest version they run on.

    Words are compared whole, `{owner}` and the like standing for names.
    """

    role: str
    statements: tuple[str, ...]
    says: tuple[str, ...]
    since: int = 15

    @property
    def id(self) -> str:
        """Return the statements, for the name of a case."""
        return "; ".join(self.statements).replace("{", "").replace("}", "")


def by(role: str, *statements: str, says: str | tuple[str, ...], since: int = 15) -> Drift:
    """Return one kind of drift."""
    return Drift(role, statements, (says,) if isinstance(says, str) else says, since)


ROLES = (
    by("master", "ALTER ROLE {rw} CREATEDB", says="{rw} has CREATEDB"),
    by("master", "ALTER ROLE {owner} CREATEROLE", says="{owner} has CREATEROLE"),
    by("master", "ALTER ROLE {owner} LOGIN", says="{owner} may log in"),
    by(
        "master",
        "ALTER ROLE {rw} VALID UNTIL '2999-01-01 00:00:00+00'",
        says="the password of {rw} ends at 2999-01-01 00:00:00+00",
    ),
    by("master", "GRANT {owner} TO {rw}", says="{rw} is in {owner}"),
    by("master", "GRANT {rw} TO {migrator}", says="{migrator} is in {rw}"),
    by("master", "GRANT {owner} TO {other}", says="{other} is in {owner}"),
    by("master", "GRANT {rw} TO {other}", says="{other} is in {rw}"),
    by(
        "master",
        "GRANT {owner} TO {migrator} WITH ADMIN OPTION",
        says="{migrator} may let others into {owner}",
    ),
    by(
        "master",
        "ALTER ROLE {migrator} IN DATABASE {database} RESET role",
        says="{migrator} does not work as {owner}",
    ),
    by(
        "master",
        "ALTER ROLE {rw} IN DATABASE {database} SET role = {other}",
        says="{rw} begins as {other} in {database}",
    ),
    by(
        "master",
        "ALTER ROLE {migrator} SET role = {owner}",
        says="{migrator} begins as {owner} in every database",
    ),
    by("master", "ALTER ROLE {migrator} NOLOGIN", says="{migrator} may not log in"),
)

DATABASE = (
    by(
        "migrator",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO PUBLIC",
        says="everybody has CONNECT, TEMPORARY on database {database}",
    ),
    by(
        "migrator",
        "GRANT CREATE ON DATABASE {database} TO {rw}",
        says="{rw} has CREATE on database {database}",
    ),
    by(
        "migrator",
        "GRANT CONNECT ON DATABASE {database} TO {other}",
        says="{other} has CONNECT on database {database}",
    ),
    by(
        "migrator",
        "REVOKE CREATE ON DATABASE {database} FROM {owner}",
        says="{owner} lacks CREATE on database {database}",
    ),
    by(
        "migrator",
        "GRANT CONNECT ON DATABASE {database} TO {rw} WITH GRANT OPTION",
        says="{rw} may hand on CONNECT on database {database}",
    ),
    by(
        "migrator",
        "ALTER DATABASE {database} SET role = {owner}",
        says="everybody begins as {owner} in {database}",
    ),
)

ALONE = (
    by(
        "master",
        "ALTER ROLE {rw} VALID UNTIL '2001-01-01 00:00:00+00'",
        says=(
            "the password of {rw} ends at 2001-01-01 00:00:00+00",
            "the password of {rw} is not the wanted one",
        ),
    ),
    by("rw", "ALTER ROLE {rw} PASSWORD 'x'", says="the password of {rw} is not the wanted one"),
    by("master", "GRANT {other} TO {rw} WITH ADMIN OPTION", says="{rw} is in {other}"),
    by("master", "REVOKE {owner} FROM {migrator}", says="{migrator} is not in {owner}"),
    by(
        "master",
        "GRANT {owner} TO {migrator} WITH SET FALSE",
        says="{migrator} may not work as {owner}",
        since=16,
    ),
    by(
        "master",
        "GRANT {owner} TO {migrator} WITH INHERIT FALSE",
        says="{migrator} does not inherit the rights of {owner}",
        since=16,
    ),
    by(
        "master",
        "GRANT {owner} TO CURRENT_USER WITH SET FALSE",
        says="master may not act as {owner}",
        since=16,
    ),
    by(
        "master",
        "REVOKE {owner} FROM CURRENT_USER",
        says=(
            "master may not act as {owner}",
            "master may not connect to {database}: what it holds has not been looked at",
        ),
    ),
    by(
        "master",
        "ALTER ROLE {migrator} IN DATABASE {database} SET role = {migrator}",
        says="{migrator} does not work as {owner}",
    ),
    by(
        "migrator",
        "REVOKE CONNECT ON DATABASE {database} FROM {rw}",
        says="{rw} lacks CONNECT on database {database}",
    ),
    by(
        "master",
        "ALTER DATABASE {database} OWNER TO CURRENT_USER",
        says="database {database} belongs to master",
    ),
    by(
        "superuser",
        "ALTER DATABASE {database} OWNER TO {other}",
        says=(
            "database {database} belongs to {other}",
            "master may not connect to {database}: what it holds has not been looked at",
        ),
    ),
    by("rw", "DROP OWNED BY CURRENT_USER", says="{rw} will lack USAGE on new schemas of {owner}"),
)
"""Kinds that get in each other's way, or in that of the ones above."""
