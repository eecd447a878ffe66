"""The pack's configuration: figures and levels, and what is wrong with them."""

from dataclasses import fields, replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import CATALOGUE, LAWS, Level, catalogue, configuration
from rules.thresholds import DEFAULTS, Thresholds

SCHEMA = configuration.schema()
MANDATORY = "rds-storage-encrypted"
LASTING = {
    "rds-deletion-protected",
    "rds-final-snapshot",
    "rds-multi-az",
    "alb-deletion-protected",
}


# --- figures


def test_every_figure_is_a_property_with_type_description_and_default() -> None:
    """In camelCase; the schema is a JSON schema, and its defaults keep to it."""
    assert len(SCHEMA) == len(fields(Thresholds)) + 1
    assert SCHEMA["backupDays"]["default"] == DEFAULTS.backup_days
    for name, shape in SCHEMA.items():
        jsonschema.Draft7Validator.check_schema(shape)
        jsonschema.validate(shape["default"], shape)
        assert shape["description"].endswith("."), name
        assert shape["type"] in {"object", "array", "boolean", "integer", "number", "string"}


def test_numeric_figures_have_bounds() -> None:
    """A figure without bounds could switch its rule off."""
    for name, shape in SCHEMA.items():
        single = shape.get("items", shape)
        if single["type"] in {"integer", "number"}:
            assert {"minimum", "maximum"} <= set(single), name


def test_what_is_configured_replaces_the_default() -> None:
    """Whole numbers arrive as floats, because the protocol has no others."""
    read = configuration.read({"backupDays": 14.0, "publicPorts": [443.0]})
    assert read.findings == ()
    assert read.thresholds == replace(DEFAULTS, backup_days=14, public_ports=(443,))
    assert isinstance(read.thresholds.backup_days, int)


def test_patterns_of_production_are_added() -> None:
    """Without that, configuration could take a stack out of production, and its rules with it."""
    read = configuration.read({"production": ["live", "prod"]})
    assert read.thresholds.production == (*DEFAULTS.production, "live")
    assert configuration.read({"production": []}).thresholds == DEFAULTS


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("backupDays", 0, "a whole number from 1 to 35"),
        ("backupDays", 7.5, "a whole number from 1 to 35"),
        ("backupDays", "7", "a whole number from 1 to 35"),
        ("backupDays", True, "a whole number from 1 to 35"),
        ("backupDays", None, "a whole number from 1 to 35"),
        ("backupDays", float("nan"), "a whole number from 1 to 35"),
        ("publicPorts", 443, "a list: each a whole number from 0 to 65535"),
        ("publicPorts", [443, 70_000], "a list: each a whole number from 0 to 65535"),
        ("production", "prod", "a list: each a text"),
        ("production", [1], "a list: each a text"),
    ],
)
def test_a_wrong_value_is_a_finding_and_the_default_holds(
    key: str, value: object, accepted: str
) -> None:
    """With the value, what is accepted, and what holds instead."""
    read = configuration.read({key: value})
    (item,) = read.findings
    assert item.rule == catalogue.CONFIGURATION
    assert f"{key} cannot be {value!r}, only {accepted}; " in item.message
    assert str(SCHEMA[key]["default"]) in item.message
    assert item.remediation
    assert read.thresholds == DEFAULTS


def test_an_unknown_property_is_a_finding_that_names_the_nearest() -> None:
    """Or else all there are."""
    (near,) = configuration.read({"backupDay": 7}).findings
    assert "did you mean backupDays?" in near.message
    (far,) = configuration.read({"zzz": 7}).findings
    assert "publicPorts" in far.message


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(given=st.dictionaries(st.sampled_from([*SCHEMA, "other"]), VALUES))
def test_any_value_is_taken_as_its_schema_says(given: dict[str, Any]) -> None:
    """The reader agrees with a JSON schema validator, value by value."""
    given.pop("rules", None)
    read = configuration.read(given)
    wrong = [
        key
        for key, value in given.items()
        if key not in SCHEMA or not jsonschema.Draft7Validator(SCHEMA[key]).is_valid(value)
    ]
    assert len(read.findings) == len(wrong)


# --- levels


def levels(configured: object, stack: str) -> tuple[dict[str, Level], list[str]]:
    """Return the level of each rule in a stack, and what is wrong with the configuration."""
    rules, wrong = catalogue.select(configured, stack)
    return (
        {rule.name: level for level, listed in rules.items() for rule in listed},
        [item.message for item in wrong],
    )


@pytest.mark.parametrize(
    ("stack", "lasts"),
    [
        ("prod", True),
        ("prod-eu", True),
        ("shop-prod", True),
        ("production", True),
        ("dev", False),
        ("product", False),
        ("Prod", False),
        ("", False),
    ],
)
def test_what_must_last_is_mandatory_in_production(stack: str, *, lasts: bool) -> None:
    """And off elsewhere."""
    found, _ = levels({}, stack)
    assert {found[name] for name in LASTING} == {Level.MANDATORY if lasts else Level.DISABLED}


def test_production_changes_nothing_else() -> None:
    """All other rules have one level."""
    prod, dev = levels({}, "prod")[0], levels({}, "dev")[0]
    assert {name for name in prod if prod[name] is not dev[name]} == {
        rule.name for rule in CATALOGUE if rule.production not in {None, rule.level}
    }
    assert {rule.name for rule in CATALOGUE if rule.production} >= LASTING


@pytest.mark.parametrize("level", ["advisory", "disabled"])
@pytest.mark.parametrize("name", [MANDATORY, "rds-multi-az"])
def test_no_configuration_lowers_a_mandatory_rule_in_production(name: str, level: str) -> None:
    """That is a finding, which names rule, level and stack, and the rule keeps its level."""
    found, wrong = levels({name: level}, "prod")
    assert wrong == [f"rule {name} cannot be {level} in prod: it is mandatory in production"]
    assert found == levels({}, "prod")[0]


@pytest.mark.parametrize("level", ["advisory", "disabled"])
@pytest.mark.parametrize("stack", ["prod", "dev"])
@pytest.mark.parametrize("law", [law.name for law in LAWS])
def test_no_configuration_lowers_a_law_anywhere(law: str, stack: str, level: str) -> None:
    """Not in a stack to be thrown away either."""
    found, wrong = levels({law: level}, stack)
    assert wrong == [f"law {law} cannot be {level}: it is mandatory everywhere"]
    assert found[law] is Level.MANDATORY


def test_levels_move_freely_elsewhere_and_upwards_everywhere() -> None:
    """Advice may be silenced in production, too: it refuses nothing."""
    down = {MANDATORY: "disabled", "rds-tags-copied": "disabled"}
    found, wrong = levels(down, "dev")
    assert (wrong, found[MANDATORY]) == ([], Level.DISABLED)
    up = {"rds-tags-copied": "mandatory", "rds-port": "advisory", LAWS[0].name: "mandatory"}
    found, wrong = levels(up, "prod")
    assert (wrong, found["rds-tags-copied"]) == ([], Level.MANDATORY)
    assert found["rds-port"] is Level.ADVISORY


@given(
    configured=st.dictionaries(
        st.sampled_from([rule.name for rule in (*LAWS, *CATALOGUE)]),
        st.sampled_from(["mandatory", "advisory", "disabled", "off"]),
    )
)
def test_what_is_mandatory_in_production_stays_so(configured: dict[str, str]) -> None:
    """Whatever is configured; and each refusal to lower it is one finding."""
    usual = levels({}, "prod")[0]
    found, wrong = levels(configured, "prod")
    kept = [name for name, level in usual.items() if level is Level.MANDATORY]
    assert all(found[name] is Level.MANDATORY for name in kept)
    refused = [
        name
        for name, level in configured.items()
        if level == "off" or (usual[name] is Level.MANDATORY and level != "mandatory")
    ]
    assert len(wrong) == len(refused)


def test_the_schema_says_what_each_rule_is() -> None:
    """Its levels, its own one, and where to read more; a law has one level only."""
    rules = SCHEMA["rules"]["properties"]
    assert set(rules) == {rule.name for rule in (*LAWS, *CATALOGUE)}
    assert rules[LAWS[0].name]["enum"] == ["mandatory"]
    assert rules[MANDATORY]["enum"] == ["mandatory", "advisory", "disabled"]
    assert (rules["rds-multi-az"]["default"], rules["rds-multi-az"]["production"]) == (
        "disabled",
        "mandatory",
    )
