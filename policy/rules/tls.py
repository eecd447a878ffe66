"""Law: Postgres speaks TLS only, with a current certificate, to clients that verify it.

The server: `rds.force_ssl` is 1 in the parameter group that the instance, each replica and each
cluster really uses, be it named, taken over from the source, or the default of the version. The
certificate: an authority that AWS still issues from, named, since the account's default may be
anything. The clients: the settings that tasks get say `verify-full` (see `connection`).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graph import UNKNOWN, Database, Graph, Parameter, Parameters
from graph.read import flag
from graph.tokens import DB_PROXY
from rules import connection
from rules.rule import Finding, Rule, Severity

NAME: Final = connection.LAW

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
CURRENT_CAS: Final = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
FORCE_SSL: Final = "rds.force_ssl"

_ENGINES: Final = ("postgres", "aurora-postgresql")
_FAMILY: Final = re.compile(r"(aurora-postgresql|postgres)(\d+)")
# First major version whose default is 1:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
_FORCED_SINCE: Final = {"postgres": 15, "aurora-postgresql": 17}
_SET: Final = f"set {FORCE_SSL} to 1 in the parameter group that the database uses"


def _finding(urn: str, message: str, witness: tuple[str, ...], fix: str) -> Finding:
    return Finding(NAME, Severity.HIGH, urn, message, witness, fix)


def _open(urn: str, message: str, witness: tuple[str, ...], fix: str) -> Finding:
    return replace(_finding(urn, message, witness, fix), undetermined=True)


def check(graph: Graph) -> Iterator[Finding]:
    """Yield every Postgres that takes plain connections, and every client that may make one."""
    for database in graph.databases.values():
        engine = _engine(graph, database)
        if engine is None:
            message = f"cannot tell whether {database.label} is Postgres: its engine is not known"
            yield _open(database.urn, message, (database.label, "engine"), "name the engine")
        elif engine in _ENGINES:
            yield from _forced(graph, database, engine)
            yield from _authority(graph, database, engine)
    yield from _proxies(graph)
    yield from connection.check(graph)


def _engine(graph: Graph, database: Database) -> str | None:
    """Return the engine, from the parameter group's family where the database leaves it out."""
    if isinstance(database.engine.value, str):
        return database.engine.value
    link = database.parameters
    group = graph.parameters.get(link.urn or "") if link else None
    family = (
        group.family.value if group else (link.id or "").removeprefix("default.") if link else None
    )
    match = _FAMILY.match(family) if isinstance(family, str) else None
    return match[1] if match else None


def _forced(graph: Graph, database: Database, engine: str) -> Iterator[Finding]:
    if database.member and not database.missing:
        return  # the parameter is the cluster's
    link = database.parameters
    start = (database.label, *database.inherits)
    if link is None:
        yield from _by_default(database, _family(database, engine), (*start, "no parameter group"))
        return
    group = graph.parameters.get(link.urn or "")
    if group:
        yield from _by_group(database, group, start)
    elif link.id and link.id.startswith("default."):
        yield from _by_default(database, link.id.removeprefix("default."), (*start, link.id))
    else:
        name = link.id or "(unknown)"
        message = f"cannot tell whether {database.label} forces TLS: parameter group {name} is "
        yield _open(
            database.urn,
            f"{message}not in this stack",
            (*start, f"parameter group {name}", FORCE_SSL),
            "use a parameter group of this stack",
        )


def _family(database: Database, engine: str) -> str | None:
    """Return the family of the default group, or `None` where nothing tells the major version."""
    version = database.version.value
    major = re.match(r"\d+", version) if isinstance(version, str) else None
    return f"{engine}{major[0]}" if major else None


def _default(family: object) -> bool | None:
    match = _FAMILY.match(family) if isinstance(family, str) else None
    return int(match[2]) >= _FORCED_SINCE[match[1]] if match else None


def _by_default(database: Database, family: object, witness: tuple[str, ...]) -> Iterator[Finding]:
    forced = _default(family)
    if forced is None:
        message = f"cannot tell whether {database.label} forces TLS: {FORCE_SSL} is left to the "
        yield _open(
            database.urn,
            f"{message}default of a version that is not known",
            (*witness, FORCE_SSL),
            _SET,
        )
    elif not forced:
        message = (
            f"{database.label} takes plain connections: {FORCE_SSL} is 0 by default in {family}"
        )
        yield _finding(database.urn, message, (*witness, f"default {FORCE_SSL} = 0"), _SET)


def _by_group(database: Database, group: Parameters, start: tuple[str, ...]) -> Iterator[Finding]:
    witness = (*start, group.label)
    named = [item for item in group.items if isinstance(item.name, str)]
    own = [item for item in named if str(item.name).lower() == FORCE_SSL]
    if not group.complete or len(named) < len(group.items):
        message = (
            f"cannot tell whether {database.label} forces TLS: the parameters of {group.label}"
        )
        yield _open(database.urn, f"{message} are not all known", (*witness, FORCE_SSL), _SET)
    elif not own:
        yield from _by_default(database, group.family.value, witness)
    for item in own:
        yield from _parameter(database, group, item, witness)


def _parameter(
    database: Database, group: Parameters, item: Parameter, witness: tuple[str, ...]
) -> Iterator[Finding]:
    if item.value is UNKNOWN:
        message = f"cannot tell whether {database.label} forces TLS: {FORCE_SSL} is not known"
        yield _open(database.urn, message, (*witness, FORCE_SSL), _SET)
    elif item.value != "1":
        message = f"{database.label} takes plain connections: {FORCE_SSL} is {item.value}"
        yield _finding(database.urn, message, (*witness, f"{FORCE_SSL} = {item.value}"), _SET)
    elif item.method != "immediate" and not _default(group.family.value):
        # Where 1 is the default already, waiting for a reboot changes nothing; where it is not,
        # a running instance goes on taking plain connections until then.
        yield _open(
            database.urn,
            f"cannot tell when {database.label} forces TLS: {FORCE_SSL} waits for a reboot",
            (*witness, f"{FORCE_SSL} = 1", "apply_method"),
            "set apply_method to immediate",
        )


def _authority(graph: Graph, database: Database, engine: str) -> Iterator[Finding]:
    if database.cluster and (engine != "postgres" or _has_members(graph, database)):
        return  # Aurora: each instance has its own
    fix = f"set the CA certificate identifier to {CURRENT_CAS[0]}"
    value = database.ca.value
    if value in CURRENT_CAS:
        return
    if value is UNKNOWN or value is None:
        why = "it is not known" if value is UNKNOWN else "it names none, so the account's default"
        message = f"cannot tell which authority signs the certificate of {database.label}: {why}"
        ending = "" if value is UNKNOWN else " decides"
        yield _open(database.urn, f"{message}{ending}", (database.label, "CA certificate"), fix)
        return
    message = f"{database.label} has a certificate of {value}, which is not a current authority"
    yield _finding(database.urn, message, (database.label, f"CA {value}"), fix)


def _has_members(graph: Graph, cluster: Database) -> bool:
    return any(
        item.member and item.upstream and item.upstream.urn == cluster.urn
        for item in graph.databases.values()
    )


def _proxies(graph: Graph) -> Iterator[Finding]:
    for item in graph.index.of(DB_PROXY):
        if item.properties.get("engineFamily") not in (None, UNKNOWN, "POSTGRESQL"):
            continue
        required = flag(item, "requireTls", default=False)
        witness = (graph.label(item.urn), "requireTls")
        if required.value is UNKNOWN:
            message = f"cannot tell whether {graph.label(item.urn)} requires TLS"
            yield _open(item.urn, message, witness, "set require_tls to true")
        elif not required.value:
            message = f"{graph.label(item.urn)} takes plain connections"
            yield _finding(item.urn, message, witness, "set require_tls to true")


TLS_ONLY_POSTGRES: Final = Rule(
    name=NAME,
    title="TLS-only Postgres",
    description="Postgres refuses plain connections, and its clients verify whom they talk to.",
    severity=Severity.HIGH,
    why="Passwords and rows cross the network in plain text, or go to whoever answers.",
    controls=("FSBP RDS.38", "FSBP RDS.43"),
    remediation=f"Set {FORCE_SSL} to 1, a current CA, and PGSSLMODE=verify-full in every task.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html",
    check=lambda graph, _: check(graph),
)
