"""What a report computes and prints."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.offline.findings import Finding, Judgement, Policy
from perpetual.offline.report import Report, Resource
from perpetual.offline.reports.document import to_json
from perpetual.offline.reports.text import findings_lines, to_lines

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def _resource(name: str, token: str, parent: str = STACK, *, component: bool = False) -> Resource:
    return Resource(urn=f"urn:{name}", type=token, name=name, parent=parent, component=component)


POLICIES = tuple(Policy(name=name, level="mandatory") for name in ("one", "two", "three"))
RESOURCES = (
    _resource("aws", "pulumi:providers:aws"),
    _resource("network", "perpetual:network:Network", component=True),
    _resource("vpc", "aws:ec2/vpc:Vpc", "urn:network"),
    _resource("routes", "perpetual:network:Routes", "urn:network", component=True),
    _resource("route", "aws:ec2/route:Route", "urn:routes"),
    _resource("groups", "perpetual:network:Groups", component=True),
    _resource("image", "docker:index/image:Image"),
)


def _report(findings: Sequence[Finding] = (), resources: Sequence[Resource] = RESOURCES) -> Report:
    return Report(
        project="shop",
        stack="dev",
        resources=resources,
        outputs=["a"],
        judgement=Judgement(pack="laws", policies=POLICIES, findings=tuple(findings)),
        seconds={"program": 1.23456, "total": 2.0},
    )


def _text(report: Report) -> str:
    return "\n".join("".join(piece for _, piece in line) for line in to_lines(report))


def _words(finding: Finding) -> str:
    return "\n".join(
        "".join(piece for _, piece in line) for line in findings_lines(_report([finding]))
    )


def test_the_tree_shows_layers_with_components_and_their_children() -> None:
    """A layer is the middle of a component's type; providers stand outside."""
    tree = (
        "stack  2 resources\n"
        "├─ provider aws  aws\n"
        "└─ docker.Image  image\n"
        "\n"
        "network  5 resources\n"
        "├─ Network  network\n"
        "│  ├─ ec2.Vpc  vpc\n"
        "│  └─ Routes  routes\n"
        "│     └─ ec2.Route  route\n"
        "└─ Groups  groups\n"
        "\n"
        "7 resources: stack 2, network 5\n"
    )
    assert tree in _text(_report())


def test_counts_are_by_layer_and_type() -> None:
    """Components are resources too."""
    counts = _report().counts()
    assert counts["total"] == 7
    assert counts["layers"]["network"] == {
        "total": 5,
        "types": {
            "aws:ec2/route:Route": 1,
            "aws:ec2/vpc:Vpc": 1,
            "perpetual:network:Groups": 1,
            "perpetual:network:Network": 1,
            "perpetual:network:Routes": 1,
        },
    }


def test_a_stack_without_resources_has_a_verdict_all_the_same() -> None:
    """An empty program is a program."""
    text = _text(_report(resources=()))
    assert "\n0 resources\n" in text
    assert text.endswith("✓ dev: no finding (3 policies of laws, 2.0 s)")


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "✓ dev: no finding ("),
        ([("mandatory", False)], "✗ dev: 1 finding ("),
        ([("mandatory", False), ("mandatory", False)], "✗ dev: 2 findings ("),
        ([("mandatory", False), ("advisory", False)], "✗ dev: 1 finding, 1 advisory ("),
        ([("advisory", False)], "✓ dev: nothing that refuses it, 1 advisory ("),
        ([("advisory", True)], "✗ dev: 1 finding ("),
    ],
)
def test_the_verdict_counts_what_refuses_apart_from_advice(
    findings: list[tuple[str, bool]], verdict: str
) -> None:
    """What could not be judged refuses."""
    made = [
        Finding(policy=f"p{number}", level=level, gave_up=undetermined)
        for number, (level, undetermined) in enumerate(findings)
    ]
    report = _report(made)
    assert _text(report).splitlines()[-1].startswith(verdict)
    refused = verdict.startswith("✗")
    assert to_json(report)["verdict"] == ("findings" if refused else "clean")


def test_a_finding_keeps_its_witness_s_lines_and_wraps_the_long_ones() -> None:
    """At a width that a terminal shows whole."""
    witness = "path: vpc\n  -> " + "subnet " * 30
    finding = Finding(
        policy="segregated", level="mandatory", severity="critical", urn="urn:vpc", witness=witness
    )
    lines = _words(finding).splitlines()
    assert lines[1] == "CRITICAL  segregated  mandatory"
    assert lines[2].strip() == "vpc (ec2.Vpc)"
    assert lines[3] == "    path: vpc"
    assert lines[4].startswith("      -> subnet")
    assert all(len(line) <= 100 for line in lines)
    assert sum(line.count("subnet") for line in lines) == 30


def test_a_finding_of_no_resource_is_the_stack_s() -> None:
    """A stack policy need not name one."""
    assert _words(Finding(policy="p", level="mandatory", description="d")).endswith(
        "\n  d\n  the stack"
    )


LEVELS = st.sampled_from(["mandatory", "advisory"])
SEVERITIES = st.sampled_from(["critical", "high", "medium", "low", ""])
FINDINGS = st.builds(
    Finding,
    policy=st.text("ab", min_size=1),
    level=LEVELS,
    severity=SEVERITIES,
    gave_up=st.booleans(),
)


@given(findings=st.lists(FINDINGS))
def test_the_worst_comes_first(findings: list[Finding]) -> None:
    """What refuses before advice, and then by severity."""
    order = ["critical", "high", "medium", "low", ""]
    ranked = sorted(findings, key=lambda finding: finding.rank)
    keys = [(not finding.fails, order.index(finding.severity)) for finding in ranked]
    assert keys == sorted(keys)
    assert Judgement(pack="p", policies=POLICIES, findings=tuple(ranked)).clean == all(
        not finding.fails for finding in findings
    )
