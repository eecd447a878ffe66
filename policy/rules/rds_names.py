"""What RDS refuses in a database: its names, and its master user's.

Figures: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html and
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""

import re
from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from graph.tokens import (
    DB_CLUSTER,
    DB_CLUSTER_INSTANCE,
    DB_CLUSTER_PARAMETERS,
    DB_INSTANCE,
    DB_PARAMETERS,
    DB_PROXY,
    DB_SUBNET_GROUP,
)
from rules.limits import IDENTIFIER, LATE, LONG_IDENTIFIER, Values, spelled, together
from rules.rule import Level, Rule, Severity
from rules.subject import Fault, Subject, every, on, present, rule, unknown

_API: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"


def _named(subject: Subject) -> Iterator[Fault]:
    path, limits = {
        DB_INSTANCE: ("identifier", IDENTIFIER),
        DB_CLUSTER_INSTANCE: ("identifier", IDENTIFIER),
        DB_CLUSTER: ("clusterIdentifier", IDENTIFIER),
        DB_PROXY: ("name", IDENTIFIER),
        DB_SUBNET_GROUP: (
            "name",
            (
                r"(?!default$)[A-Za-z][A-Za-z0-9._ -]{0,254}",
                "up to 255 letters, digits and ._- or spaces, a letter first, and not default",
            ),
        ),
    }.get(subject.type, ("name", LONG_IDENTIFIER))
    yield from spelled(path, *limits)(subject)


# --- credentials

# What engines keep for themselves; the full lists are theirs, these are what people try.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
_RESERVED: Final = {
    "postgres": {"admin", "rdsadmin", "pg_monitor", "public", "user", "none", "all", "default"},
    "mysql": {"rdsadmin", "all", "default", "user", "table", "select", "mysql", "sys"},
    "mariadb": {"rdsadmin", "all", "default", "user", "table", "select", "mysql", "sys"},
}
_RESERVED_DATABASES: Final = {
    "postgres": {"rdsadmin", "template0", "template1", "all", "default", "user", "table"},
    "mysql": {"mysql", "sys", "performance_schema", "information_schema", "innodb", "tmp"},
    "mariadb": {"mysql", "sys", "performance_schema", "information_schema", "innodb", "tmp"},
}
_LONGEST_PASSWORD: Final = {"mysql": 41, "mariadb": 41, "oracle": 30}
_SHORTEST_PASSWORD: Final = 8
_LONGEST_USER: Final = {"mysql": 32, "oracle": 30, "sqlserver": 128}


def family(engine: object) -> str:
    """Return the engine without its edition and without Aurora's prefix."""
    name = str(engine or "")
    known = ("postgres", "mysql", "mariadb", "oracle", "sqlserver", "db2")
    return next((each for each in known if each in name), name)


def _credentials(values: Values) -> Iterator[Fault]:
    engine = family(values["engine"])
    for path in ("username", "masterUsername"):
        value = values[path]
        longest = _LONGEST_USER.get(engine, 63)
        if value is None:
            continue
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]\w*", value, re.ASCII):
            yield Fault(
                f"has a {path} that RDS refuses: it takes letters, digits and underscores, a "
                "letter first",
                path,
            )
        elif len(value) > longest:
            yield Fault(f"has a {path} of more than {longest} characters", path)
        elif value.lower() in _RESERVED.get(engine, ()):
            yield Fault(f"has the {path} {value!r}, a reserved word of its engine", path)
    for path in ("dbName", "databaseName"):
        yield from _database(values[path], path, engine)


def _database(value: object, path: str, engine: str) -> Iterator[Fault]:
    if value in (None, ""):
        return
    if engine == "sqlserver":
        yield Fault(f"has a {path}, which SQL Server does not take", path)
    elif not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]\w{0,63}", value, re.ASCII):
        yield Fault(
            f"has a {path} that RDS refuses: it takes up to 63 letters, digits and underscores, a "
            "letter first",
            path,
        )
    elif value.lower() in _RESERVED_DATABASES.get(engine, ()):
        yield Fault(f"has the {path} {value!r}, a reserved word of its engine", path)


def _password(subject: Subject) -> Iterator[Fault]:
    """Judge a password that is known; one that is not is as it should be."""
    longest = _LONGEST_PASSWORD.get(family(subject.at("engine")), 128)
    for path in ("password", "masterPassword"):
        value = subject.at(path)
        if value in (None, UNKNOWN):
            continue
        managed = on(subject.at("manageMasterUserPassword"))
        if managed:
            yield Fault(f"has both a {path} and manageMasterUserPassword", path)
        elif not isinstance(value, str) or not _SHORTEST_PASSWORD <= len(value) <= longest:
            yield Fault(
                f"has a {path} that is not {_SHORTEST_PASSWORD} to {longest} characters long", path
            )
        elif not all(" " <= character <= "~" for character in value) or set(value) & set('/"@'):
            yield Fault(f'has a {path} with a character that RDS refuses, such as /, " or @', path)


_MANAGED: Final = "manageMasterUserPassword"


def _managed_password(subject: Subject) -> Iterator[Fault]:
    """Judge what RDS does not do for a database whose password it keeps.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html and
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html
    """
    managed, engine = subject.at(_MANAGED), family(subject.at("engine"))
    replicas = subject.peers("replicateSourceDb", DB_INSTANCE)
    reasons = []
    if replicas and engine != "sqlserver":
        reasons.append(f"the replica {replicas[0].name}")
    if on(subject.at("blueGreenUpdate.enabled")):
        reasons.append("blue/green updates")
    if present(subject.at("replicateSourceDb")) and engine != "sqlserver":
        reasons.append("a source that it replicates")
    if present(subject.at("restoreToPointInTime")) and engine != "oracle":
        reasons.append("a point in time that it is restored to")
    if managed is UNKNOWN and reasons:
        yield unknown(_MANAGED)
    elif on(managed):
        for reason in reasons:
            yield Fault(f"has a password managed by RDS and {reason}, which RDS refuses", _MANAGED)


NAMES: Final = rule(
    _named,
    DB_INSTANCE,
    DB_CLUSTER,
    DB_CLUSTER_INSTANCE,
    DB_PROXY,
    DB_SUBNET_GROUP,
    DB_PARAMETERS,
    DB_CLUSTER_PARAMETERS,
    name="rds-names-legal",
    title="Databases and their groups have names that RDS takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose another name, or leave it to Pulumi",
    url=f"{_API}API_CreateDBInstance.html",
)
CREDENTIALS: Final = rule(
    every(
        together(
            "engine",
            "username",
            "masterUsername",
            "dbName",
            "databaseName",
            test=_credentials,
        ),
        _password,
    ),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-credentials-legal",
    title="Master users, passwords and databases are ones that RDS takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose another one; a password is best left to RDS",
    url=f"{_API}API_CreateDBInstance.html",
)
MANAGED_PASSWORD: Final = rule(
    _managed_password,
    DB_INSTANCE,
    name="rds-managed-password-with-replica",
    title="A password managed by RDS excludes replicas, blue/green updates and restores",
    severity=Severity.HIGH,
    why="RDS refuses the replica, the update or the restore, when most of a long `up` is done",
    fix="give the master a password of the stack's own, or do without",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html",
)


def _written_down(subject: Subject) -> Iterator[Fault]:
    for path in ("password", "masterPassword"):
        value = subject.at(path)
        made = subject.resource.property_dependencies.get(path)
        if isinstance(value, str) and value and not made:
            yield Fault("has a master password that no resource made", path)


WRITTEN_DOWN: Final = rule(
    _written_down,
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-no-literal-password",
    title="Master passwords are made, not written down",
    severity=Severity.HIGH,
    # The engine shows secrets of the configuration like literals, so this can only advise.
    why="A password in a program is in its history and on every machine that has a copy",
    fix="set manage_master_user_password, or make the password by a RandomPassword",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html",
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (NAMES, CREDENTIALS, MANAGED_PASSWORD, WRITTEN_DOWN)
