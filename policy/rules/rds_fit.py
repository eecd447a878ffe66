"""What RDS refuses because parts do not fit: classes, parameter groups, subnets, monitoring."""

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
    DB_SUBNET_GROUP,
    SUBNET,
)
from rules.limits import LATE, Values, chosen, together
from rules.rds_names import family
from rules.rule import Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    count,
    elements,
    number,
    on,
    present,
    rule,
    unknown,
)

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_ARM: Final = re.compile(r"db\.([a-z]+)(\d+)g[a-z]*\..+")
_INTEL_ONLY: Final = frozenset({"oracle", "sqlserver", "db2"})
# The first major version of each engine on Graviton 2, and on Graviton 3 and later:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
_FIRST_ON_ARM: Final = {"postgres": (12, 13), "mysql": (8, 8)}
_GRAVITON_2: Final = frozenset({("t", 4), ("m", 6), ("r", 6), ("x", 2), ("c", 6)})

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.Engines.html
_NO_INSIGHTS: Final = frozenset(
    f"db.{kind}.{size}" for kind in ("t2", "t3", "t4g") for size in ("micro", "small")
)
_SHORTEST_INSIGHTS: Final = 7
_MONTH: Final = 31
_LONGEST_INSIGHTS: Final = 731

# Parameters that need a reboot:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
_STATIC: Final = frozenset(
    {
        "autovacuum_freeze_max_age",
        "autovacuum_multixact_freeze_max_age",
        "huge_pages",
        "max_connections",
        "max_files_per_process",
        "max_locks_per_transaction",
        "max_pred_locks_per_transaction",
        "max_prepared_transactions",
        "max_replication_slots",
        "max_wal_senders",
        "max_worker_processes",
        "rds.logical_replication",
        "shared_buffers",
        "shared_preload_libraries",
        "superuser_reserved_connections",
        "track_activity_query_size",
        "track_commit_timestamp",
        "wal_buffers",
    }
)
_ZONES: Final = 2


def major(version: str) -> float | None:
    """Return the major part of a version such as `17.2`, `8.0.36` or `17`."""
    match = re.match(r"\d+", version)
    return float(match[0]) if match else None


def _class(values: Values) -> Iterator[Fault]:
    name = str(values["instanceClass"] or "")
    match = _ARM.fullmatch(name)
    if name and not name.startswith("db."):
        yield Fault(f"has the class {name!r}, which does not start with db.", "instanceClass")
    if not match:
        return
    engine, version = family(values["engine"]), major(str(values["engineVersion"] or ""))
    if engine in _INTEL_ONLY:
        yield Fault(f"runs {engine} on {name}, a Graviton class, which has none", "instanceClass")
    elif engine in _FIRST_ON_ARM and version is not None:
        second, third = _FIRST_ON_ARM[engine]
        first = second if (match[1], int(match[2])) in _GRAVITON_2 else third
        if version < first:
            says = f"runs {engine} {version:g} on {name}, which starts at version {first}"
            yield Fault(says, "instanceClass")


def _insights(values: Values) -> Iterator[Fault]:
    if not on(values["performanceInsightsEnabled"]):
        return
    path = "performanceInsightsRetentionPeriod"
    days = number(values[path])
    if values["instanceClass"] in _NO_INSIGHTS and family(values["engine"]) in ("mysql", "mariadb"):
        yield Fault(
            f"asks for Performance Insights, which {values['instanceClass']} does not have",
            "performanceInsightsEnabled",
        )
    if (
        days
        and days not in (_SHORTEST_INSIGHTS, _LONGEST_INSIGHTS)
        and (days % _MONTH or not _MONTH <= days < _LONGEST_INSIGHTS)
    ):
        yield Fault(f"keeps insights for {days:g} days, not 7, months of 31 days, or 731", path)
    if days and days < 465 and values["databaseInsightsMode"] == "advanced":  # noqa: PLR2004 - 15 months
        yield Fault(f"asks for advanced Database Insights for {days:g} days, fewer than 465", path)


def _monitoring(values: Values) -> Iterator[Fault]:
    interval, role = number(values["monitoringInterval"]), values["monitoringRoleArn"]
    if interval and not present(role):
        yield Fault("asks for enhanced monitoring and names no role for it", "monitoringRoleArn")
    elif not interval and present(role):
        yield Fault("has a role for enhanced monitoring and no interval", "monitoringInterval")


def _monitored(subject: Subject) -> Iterator[Fault]:
    yield from chosen("monitoringInterval", 0, 1, 5, 10, 15, 30, 60)(subject)
    interval, role = subject.at("monitoringInterval"), subject.at("monitoringRoleArn")
    if interval is not UNKNOWN:
        # A role that is not known is still one: its ARN comes with the first `up`.
        known = "role" if role is UNKNOWN else role
        yield from _monitoring({"monitoringInterval": interval, "monitoringRoleArn": known})


def family_of(engine: str, version: str) -> str | None:
    """Return the parameter group family of an engine's version, `None` where it is not certain."""
    parts = version.split(".")
    if not parts[0].isdigit():
        return None
    if "postgres" in engine:
        return f"{engine}{parts[0]}" if int(parts[0]) >= 10 else None  # noqa: PLR2004 - one number since
    if "mysql" in engine or engine == "mariadb":
        return f"{engine}{'.'.join(parts[:2])}" if len(parts) > 1 else None
    return None


def _family_fits(subject: Subject) -> Iterator[Fault]:
    database = subject.graph.databases[subject.resource.urn]
    link = database.parameters
    group = subject.graph.parameters.get(link.urn or "") if link else None
    if group is None:
        return
    engine, version, named = database.engine.value, database.version.value, group.family.value
    path = "parameterGroupName"
    if not isinstance(engine, str) or not isinstance(version, str) or not isinstance(named, str):
        if UNKNOWN in (engine, version, named):
            yield unknown(path)
        return
    wanted = family_of(engine, version)
    if wanted and named != wanted:
        yield Fault(
            f"runs {engine} {version} with the parameter group {group.label} of {named}, not "
            f"{wanted}",
            path,
        )


def _static(subject: Subject) -> Iterator[Fault]:
    if "postgres" not in str(subject.at("family")):
        return
    found, faults = elements(subject.at("parameters"), "parameters")
    yield from faults
    for path, item in found:
        name, method = item.get("name"), item.get("applyMethod")
        if name is UNKNOWN or (method is UNKNOWN and name in _STATIC):
            yield unknown(path)
        elif name in _STATIC and method != "pending-reboot":
            yield Fault(f"changes {name}, a static parameter, at once", path)


def _protocols(subject: Subject) -> Iterator[Fault]:
    found, _ = elements(subject.at("parameters"), "parameters")
    for path, item in found:
        if item.get("name") != "ssl_min_protocol_version":
            continue
        value = item.get("value")
        if value is UNKNOWN:
            yield unknown(f"{path}.value")
        elif value not in ("TLSv1.2", "TLSv1.3"):
            yield Fault(f"takes connections by {value}", f"{path}.value")


def _subnet_zones(subject: Subject) -> Iterator[Fault]:
    path = "subnetIds"
    value = subject.at(path)
    if value is UNKNOWN:
        sources = subject.graph.index.sources(subject.resource, path, (SUBNET,))
        if len(sources) < _ZONES:
            yield unknown(path)
        return
    if count(value) < _ZONES:
        yield Fault("has fewer than two subnets, and needs two zones", path)
        return
    links = subject.graph.index.links(subject.resource, path, value, (SUBNET,))
    zones = [
        subject.graph.index.by_urn[link.urn].properties.get("availabilityZone")
        for link in links
        if link.urn
    ]
    known = [zone for zone in zones if isinstance(zone, str)]
    if len(known) == len(links) and len(set(known)) < _ZONES:
        yield Fault(f"has all of its subnets in the zone {known[0]}, and needs two", path)


CLASS: Final = rule(
    together("instanceClass", "engine", "engineVersion", test=_class),
    DB_INSTANCE,
    DB_CLUSTER_INSTANCE,
    name="rds-class-legal",
    title="Engine and version run on the class of the instance",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a class that has the engine's version, or a newer version",
    url=f"{_GUIDE}Concepts.DBInstanceClass.Support.html",
)
INSIGHTS: Final = rule(
    together(
        "performanceInsightsEnabled",
        "performanceInsightsRetentionPeriod",
        "databaseInsightsMode",
        "instanceClass",
        "engine",
        test=_insights,
    ),
    DB_INSTANCE,
    DB_CLUSTER_INSTANCE,
    name="rds-insights-legal",
    title="Performance Insights are asked for where they exist",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="keep them for 7 days, months of 31 days or 731, on a class that has them",
    url=f"{_GUIDE}USER_PerfInsights.Overview.Engines.html",
)
MONITORING: Final = rule(
    _monitored,
    DB_INSTANCE,
    DB_CLUSTER_INSTANCE,
    name="rds-monitoring-legal",
    title="Enhanced monitoring has both an interval and a role",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set monitoring_interval to 1, 5, 10, 15, 30 or 60 and monitoring_role_arn to a role",
    url=f"{_GUIDE}USER_Monitoring.OS.Enabling.html",
)
FAMILY: Final = rule(
    _family_fits,
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-parameters-fit",
    title="A parameter group is of its database's version",
    severity=Severity.MEDIUM,
    why="RDS refuses the database, and so a major upgrade that forgets its parameter group",
    fix="make a parameter group of the family of the engine's version",
    url=f"{_GUIDE}USER_WorkingWithParamGroups.html",
)
STATIC: Final = rule(
    _static,
    DB_PARAMETERS,
    DB_CLUSTER_PARAMETERS,
    name="rds-static-parameters",
    title="Static parameters wait for a reboot",
    severity=Severity.MEDIUM,
    why="RDS refuses to change them at once, which is what the provider asks for by default",
    fix="set the parameter's apply_method to pending-reboot",
    url=f"{_GUIDE}USER_WorkingWithParamGroups.html",
)
SUBNETS: Final = rule(
    _subnet_zones,
    DB_SUBNET_GROUP,
    name="rds-subnets-two-zones",
    title="Subnet groups of databases span two zones",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="give the group subnets in two zones or more",
    url=f"{_GUIDE}USER_VPC.WorkingWithRDSInstanceinaVPC.html",
)

PROTOCOLS: Final = rule(
    _protocols,
    DB_PARAMETERS,
    DB_CLUSTER_PARAMETERS,
    name="rds-tls-version",
    title="Postgres speaks TLS 1.2 or later",
    severity=Severity.HIGH,
    why="The older ones have known attacks, and clients negotiate down to them",
    fix="set ssl_min_protocol_version to TLSv1.2, or leave it out",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html",
)

RULES: Final[tuple[Rule, ...]] = (CLASS, INSIGHTS, MONITORING, FAMILY, STATIC, SUBNETS, PROTOCOLS)
