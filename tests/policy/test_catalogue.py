"""Each rule of the catalogue: what complies, what does not, what cannot be told, what is absent."""

import re

import pytest

from graph import UNKNOWN, Graph, Resource
from rules import CATALOGUE, LAWS, Finding, Level, catalogue, judge
from rules.docs import document
from tests.policy.catalogue_access import ESCALATION, SEPARATION
from tests.policy.catalogue_case import Case, Properties
from tests.policy.catalogue_compute import PERMISSIONS, SERVICES, TASKS
from tests.policy.catalogue_data import RDS, STORAGE
from tests.policy.catalogue_deployments import DEPLOYMENTS
from tests.policy.catalogue_documents import DOCUMENTS
from tests.policy.catalogue_ecs_limits import PARTS, SIZES
from tests.policy.catalogue_edge import EDGE, LIMITS, NAMES
from tests.policy.catalogue_fleet import FLEETS, NETWORKS, SIGNALS
from tests.policy.catalogue_identities import IDENTITIES
from tests.policy.catalogue_names import KEPT, RANGES, WORDS
from tests.policy.catalogue_network import BALANCERS, GROUPS, HOSTS
from tests.policy.catalogue_plain import PLAIN
from tests.policy.catalogue_rds import CLUSTERS
from tests.policy.catalogue_rds_limits import REFUSED
from tests.policy.catalogue_reach import REACHABLE
from tests.policy.catalogue_stored import STORED
from tests.policy.catalogue_strangers import STRANGERS
from tests.policy.support import graph_of
from tests.support.stacks import ROOT, captured

CASES = [
    *RDS,
    *STORAGE,
    *GROUPS,
    *BALANCERS,
    *HOSTS,
    *REACHABLE,
    *NETWORKS,
    *FLEETS,
    *SIGNALS,
    *TASKS,
    *SERVICES,
    *DEPLOYMENTS,
    *PERMISSIONS,
    *ESCALATION,
    *SEPARATION,
    *DOCUMENTS,
    *STRANGERS,
    *IDENTITIES,
    *STORED,
    *PLAIN,
    *CLUSTERS,
    *REFUSED,
    *SIZES,
    *PARTS,
    *LIMITS,
    *EDGE,
    *NAMES,
    *WORDS,
    *RANGES,
    *KEPT,
]
RULES = {rule.name: rule for rule in CATALOGUE}


def each(kind: str) -> list[object]:
    """Return a parameter for each compliant, violating or undetermined form of every case."""
    return [
        pytest.param(case, held, id=f"{case.rule}-{case.type.rsplit(':')[-1]}-{number}")
        for case in CASES
        for number, held in enumerate(getattr(case, kind))
    ]


def found(case: Case, held: Properties) -> list[Finding]:
    """Return what the case's rule finds."""
    return judge([RULES[case.rule]], case.graph(held), case.thresholds)


@pytest.mark.parametrize(("case", "held"), each("good"))
def test_what_complies_is_no_finding(case: Case, held: Properties) -> None:
    """Silence, whatever else the resource is."""
    assert found(case, held) == []


@pytest.mark.parametrize(("case", "held"), each("bad"))
def test_what_does_not_comply_is_a_finding(case: Case, held: Properties) -> None:
    """The finding names rule, resource, property and way out, and is sure."""
    findings = found(case, held)
    assert findings
    for item in findings:
        assert item.rule == case.rule
        assert item.resource.endswith("::subject")
        assert not item.undetermined, item.message
        assert item.remediation
        assert item.witness


@pytest.mark.parametrize(("case", "held"), each("unknown"))
def test_what_is_not_known_is_undetermined(case: Case, held: Properties) -> None:
    """A rule that cannot decide never passes."""
    findings = found(case, held)
    assert findings
    assert all(item.undetermined for item in findings), [item.message for item in findings]
    assert all(item.message.startswith("cannot tell whether ") for item in findings)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_does_not_apply_without_its_types(name: str) -> None:
    """Neither an empty stack nor resources of other kinds are findings."""
    other = Resource(urn="urn:other", type="gcp:sql/instance:Instance", name="other")
    assert judge([RULES[name]], Graph.of([])) == []
    assert judge([RULES[name]], Graph.of([other])) == []


def test_every_rule_has_its_cases() -> None:
    """At least two ways to break it; one that complies, where there is one; one not known."""
    without_good = {"iam-no-access-keys", "iam-no-users"}
    certain = {
        *("iam-no-access-keys", "s3-lifecycle", "ecr-lifecycle"),  # absence alone is judged
        *("alb-certificate", "logs-encrypted"),  # an unknown ARN is one
        *("ssm-own-key", "secretsmanager-own-key"),  # the same
        *("tags-no-secrets", "stack-outputs-no-secrets"),  # what is not known is not shown
        *("iam-no-users", "secretsmanager-rotated"),  # absence or presence alone
        *("sns-encrypted", "rds-no-literal-password"),  # a computed value is one
        "ecs-execution-role",  # a document that cannot be read is the finding of others
        *("acm-not-imported", "route53-no-dangling"),  # what is not known is of this stack
    }
    for name in RULES:
        cases = [case for case in CASES if case.rule == name]
        assert sum(len(case.bad) for case in cases) >= 2, name
        assert name in without_good or any(case.good for case in cases), name
        assert name in certain or any(case.unknown for case in cases), name
    assert {case.rule for case in CASES} == set(RULES)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("value", [UNKNOWN, "", "[]", "{", 0, True, [], {}, [UNKNOWN], [[]], [3]])
def test_no_shape_of_a_property_breaks_a_rule(name: str, value: object) -> None:
    """Foreign programs hold anything anywhere: a rule may find it wrong, and may not fail."""
    keys = [*_read(name), "id"]
    held = dict.fromkeys(keys, value)
    resources = [
        Resource(urn=f"urn:{token}", type=token, name="odd", properties=held)
        for token in RULES[name].types
    ]
    failures = [item for item in judge([RULES[name]], Graph.of(resources)) if not item.resource]
    assert failures == []


def _read(name: str) -> set[str]:
    """Return the top-level properties that the cases of a rule use."""
    cases = [case for case in CASES if case.rule == name]
    return {
        key
        for case in cases
        for held in (*case.good, *case.bad, *case.unknown)
        for key in held
        if key != "beside"
    }


# --- the registry


def test_ids_are_unique_and_plain() -> None:
    """An id is what configuration and exceptions name."""
    names = [rule.name for rule in (*LAWS, *CATALOGUE)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name) for name in names)


def test_every_rule_says_what_why_and_how() -> None:
    """Its row is complete, and its reference is AWS's own."""
    for rule in (*LAWS, *CATALOGUE):
        assert rule.title, rule.name
        assert rule.description.endswith("."), rule.name
        assert len(rule.why) > 20, rule.name
        assert rule.remediation, rule.name
        assert rule.url.startswith("https://docs.aws.amazon.com/"), rule.name
        for control in rule.controls:
            assert re.fullmatch(r"FSBP \w+\.\d+|CIS \d\.\d+(\.\d)?|CIS5 \d\.\d+(\.\d)?", control), (
                control
            )


def test_the_page_is_what_the_registry_says() -> None:
    """Run `python -m rules.docs > ../docs/policy.md` in policy/ after a change of a rule."""
    page = (ROOT / "docs" / "policy.md").read_text()
    assert page == document()
    rows = [line for line in page.splitlines() if line.startswith("| [`")]
    assert len(rows) == len(LAWS) + len(CATALOGUE)


# --- levels


def test_a_rule_has_its_own_level_unless_configured() -> None:
    """The configuration moves single rules, and only those."""
    own, wrong = catalogue.select({})
    assert wrong == []
    assert {level: len(rules) for level, rules in own.items()} == {
        level: sum(rule.level is level for rule in (*LAWS, *CATALOGUE)) for level in Level
    }
    moved, wrong = catalogue.select({"rds-multi-az": "mandatory", "alb-tls-policy": "disabled"})
    assert wrong == []
    assert RULES["rds-multi-az"] in moved[Level.MANDATORY]
    assert RULES["alb-tls-policy"] in moved[Level.DISABLED]


@pytest.mark.parametrize(
    ("configured", "named"),
    [
        ({"rds-multi-as": "disabled"}, "rds-multi-as"),
        ({"rds-multi-az": "off"}, "off"),
        ({"rds-multi-az": 3}, "3"),
        (["rds-multi-az"], "rds-multi-az"),
        (UNKNOWN, "UNKNOWN"),
    ],
)
def test_a_mistake_in_the_configuration_is_a_finding(configured: object, named: str) -> None:
    """And it switches nothing off."""
    levels, wrong = catalogue.select(configured)
    assert [named in item.message for item in wrong] == [True]
    assert levels == catalogue.select({})[0]


def test_a_finding_names_its_rule_first() -> None:
    """Then its severity and what is wrong, then one thing a line."""
    (item,) = found(RDS[0], {})
    first, *others = catalogue.text(item).splitlines()
    assert first == "rds-storage-encrypted (high): rds subject keeps its storage unencrypted"
    assert [line.partition(":")[0] for line in others] == ["path", "fix", "controls", "see"]


def test_no_finding_repeats_a_secret() -> None:
    """Findings end up in pull requests."""
    for case in CASES:
        for held in case.bad:
            texts = [catalogue.text(item) for item in found(case, held)]
            assert not any("hunter2" in text or "ABCDEFGH1234" in text for text in texts)


# --- this project's stacks


@pytest.mark.parametrize("known", [False, True], ids=["preview", "update"])
def test_prod_complies_with_the_whole_catalogue(known: bool) -> None:  # noqa: FBT001 - a form
    """No advice either: what is switched off by default is all that would speak."""
    findings = judge(CATALOGUE, graph_of(captured("prod", known=known)))
    spoken = {item.rule for item in findings}
    assert spoken <= {rule.name for rule in CATALOGUE if rule.level is Level.DISABLED}


NOT_FOR_US = {
    "rds-port",
    "rds-events",
    "ecs-read-only-root",
    "alb-firewall",
    "alb-connection-logs",
    "target-encrypted",
    "target-health-encrypted",
    "vpc-service-endpoints",
    "asg-mixed-types",
}
"""Rules that are off because this project decided otherwise, in prod as well."""


@pytest.mark.parametrize("known", [False, True], ids=["preview", "update"])
def test_dev_breaks_only_what_a_stack_switches_on_that_must_last(
    known: bool,  # noqa: FBT001 - a form
) -> None:
    """A small database without standby or protection is what a development stack is."""
    rules, _ = catalogue.select({}, "dev")
    graph = graph_of(captured("dev", known=known))
    assert judge(rules[Level.MANDATORY] + rules[Level.ADVISORY], graph) == []
    lasting = [rule for rule in rules[Level.DISABLED] if rule.name not in NOT_FOR_US]
    assert {item.rule for item in judge(lasting, graph)} == {
        "rds-deletion-protected",
        "rds-final-snapshot",
        "rds-multi-az",
        "alb-deletion-protected",
        "s3-no-force-destroy",
        "stateful-protected",
        "nat-per-zone",
    }
