"""What RDS refuses in a database's times, ports and snapshots.

Figures: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html and
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""

import re
from collections.abc import Iterator
from typing import Final

from graph import UNKNOWN
from graph.tokens import DB_CLUSTER, DB_CLUSTER_INSTANCE, DB_INSTANCE
from rules.limits import LATE, LONG_IDENTIFIER, Values, outside, ranged, spelled, together
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, number, on, present, rule, unknown

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"


_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_SHORTEST_WINDOW: Final = 30
_CLOCK: Final = r"([01]\d|2[0-3]):([0-5]\d)"
_BACKUP: Final = re.compile(f"{_CLOCK}-{_CLOCK}")
_MAINTENANCE: Final = re.compile(f"({'|'.join(_DAYS)}):{_CLOCK}-({'|'.join(_DAYS)}):{_CLOCK}")
Window = tuple[int, int]
"""Start and length in minutes."""


def backup_window(text: str) -> Window | None:
    """Return a daily window such as `02:00-03:00`, `None` for anything else."""
    match = _BACKUP.fullmatch(text)
    if not match:
        return None
    hour, minute, until_hour, until_minute = map(int, match.groups())
    start = hour * 60 + minute
    return start, (until_hour * 60 + until_minute - start) % _DAY


def maintenance_window(text: str) -> Window | None:
    """Return a weekly window such as `sun:03:30-sun:04:30`, `None` for anything else."""
    match = _MAINTENANCE.fullmatch(text.lower())
    if not match:
        return None
    day, hour, minute, until_day, until_hour, until_minute = match.groups()
    start = _DAYS.index(day) * _DAY + int(hour) * 60 + int(minute)
    end = _DAYS.index(until_day) * _DAY + int(until_hour) * 60 + int(until_minute)
    return start, (end - start) % _WEEK


def overlap(daily: Window, weekly: Window) -> bool:
    """Tell whether a daily and a weekly window have a minute in common."""
    for day in range(7):
        start = day * _DAY + daily[0]
        if (weekly[0] - start) % _WEEK < daily[1] or (start - weekly[0]) % _WEEK < weekly[1]:
            return True
    return False


def _windows(values: Values) -> Iterator[Fault]:
    found = []
    for path, read, form in (
        ("backupWindow", backup_window, "hh24:mi-hh24:mi"),
        ("preferredBackupWindow", backup_window, "hh24:mi-hh24:mi"),
        ("maintenanceWindow", maintenance_window, "ddd:hh24:mi-ddd:hh24:mi"),
        ("preferredMaintenanceWindow", maintenance_window, "ddd:hh24:mi-ddd:hh24:mi"),
    ):
        value = values[path]
        if value in (None, ""):
            continue
        window = read(value) if isinstance(value, str) else None
        if window is None:
            yield Fault(f"has a {path} that is not of the form {form}, in UTC", path)
        elif window[1] < _SHORTEST_WINDOW:
            yield Fault(f"has a {path} of {window[1]} minutes, not 30 or more", path)
        else:
            found.append((path, window))
    if len(found) == 2 and overlap(found[0][1], found[1][1]):  # noqa: PLR2004 - backups and maintenance
        yield Fault("is backed up while it may be maintained, which RDS refuses", found[0][0])


def _period(subject: Subject) -> Iterator[Fault]:
    path = "backupRetentionPeriod"
    least = 1 if subject.type == DB_CLUSTER else 0
    value = subject.at(path)
    yield from outside(value, path, least, 35, "days")
    if (
        value is not UNKNOWN
        and number(value) == 0
        and (replicas := subject.peers("replicateSourceDb", DB_INSTANCE))
    ):
        says = f"keeps no backups and has the replica {replicas[0].name}, which RDS refuses"
        yield Fault(says, path)


def _final(subject: Subject) -> Iterator[Fault]:
    skips, name = subject.at("skipFinalSnapshot"), subject.at("finalSnapshotIdentifier")
    if on(skips) or (subject.type == DB_INSTANCE and present(subject.at("replicateSourceDb"))):
        return
    if UNKNOWN in (skips, name):
        yield unknown("skipFinalSnapshot" if skips is UNKNOWN else "finalSnapshotIdentifier")
    elif not present(name):
        yield Fault(
            "can never be destroyed: it wants a final snapshot and names none",
            "finalSnapshotIdentifier",
        )
    else:
        yield from spelled("finalSnapshotIdentifier", *LONG_IDENTIFIER)(subject)


WINDOWS: Final = rule(
    together(
        "backupWindow",
        "preferredBackupWindow",
        "maintenanceWindow",
        "preferredMaintenanceWindow",
        test=_windows,
    ),
    DB_INSTANCE,
    DB_CLUSTER,
    DB_CLUSTER_INSTANCE,
    name="rds-windows-legal",
    title="Backup and maintenance windows are well formed and apart",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set both windows, 30 minutes or more, in UTC, so that they do not overlap",
    url=f"{_GUIDE}USER_UpgradeDBInstance.Maintenance.html",
)
PERIOD: Final = rule(
    _period,
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-backup-period-legal",
    title="Backups are kept for as many days as RDS allows",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set backup_retention_period to 35 days or fewer, and above 0 where there are replicas",
    url=f"{_GUIDE}USER_WorkingWithAutomatedBackups.BackupRetention.html",
)
PORT: Final = rule(
    ranged("port", 1150, 65535),
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-port-legal",
    title="Databases listen on a port that RDS allows",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a port from 1150 to 65535, or leave it out",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
)
FINAL: Final = rule(
    _final,
    DB_INSTANCE,
    DB_CLUSTER,
    name="rds-final-snapshot-named",
    title="The final snapshot of a database has a name",
    severity=Severity.LOW,
    why="`pulumi destroy` fails, and so does a replacement, after all that depends on it is gone",
    fix="set final_snapshot_identifier, or skip_final_snapshot where nothing is worth keeping",
    url=f"{_GUIDE}USER_DeleteInstance.html",
)

RULES: Final[tuple[Rule, ...]] = (WINDOWS, PERIOD, PORT, FINAL)
