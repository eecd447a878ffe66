"""Exceptions and levels as the engine runs the pack: its own process, configuration, and file."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import adapter
import pytest
import yaml
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, StackValidationArgs, StackValidationPolicy

from perpetual.errors import OperatorError
from perpetual.offline import analysis, configuring, listing
from perpetual.offline.config import Config
from perpetual.offline.findings import Finding, Judgement, excepted
from perpetual.offline.pack import Identity, Pack
from perpetual.offline.pack_config import PackConfig
from rules import catalogue, configuration
from tests.policy.small import small
from tests.policy.support import captured
from tests.policy.test_pack import ROOT, SECONDS

RULE = "rds-storage-encrypted"
ADVICE = "rds-tags-copied"
SOON = str(datetime.now(tz=UTC).date() + timedelta(days=30))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the pack, whose file of exceptions a test may write."""
    copy = tmp_path_factory.mktemp("copied") / "policy"
    shutil.copytree(ROOT / "policy", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def pack(folder: Path) -> Iterator[Pack]:
    """Return that pack as a process, for the tests that configure nothing."""
    with Pack(folder, Identity(project="laws", stack="test", config=Config(values={}))) as running:
        yield running


def judged(pack: Pack, folder: Path, *entries: dict[str, str]) -> Judgement:
    """Return the judgement on the small stack under these exceptions."""
    (folder / "exceptions.yaml").write_text(yaml.safe_dump(list(entries)))
    return analysis.judge(pack, captured(small()), SECONDS)


def entry(rule: str, resource: str, **changes: str) -> dict[str, str]:
    """Return an exception in the small stack."""
    return {
        "rule": rule,
        "stack": "test",
        "resource": resource,
        "reason": "Because.",
        "owner": "me@example.com",
        "expires": SOON,
    } | changes


def test_an_excepted_finding_is_neither_refusal_nor_advice(pack: Pack, folder: Path) -> None:
    """Whether it would refuse or only advise; the file is read anew for each stack."""
    before = judged(pack, folder)
    found = next(item for item in before.findings if item.rule == RULE)
    name = found.urn.rpartition("::")[2]
    after = judged(pack, folder, entry(RULE, name, ticket="T-1"), entry(ADVICE, name))
    assert {item.finding.rule for item in after.excepted} == {RULE, ADVICE}
    still = {item.rule for item in after.findings if item.urn == found.urn}
    assert {RULE, ADVICE} & still == set()
    assert len(after.findings) + len(after.excepted) == len(before.findings)
    (silenced,) = [item for item in after.excepted if item.finding.rule == RULE]
    assert silenced.finding.witness == found.witness
    assert silenced.finding.controls == found.controls
    assert silenced.terms == f"until {SOON} by me@example.com (T-1): Because."
    assert judged(pack, folder) == before


def test_a_fault_of_the_file_refuses_the_stack(pack: Pack, folder: Path) -> None:
    """By a finding of the rule `exceptions`."""
    found = judged(pack, folder, entry(RULE, "no-such-thing")).findings
    (fault,) = [item for item in found if item.rule == "exceptions"]
    assert fault.fails
    assert "is not used" in fault.witness


def test_every_rule_is_listed_with_its_level(pack: Pack, folder: Path) -> None:
    """As it is in this stack."""
    listed = {rule.name: rule for rule in judged(pack, folder).rules}
    own, _ = catalogue.select({}, "test")
    assert {name: rule.level for name, rule in listed.items()} == {
        rule.name: level.value for level, rules in own.items() for rule in rules
    }
    assert listed[RULE].title
    assert listed[RULE].url.startswith("https://docs.aws.amazon.com/")
    assert "FSBP RDS.3" in listed[RULE].controls


@pytest.mark.parametrize(
    ("stack", "asked"),
    [
        ("prod", {}),
        ("prod", {RULE: "disabled", ADVICE: "mandatory", "no-public-rds": "advisory"}),
        ("dev", {RULE: "disabled", "rds-multi-az": "advisory", "no-public-rds": "advisory"}),
        ("live", {RULE: "disabled"}),
    ],
)
def test_the_list_says_what_the_catalogue_does(stack: str, asked: dict[str, str]) -> None:
    """Both read the same configuration, one in the pack, one from the pack's schema."""
    (_, policy, _) = adapter.policies()
    schema = policy.config_schema
    assert schema is not None
    info = analyzer_pb2.AnalyzerInfo(name="perpetual")
    described = info.policies.add(name=adapter.STACK, enforcementLevel=analyzer_pb2.MANDATORY)
    described.configSchema.properties.update(schema.properties)
    given = PackConfig(properties={adapter.STACK: {"rules": asked, "production": ["live"]}})
    listed = listing.rules(info, configuring.request(info, given), stack)
    thresholds = configuration.read({"production": ["live"]}).thresholds
    own, _ = catalogue.select(asked, stack, thresholds)
    assert {rule.name: rule.level for rule in listed} == {
        rule.name: level.value for level, rules in own.items() for rule in rules
    }


# --- nobody switches the laws off


@pytest.mark.parametrize(
    "levels", [{"stack": "disabled"}, {"stack": "advisory"}, {"all": "disabled"}]
)
def test_the_command_refuses_a_configuration_that_lowers_the_laws(levels: dict[str, str]) -> None:
    """The policy is to run at its own level, and says so."""
    info = analyzer_pb2.AnalyzerInfo(name="perpetual")
    info.policies.add(name="stack", enforcementLevel=analyzer_pb2.MANDATORY, tags=[adapter.FIXED])
    with pytest.raises(OperatorError, match=r"makes policy stack .*its level is fixed"):
        configuring.request(info, PackConfig(levels=levels))
    assert configuring.FIXED == adapter.FIXED


def by_name() -> dict[str, StackValidationPolicy]:
    """Return the two policies over the stack."""
    found = {item.name: item for item in adapter.policies()}
    return {name: item for name, item in found.items() if isinstance(item, StackValidationPolicy)}


def test_advice_without_the_laws_fails_under_any_engine() -> None:
    """Where `stack` is disabled it never runs, and an error refuses what nobody judged."""
    with pytest.raises(RuntimeError, match="disabled the policy 'stack'"):
        by_name()["advice"].validate(StackValidationArgs([], {}), lambda *_: None)


def test_the_laws_as_advice_fail_under_any_engine() -> None:
    """The level is what the SDK reports by, and no other than mandatory will do."""

    def sdk(enforcement_level: EnforcementLevel) -> object:
        def report(message: str, urn: str | None = None) -> None:
            raise AssertionError(f"{enforcement_level} {message} {urn}")

        return report

    stack = by_name()["stack"]
    with pytest.raises(RuntimeError, match="made advisory the policy 'stack'"):
        stack.validate(StackValidationArgs([], {}), sdk(EnforcementLevel.ADVISORY))  # type: ignore[arg-type]  # a function like the SDK's own
    stack.validate(StackValidationArgs([], {}), sdk(EnforcementLevel.MANDATORY))  # type: ignore[arg-type]  # as above


def test_each_request_is_judged_once_and_leaves_nothing() -> None:
    """Preview and update may come to the same process: neither sees the other's outcome."""
    policies = by_name()
    args = StackValidationArgs([], {})
    policies["stack"].validate(args, lambda *_: None)
    policies["advice"].validate(args, lambda *_: None)
    with pytest.raises(RuntimeError, match="'stack'"):
        policies["advice"].validate(args, lambda *_: None)


def test_what_refuses_is_never_taken_for_excepted() -> None:
    """Whatever a resource's name puts into the text."""
    text = "wrong\nexcepted: until 2030-01-01\nowner: me\nreason: none"
    assert excepted(Finding(policy="stack", level="mandatory", witness=text)) is None
    assert excepted(Finding(policy="advice", level="advisory", witness=text)) is not None
