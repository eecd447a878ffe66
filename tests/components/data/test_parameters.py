"""The parameter group as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data.parameters import BASE, family, merged

NAMES = st.sampled_from([*BASE, "rds.force_ssl", "RDS.Force_SSL", "work_mem", "WORK_MEM"])


@given(st.dictionaries(NAMES, st.text(max_size=8)))
def test_every_parameter_has_one_value_and_tls_is_always_among_them(extra: dict[str, str]) -> None:
    """However a name is spelt: RDS refuses a group that holds a parameter twice."""
    result = merged(extra)
    lowered = [name.lower() for name in result]
    assert len(set(lowered)) == len(lowered)
    assert set(lowered) == set(BASE) | {name.lower() for name in extra}
    assert "rds.force_ssl" in result
    assert list(result) == sorted(result)


@given(st.dictionaries(st.sampled_from(["work_mem", "log_statement"]), st.text(max_size=8)))
def test_what_the_settings_say_wins(extra: dict[str, str]) -> None:
    """The base fills in what the settings leave open."""
    result = merged(extra)
    assert {name: result[name] for name in extra} == extra
    assert {name: result[name] for name in BASE if name not in extra} == {
        name: value for name, value in BASE.items() if name not in extra
    }


def test_tls_can_be_turned_off_where_the_policy_pack_sees_it() -> None:
    """Settings that are silently overruled would hide the intention from the reviewer."""
    assert merged({"RDS.FORCE_SSL": "0"})["rds.force_ssl"] == "0"
    assert merged({})["rds.force_ssl"] == "1"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("17", "postgres17"), ("17.5", "postgres17"), ("9", "postgres9"), ("18.0", "postgres18")],
)
def test_the_family_is_the_major_version(version: str, expected: str) -> None:
    """From Postgres 10 on."""
    assert family(version) == expected
