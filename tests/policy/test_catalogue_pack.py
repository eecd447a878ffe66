"""The catalogue as the engine runs it: two policies, one configuration, no value by a proxy."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import adapter
import pytest
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import (
    EnforcementLevel,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)

from rules import catalogue
from tests.policy.small import small
from tests.policy.support import captured
from tests.policy.test_pack import ROOT, SECONDS, outputs_of, running

Found = list[analyzer_pb2.AnalyzeDiagnostic]


@pytest.fixture(scope="module")
def stub() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """Return a client of a pack that this module's tests share."""
    with running() as client:
        yield client


def ask(stub: analyzer_pb2_grpc.AnalyzerStub, rules: Any = None) -> Found:
    """Ask about the small stack, with this configuration of rules, if any."""
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, level in ((adapter.STACK, "MANDATORY"), (adapter.ADVICE, "ADVISORY")):
        request.policyConfig[name].enforcementLevel = analyzer_pb2.EnforcementLevel.Value(level)
    if rules is not None:
        request.policyConfig[adapter.STACK].properties.update({"rules": rules})
    stub.Configure(request, timeout=SECONDS)
    resources = [
        analyzer_pb2.AnalyzerResource(
            type=item.type, urn=item.urn, name=item.name, properties=outputs_of(item, {})
        )
        for item in captured(small()).registrations
    ]
    answer = stub.AnalyzeStack(
        analyzer_pb2.AnalyzeStackRequest(resources=resources), timeout=SECONDS
    )
    return list(answer.diagnostics)


def rules_of(found: Found, policy: str) -> set[str]:
    """Return the rules that a policy's diagnostics name, in the first line of their finding."""
    lines = [item.message.splitlines()[1] for item in found if item.policyName == policy]
    return {line.partition(" (")[0] for line in lines}


def test_mandatory_and_advisory_rules_speak_by_their_own_policy(
    stub: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    """Each diagnostic has its policy's level, the resource, and the rule first."""
    found = ask(stub)
    assert "rds-storage-encrypted" in rules_of(found, adapter.STACK)
    assert "rds-tags-copied" in rules_of(found, adapter.ADVICE)
    assert not rules_of(found, adapter.STACK) & rules_of(found, adapter.ADVICE)
    for item in found:
        refuses = item.policyName == adapter.STACK
        assert (item.enforcementLevel == analyzer_pb2.MANDATORY) is refuses
        assert item.urn


def test_the_configuration_moves_rules_between_the_policies(
    stub: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    """To refuse, to advise, or to be silent; and without it they are back."""
    moved = ask(
        stub,
        {
            "rds-multi-az": "mandatory",
            "rds-storage-encrypted": "advisory",
            "rds-logs-exported": "disabled",
        },
    )
    assert "rds-multi-az" in rules_of(moved, adapter.STACK)
    assert "rds-storage-encrypted" in rules_of(moved, adapter.ADVICE)
    assert "rds-storage-encrypted" not in rules_of(moved, adapter.STACK)
    assert not any("rds-logs-exported" in item.message for item in moved)
    assert "rds-logs-exported" in rules_of(ask(stub), adapter.STACK)


@pytest.mark.parametrize("rules", [{"no-such-rule": "disabled"}, {"rds-port": "quiet"}, "all off"])
def test_a_mistake_in_the_configuration_refuses_the_stack(
    stub: analyzer_pb2_grpc.AnalyzerStub, rules: Any
) -> None:
    """One finding, about no resource; all else is as without it."""
    usual = {(item.policyName, item.message) for item in ask(stub)}
    found = ask(stub, rules)
    (wrong,) = [item for item in found if (item.policyName, item.message) not in usual]
    assert wrong.enforcementLevel == analyzer_pb2.MANDATORY
    assert wrong.urn == ""
    assert len(found) == len(usual) + 1


def test_the_schema_has_a_default_for_every_property() -> None:
    """A client that knows no configuration of ours must not have to."""
    (policy,) = [item for item in adapter.policies() if item.name == adapter.STACK]
    schema = policy.config_schema
    assert schema is not None
    assert schema.properties["rules"]["default"] == {}
    assert not schema.required


def test_a_rule_that_raises_is_a_finding_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the pack as in `judge`: the failure is mandatory, and about the rule itself."""
    first, *others = catalogue.CATALOGUE

    def broken(_: object, __: object) -> Iterator[Any]:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(catalogue, "CATALOGUE", (replace(first, check=broken), *others))
    said: list[str] = []

    def report(message: str, urn: str | None = None) -> None:
        said.append(f"{urn}: {message}")

    policies = {item.name: item for item in adapter.policies()}
    policy = policies[adapter.STACK]
    assert isinstance(policy, StackValidationPolicy)
    validate(policy, StackValidationArgs([], {}), report)
    assert len(said) == 1
    assert said[0].startswith(f"None: {first.name} (critical): rule {first.name} failed")


def validate(
    policy: StackValidationPolicy, args: StackValidationArgs, report: ReportViolation
) -> None:
    """Run a policy as the SDK does."""
    policy.validate(args, report)
    assert policy.enforcement_level in (EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY)


def proxies(value: object) -> bool:
    """Tell whether a value is one of the SDK's proxies, or holds one."""
    if isinstance(value, adapter._PROXIES):  # noqa: SLF001 - what the adapter takes off
        return True
    if isinstance(value, Mapping):
        return any(map(proxies, value.values()))
    return isinstance(value, (list, tuple)) and any(map(proxies, value))


def test_no_value_reaches_a_rule_by_a_proxy() -> None:
    """One touch of an unknown value behind a proxy would end the policy as mere advice."""
    wrapped = proxy.unknown_checking_proxy(
        {"a": [{"b": proxy.UNKNOWN_STRING_VALUE, "c": [1, {"d": "e"}]}], "f": {"g": True}}
    )
    assert proxies(wrapped)
    assert not proxies(adapter.plain(wrapped))


def test_rules_know_neither_pulumi_nor_its_policy_sdk() -> None:
    """So they cannot read by a proxy: all they see is the graph."""
    for file in sorted((ROOT / "policy").glob("[gr]*/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.startswith("pulumi") for name in names), file
