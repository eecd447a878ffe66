"""`perpetual policy list | explain | coverage`."""

import pytest

from perpetual.errors import OperatorError
from rules import CATALOGUE, LAWS, Severity
from tests.commands.policy.running import answer, run

Capsys = pytest.CaptureFixture[str]
RULES = (*LAWS, *CATALOGUE)


def test_the_list_names_every_rule_once_by_area(capsys: Capsys) -> None:
    """Laws first; each rule below its area, with severity, level and title."""
    code, out = run(capsys, "list")
    rows = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert code == 0
    assert sorted(rows) == sorted(rule.name for rule in RULES)
    assert out.startswith("laws\n")
    assert out.splitlines()[-1] == f"{len(RULES)} of {len(RULES)} rules"


@pytest.mark.parametrize("severity", list(Severity))
def test_a_severity_narrows_the_list(capsys: Capsys, severity: Severity) -> None:
    """Rules of that severity and no others."""
    found = answer(capsys, "list", "--severity", severity)["rules"]
    assert {item["rule"] for item in found} == {
        rule.name for rule in RULES if rule.severity is severity
    }


@pytest.mark.parametrize(
    ("control", "included", "excluded"),
    [
        ("RDS.2", "no-public-rds", "rds-port"),  # RDS.23 is not RDS.2
        ("fsbp rds.2", "no-public-rds", "rds-port"),
        ("CIS", "no-public-rds", "sg-described"),
    ],
)
def test_a_control_narrows_the_list(
    capsys: Capsys, control: str, included: str, excluded: str
) -> None:
    """By its name, with or without the framework, or by the framework alone."""
    found = {item["rule"] for item in answer(capsys, "list", "--control", control)["rules"]}
    assert included in found
    assert excluded not in found


def test_part_of_a_type_narrows_the_list(capsys: Capsys) -> None:
    """Type tokens are long, and nobody knows their case."""
    found = answer(capsys, "list", "--type", "launchtemplate")["rules"]
    assert found
    assert all(any("LaunchTemplate" in token for token in item["types"]) for item in found)


def test_an_unknown_severity_is_refused(capsys: Capsys) -> None:
    """With the ones there are."""
    with pytest.raises(OperatorError, match=r"'urgent'.*\n.*critical"):
        run(capsys, "list", "--severity", "urgent")


@pytest.mark.parametrize("name", ["no-public-rds", "rds-multi-az"])
def test_a_rule_is_explained(capsys: Capsys, name: str) -> None:
    """Text and JSON say the same: what, why, how severe, which level, and the way out."""
    code, out = run(capsys, "explain", name)
    found = answer(capsys, "explain", name)
    assert code == 0
    assert out.startswith(f"{name}: {found['title']}\n")
    for key in ("what", "why", "severity", "level", "fix", "url"):
        assert found[key] in out
    assert all(control in out for control in found["controls"])


def test_a_rule_that_lasting_stacks_switch_on_says_so(capsys: Capsys) -> None:
    """Its level is what it does elsewhere."""
    rule = next(rule for rule in CATALOGUE if rule.production not in (None, rule.level))
    _, out = run(capsys, "explain", rule.name)
    assert f"{rule.level}, {rule.production} in production" in out


def test_the_nearest_name_is_suggested(capsys: Capsys) -> None:
    """A typing error costs one look, not a search."""
    with pytest.raises(OperatorError, match="Did you mean rds-multi-az"):
        run(capsys, "explain", "rds-mutli-az")
    with pytest.raises(OperatorError, match="policy list"):
        run(capsys, "explain", "§§§")


@pytest.mark.parametrize("framework", ["fsbp", "cis", "pci"])
def test_coverage_counts_what_it_lists(capsys: Capsys, framework: str) -> None:
    """Every control has one status, and a remark or a rule."""
    (found,) = answer(capsys, "coverage", "--framework", framework)["frameworks"]
    assert sum(found["counts"].values()) == len(found["controls"])
    assert found["counts"]["met"] > 5
    assert all(item["rules"] or item["note"] for item in found["controls"])
    code, out = run(capsys, "coverage", "--framework", framework)
    assert code == 0
    assert all(f"  {item['id']} " in out for item in found["controls"])


def test_coverage_shows_all_frameworks_by_default(capsys: Capsys) -> None:
    """Three of them."""
    found = answer(capsys, "coverage")["frameworks"]
    assert [item["framework"] for item in found] == ["fsbp", "cis", "pci"]
