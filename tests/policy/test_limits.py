"""Arithmetic behind the rules on limits: windows, sizes, versions, hosts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.ecs_capacity import host
from rules.ecs_limits import units
from rules.limits import shown
from rules.rds_fit import family_of, major
from rules.rds_windows import Window, backup_window, maintenance_window, overlap

DAY = 24 * 60
WEEK = 7 * DAY
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
minutes = st.integers(0, DAY - 1)


def clock(minute: int) -> str:
    """Return a minute of the day as RDS spells it."""
    return f"{minute // 60:02}:{minute % 60:02}"


def moments(window: Window, every: int) -> set[int]:
    """Return all minutes of a week in a window that repeats after so many minutes."""
    start, length = window
    return {
        (start + again + minute) % WEEK
        for again in range(0, WEEK, every)
        for minute in range(length)
    }


@given(minutes, minutes)
def test_a_backup_window_is_read_as_it_is_written(start: int, end: int) -> None:
    """It may cross midnight."""
    assert backup_window(f"{clock(start)}-{clock(end)}") == (start, (end - start) % DAY)


@given(st.integers(0, WEEK - 1), st.integers(0, WEEK - 1))
def test_a_maintenance_window_is_read_as_it_is_written(start: int, end: int) -> None:
    """It may cross the end of the week."""
    first, last = (f"{DAYS[at // DAY]}:{clock(at % DAY)}" for at in (start, end))
    assert maintenance_window(f"{first}-{last}") == (start, (end - start) % WEEK)


@given(
    st.tuples(minutes, st.integers(1, 300)),
    st.tuples(st.integers(0, WEEK - 1), st.integers(1, 300)),
)
def test_windows_overlap_where_they_share_a_minute(daily: Window, weekly: Window) -> None:
    """Counted one by one."""
    shared = moments(daily, DAY) & moments(weekly, WEEK)
    assert overlap(daily, weekly) is bool(shared)


@given(st.text(max_size=20))
def test_no_text_breaks_the_readers(text: str) -> None:
    """Whatever a program holds there."""
    assert backup_window(text) is None or "-" in text
    assert maintenance_window(text) is None or "-" in text
    assert units(text) is None or any(character.isdigit() for character in text)
    assert host(text) is None or "." in text
    assert len(shown(text)) < 70


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("256", 256),
        (256.0, 256),
        ("1 vCPU", 1024),
        (".5 vCPU", None),
        ("0.5 vcpu", 512),
        ("2GB", 2048),
        ("", None),
        (None, None),
    ],
)
def test_sizes_of_tasks_are_read_in_both_spellings(value: object, expected: float | None) -> None:
    """CPU units and MiB, or virtual CPUs and GB."""
    assert units(value) == expected


@pytest.mark.parametrize(
    ("name", "cpus", "gib"),
    [
        ("t4g.nano", 2, 0.5),
        ("t4g.medium", 2, 4),
        ("t3.large", 2, 8),
        ("t3.2xlarge", 8, 32),
        ("m7g.medium", 1, 4),
        ("c7gn.medium", 1, 2),
        ("c7g.large", 2, 4),
        ("m6i.xlarge", 4, 16),
        ("r8g.12xlarge", 48, 384),
        ("m7i-flex.large", 2, 8),
    ],
)
def test_what_a_host_has_follows_from_its_type(name: str, cpus: float, gib: float) -> None:
    """As in AWS's list of instance types."""
    found = host(name)
    assert found is not None
    assert (found.cpu, found.memory) == (cpus * 1024, gib * 1024)


@pytest.mark.parametrize("name", ["m7g.metal", "u-6tb1.112xlarge", "x2gd.large", "c7g.nano", "m7g"])
def test_a_type_whose_size_follows_no_rule_is_not_guessed(name: str) -> None:
    """Silence is better than a wrong figure."""
    assert host(name) is None


@pytest.mark.parametrize(
    ("engine", "version", "expected"),
    [
        ("postgres", "17", "postgres17"),
        ("postgres", "17.2", "postgres17"),
        ("postgres", "9.6.24", None),
        ("aurora-postgresql", "16.4", "aurora-postgresql16"),
        ("mysql", "8.0.36", "mysql8.0"),
        ("mysql", "8", None),
        ("mariadb", "10.11.6", "mariadb10.11"),
        ("aurora-mysql", "8.0.mysql_aurora.3.05.2", "aurora-mysql8.0"),
        ("oracle-se2", "19", None),
        ("postgres", "latest", None),
    ],
)
def test_a_family_follows_from_the_version(engine: str, version: str, expected: str | None) -> None:
    """And is not guessed where AWS names it otherwise."""
    assert family_of(engine, version) == expected


@pytest.mark.parametrize(("version", "expected"), [("17.2", 17), ("8.0", 8), ("x", None)])
def test_the_major_version_is_the_first_number(version: str, expected: float | None) -> None:
    """Whatever follows."""
    assert major(version) == expected
