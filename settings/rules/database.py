"""Rules on the database."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from settings.models import Database, DatabaseSource, MasterPassword
from settings.problems import UNSET, Problem, listed
from settings.rules.base import Problems, Program, Rule
from settings.rules.network import reference

FIRST_MINOR: Final = {15: 13, 16: 9, 17: 5, 18: 1}
"""Majors of PostgreSQL that RDS creates, each with the oldest minor that it still creates.

https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
"""

OLD_FAMILIES: Final = ("db.m1", "db.m2", "db.m3", "db.m4", "db.r3", "db.r4", "db.t1", "db.t2")
"""https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html"""

RESERVED_NAMES: Final = frozenset(("postgres", "rdsadmin", "template0", "template1"))
"""Databases that every instance has already."""

RESERVED_USERS: Final = frozenset(("admin", "rdsadmin", "rdsrepladmin", "rdstopmgr"))
RESERVED_PREFIXES: Final = ("pg_", "rds_")

# https://www.postgresql.org/docs/17/sql-keywords-appendix.html, column "reserved"
KEYWORDS: Final = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between binary both case
    cast check collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant
    group having ilike in initially inner intersect into is isnull join lateral leading left
    like limit localtime localtimestamp natural not notnull null offset on only or order outer
    overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using
    variadic verbose when where window with
    """.split()  # noqa: SIM905 - as a list it would fill two pages
)

GROWTH: Final = 1.1
"""Storage autoscaling needs a ceiling at least a tenth above what is allocated.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
"""

SHORTEST_WINDOW: Final = 30
"""Minutes; https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"""
DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

SHARED: Final = frozenset(("source", "stack", "pin", "name", "username", "port", "restore_time"))
"""Settings that also describe a database that another stack owns."""


def engine_is_current(database: Database) -> Problems:
    """RDS still creates the version, and its default is TLS."""
    major, _, minor = database.engine_version.partition(".")
    known = FIRST_MINOR.get(int(major))
    if known is None:
        yield Problem(
            "database.engineVersion",
            database.engine_version,
            f"majors {listed(FIRST_MINOR)}; 14 and older do not demand TLS by default, and their "
            "standard support has ended",
            'set engineVersion: "17"',
        )
    elif minor and int(minor) < known:
        yield Problem(
            "database.engineVersion",
            database.engine_version,
            f"{major}.{known} or later; RDS creates no older minor",
            f'set engineVersion: "{major}", and RDS keeps the minor current',
        )


def class_is_current(database: Database) -> Problems:
    """The instance class can run such a version at all."""
    if database.instance_class.startswith(tuple(f"{family}." for family in OLD_FAMILIES)):
        yield Problem(
            "database.instanceClass",
            database.instance_class,
            f"families that still run PostgreSQL 15, so none of {listed(OLD_FAMILIES)}",
            "set its successor, such as db.t4g.small, db.m7g.large or db.r7g.large",
        )


def storage_can_grow(database: Database) -> Problems:
    """The ceiling of autoscaling leaves it room."""
    ceiling, storage = database.max_storage_gib, database.storage_gib
    least = math.ceil(round(storage * GROWTH, 6))
    if 0 < ceiling < least:
        yield Problem(
            "database.maxStorageGib",
            ceiling,
            f"0, or at least {least}, a tenth above database.storageGib {storage}",
            f"set {least} or more, or 0 to turn storage autoscaling off",
        )


def password_mode_works(database: Database) -> Problems:
    """RDS manages the master password of a plain, unreplicated instance only.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    """
    if database.master_password != MasterPassword.MANAGED:
        return
    way_out = "set masterPassword: secret, and replace the password in RDS after the first `up`"
    if database.replicas:
        yield Problem(
            "database.masterPassword",
            database.master_password,
            f"secret where database.replicas is {database.replicas}: RDS makes no replica of an "
            "instance whose password it manages",
            f"{way_out}, or replicas: 0",
        )
    if database.source in (DatabaseSource.SNAPSHOT, DatabaseSource.POINT_IN_TIME):
        yield Problem(
            "database.masterPassword",
            database.master_password,
            f"secret where database.source is {database.source.value}: RDS does not take over the "
            "password of a Postgres instance that it restores",
            way_out,
        )


def replicas_have_backups(database: Database) -> Problems:
    """A replica begins as a restored backup."""
    if database.replicas and not database.backup_retention_days:
        yield Problem(
            "database.backupRetentionDays",
            database.backup_retention_days,
            f"1 to 35 where database.replicas is {database.replicas}, for a replica is made from "
            "a backup",
            "set it to 14, or replicas: 0",
        )


def restore_is_whole(database: Database) -> Problems:
    """What is restored is named, and nothing is named that is not used."""
    source = database.source
    wanted = {
        "snapshot": (database.snapshot, DatabaseSource.SNAPSHOT),
        "restoreFrom": (database.restore_from, DatabaseSource.POINT_IN_TIME),
    }
    for key, (value, owner) in wanted.items():
        if value is None and source == owner:
            yield Problem(
                f"database.{key}",
                UNSET,
                f"what to restore where database.source is {owner.value}",
                f"run `pulumi config set --path database.{key} VALUE`",
            )
        if value is not None and source != owner:
            yield _only_with(key, value, owner)
    moment = database.restore_time
    if moment != "latest" and source != DatabaseSource.POINT_IN_TIME:
        yield _only_with("restoreTime", moment, DatabaseSource.POINT_IN_TIME)
    if moment != "latest" and not _is_moment(moment):
        yield Problem(
            "database.restoreTime",
            moment,
            "a day and time that exist",
            "correct it, such as 2026-11-22T20:00:00Z",
        )


def _only_with(key: str, value: str, owner: DatabaseSource) -> Problem:
    return Problem(
        f"database.{key}",
        value,
        f"it only where database.source is {owner.value}",
        f"set database.source: {owner.value}, or remove the line",
    )


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def upstream_is_whole(database: Database, program: Program) -> Problems:
    """A database of another stack is named and pinned, and shaped there."""
    used = database.source == DatabaseSource.STACK
    yield from reference("database", database.stack, database.pin, program, used=used)
    if not used:
        return
    for name, field in Database.model_fields.items():
        value = getattr(database, name)
        if name not in SHARED and value != field.default:
            yield Problem(
                f"database.{field.alias}",
                value,
                "it only where this stack owns the database",
                "remove the line, and set it in the stack that database.stack names",
            )


def names_are_free(database: Database) -> Problems:
    """Neither database nor user takes a name that Postgres or RDS keeps for itself."""
    name, user = database.name, database.username
    if name in RESERVED_NAMES | KEYWORDS:
        yield Problem(
            "database.name",
            name,
            f"a name other than {listed(sorted(RESERVED_NAMES))} and SQL's reserved words",
            "name it after the application",
        )
    if user in RESERVED_USERS | KEYWORDS or user.startswith(RESERVED_PREFIXES):
        yield Problem(
            "database.username",
            user,
            f"a name other than {listed(sorted(RESERVED_USERS))}, SQL's reserved words and names "
            f"that begin with {listed(RESERVED_PREFIXES)}",
            "choose another, such as perpetual",
        )


def windows_fit(database: Database) -> Problems:
    """Both windows are long enough, and apart: RDS refuses windows that meet."""
    backup, maintenance = database.backup_window, database.maintenance_window
    daily, weekly = daily_minutes(backup), weekly_minutes(maintenance)
    for key, text, span in (
        ("backupWindow", backup, daily),
        ("maintenanceWindow", maintenance, weekly),
    ):
        if not SHORTEST_WINDOW <= span[1] - span[0] <= DAY:
            yield Problem(
                f"database.{key}",
                text,
                f"a window of {SHORTEST_WINDOW} minutes to a day",
                "move its end",
            )
    if database.backup_retention_days and overlap(daily, weekly):
        yield Problem(
            "database.backupWindow",
            backup,
            f"a window apart from database.maintenanceWindow, {maintenance}",
            "move either",
        )


Span = tuple[int, int]
"""First minute and the minute after the last; the end may lie beyond the day or week."""


def daily_minutes(window: str) -> Span:
    """Return a daily window `hh:mm-hh:mm` in minutes of the day; it may cross midnight."""
    start, end = (_clock(part) for part in window.split("-"))
    return (start, end if end > start else end + DAY)


def weekly_minutes(window: str) -> Span:
    """Return a weekly window `ddd:hh:mm-ddd:hh:mm` in minutes since Monday 00:00."""
    start, end = (DAYS.index(part[:3]) * DAY + _clock(part[4:]) for part in window.split("-"))
    return (start, end if end > start else end + WEEK)


def overlap(daily: Span, weekly: Span) -> bool:
    """Return whether a window of every day meets one of the week, both ends taken round."""
    return any(start < weekly[1] and weekly[0] < end for start, end in _every_day(daily))


def _every_day(daily: Span) -> Iterator[Span]:
    # From the day before to the second week, because both windows may run past their end.
    for day in range(-1, 15):
        yield daily[0] + day * DAY, daily[1] + day * DAY


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


RULES: Final[tuple[Rule, ...]] = (
    engine_is_current,
    class_is_current,
    storage_can_grow,
    password_mode_works,
    replicas_have_backups,
    restore_is_whole,
    upstream_is_whole,
    names_are_free,
    windows_fit,
)
