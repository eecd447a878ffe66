"""What RDS refuses in a database's storage: sizes, IOPS, throughput and growth.

Figures: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graph import UNKNOWN
from graph.tokens import DB_INSTANCE
from rules.limits import LATE, Values, shown, together
from rules.rds_names import family
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, number, present, rule, unknown

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_TYPES: Final = ("gp3", "gp2", "io1", "io2", "standard")
_LARGEST: Final = 65536
_LARGEST_OF: Final = {"sqlserver": 16384}
_SMALLEST: Final = {"gp2": 20, "gp3": 20, "io1": 100, "io2": 100, "standard": 5}
_LARGEST_MAGNETIC: Final = 3072
_HEADROOM: Final = 1.1


@dataclass(frozen=True)
class _Striped:
    """gp3 from a size on, in GiB: bounds of its IOPS and of its throughput in MiB/s."""

    size: int
    iops: tuple[int, int]
    throughput: tuple[int, int]


_STRIPED: Final = {
    "postgres": _Striped(400, (12000, 64000), (500, 4000)),
    "mysql": _Striped(400, (12000, 64000), (500, 4000)),
    "mariadb": _Striped(400, (12000, 64000), (500, 4000)),
    "db2": _Striped(400, (12000, 64000), (500, 4000)),
    "oracle": _Striped(200, (12000, 64000), (500, 4000)),
    "sqlserver": _Striped(20, (3000, 80000), (125, 2000)),
}
# What every small gp3 volume has. RDS refuses even these where asked for, but reports them back,
# and a report is no request.
_BASELINE_IOPS: Final = (0, 3000)
_BASELINE_THROUGHPUT: Final = (0, 125)
# IOPS for each GiB: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
_RATIOS: Final = {"io1": (0.5, 50), "io2": (0.5, 1000)}
_LEAST_IOPS: Final = 1000


def _aurora(engine: object) -> bool:
    return isinstance(engine, str) and engine.startswith("aurora")


def _storage(values: Values) -> Iterator[Fault]:
    engine = family(values["engine"])
    if _aurora(values["engine"]):
        return
    size, iops = number(values["allocatedStorage"]), number(values["iops"])
    kind = values["storageType"] or ("io1" if iops else "gp2")
    if kind not in _TYPES:
        says = f"has the storageType {shown(kind)}, not {', '.join(_TYPES)}"
        yield Fault(says, "storageType")
        return
    yield from _sizes(size, kind, engine)
    if kind in _RATIOS:
        yield from _provisioned(size, iops, kind)
    elif kind == "gp3":
        yield from _general(values, size, engine)
    elif iops:
        yield Fault(f"asks for {iops:g} IOPS, which {kind} does not take", "iops")
    if kind != "gp3" and number(values["storageThroughput"]):
        yield Fault(f"asks for a throughput, which {kind} does not take", "storageThroughput")


def _sizes(size: float | None, kind: str, engine: str) -> Iterator[Fault]:
    if size is None:
        return
    least = 20 if engine == "sqlserver" else _SMALLEST[kind]
    most = _LARGEST_MAGNETIC if kind == "standard" else _LARGEST_OF.get(engine, _LARGEST)
    if not least <= size <= most:
        says = f"has {size:g} GiB of {kind}, not {least} to {most}"
        yield Fault(says, "allocatedStorage")


def _provisioned(size: float | None, iops: float | None, kind: str) -> Iterator[Fault]:
    if not iops:
        yield Fault(f"has storage of type {kind} and no iops", "iops")
    elif size:
        low, high = _RATIOS[kind]
        if iops < _LEAST_IOPS or not low * size <= iops <= high * size:
            yield Fault(
                f"asks for {iops:g} IOPS of {size:g} GiB of {kind}, which takes 1000 or more, and "
                f"{low:g} to {high:g} for each GiB",
                "iops",
            )


def _general(values: Values, size: float | None, engine: str) -> Iterator[Fault]:
    striped = _STRIPED.get(engine)
    if striped is None or size is None:
        return
    for path, baseline, bounds, unit in (
        ("iops", _BASELINE_IOPS, striped.iops, "IOPS"),
        ("storageThroughput", _BASELINE_THROUGHPUT, striped.throughput, "MiB/s"),
    ):
        asked = number(values[path])
        if asked is None or asked == 0:
            continue
        if size < striped.size:
            if asked not in baseline:
                yield Fault(
                    f"asks for {asked:g} {unit} of {size:g} GiB of gp3, which only {striped.size} "
                    f"GiB or more take with {engine}",
                    path,
                )
        elif not bounds[0] <= asked <= bounds[1]:
            yield Fault(f"asks for {asked:g} {unit} of gp3, not {bounds[0]} to {bounds[1]}", path)


def _growth(values: Values) -> Iterator[Fault]:
    size, most = number(values["allocatedStorage"]), number(values["maxAllocatedStorage"])
    if not size or not most:
        return
    if values["storageType"] == "standard":
        yield Fault("lets magnetic storage grow, which it cannot", "maxAllocatedStorage")
    # To the unit: RDS counts whole GiB.
    elif most < int(size * _HEADROOM):
        yield Fault(
            f"may grow from {size:g} to {most:g} GiB, less than the 10 % that RDS demands",
            "maxAllocatedStorage",
        )


def _origin(subject: Subject) -> Iterator[Fault]:
    # A source that is not known is still one: its id comes with the first `up`.
    given = [path for path in _SOURCES if present(subject.at(path))]
    engine = subject.at("engine")
    if len(given) > 1:
        yield Fault(f"is made from two things at once: {' and '.join(given)}", given[0])
    if given:
        return
    if engine is UNKNOWN:
        yield unknown("engine")
    elif not present(engine):
        yield Fault("is neither a copy nor has it an engine", "engine")
    elif not present(subject.at("allocatedStorage")) and not _aurora(engine):
        yield Fault("is no copy and says no allocatedStorage", "allocatedStorage")


_SOURCES: Final = ("replicateSourceDb", "snapshotIdentifier", "restoreToPointInTime", "s3Import")

STORAGE: Final = rule(
    together(
        "engine", "storageType", "allocatedStorage", "iops", "storageThroughput", test=_storage
    ),
    DB_INSTANCE,
    name="rds-storage-legal",
    title="Size, IOPS and throughput of storage go together",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="leave iops and storage_throughput out, or give the storage the size that they need",
    url=f"{_GUIDE}CHAP_Storage.html",
)
GROWTH: Final = rule(
    together("allocatedStorage", "maxAllocatedStorage", "storageType", test=_growth),
    DB_INSTANCE,
    name="rds-storage-growth-legal",
    title="Storage that may grow has room to",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set max_allocated_storage to 110 % of allocated_storage or more, better to 126 %",
    url=f"{_GUIDE}USER_PIOPS.Autoscaling.html",
)
ORIGIN: Final = rule(
    _origin,
    DB_INSTANCE,
    name="rds-origin-legal",
    title="A database is new, or a copy of one thing",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="name one source, or an engine and the storage it gets",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
)

RULES: Final[tuple[Rule, ...]] = (STORAGE, GROWTH, ORIGIN)
