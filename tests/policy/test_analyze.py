"""The pack under `pulumi policy analyze --file`: requests in the very form that the engine sends.

For each resource of a state that is not to be deleted, Remediate and Analyze with its inputs; then
AnalyzeStack with all outputs. The stack is not configured, and nothing says what it is called.
https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/analyze_snapshot.go
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from perpetual.policy.check import check
from rules import LAWS
from tests.policy.small import small
from tests.policy.support import Program, captured
from tests.policy.test_pack import ROOT, SECONDS, running
from tests.support.state import exported

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def state_of(program: Program) -> dict[str, Any]:
    """Return the export of a program's stack."""
    return exported(captured(program, known=True), stack="test", project="laws")


def wire(value: Any) -> Any:
    """Return a value of a state as the engine sends it without the key to its secrets."""
    match value:
        case {"4dabf18193072939515e22adb298388d": _}:
            return {**SECRET, "value": "[secret]"}
        case dict():
            return {key: wire(item) for key, item in value.items()}
        case list():
            return [wire(item) for item in value]
        case _:
            return value


def struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return properties as a message."""
    return json_format.ParseDict(wire(dict(value)), struct_pb2.Struct())


def analyze(
    stub: analyzer_pb2_grpc.AnalyzerStub, state: Mapping[str, Any]
) -> Iterator[analyzer_pb2.AnalyzeDiagnostic]:
    """Yield what the pack answers to the engine's questions about a state."""
    items = [item for item in state["deployment"]["resources"] if not item.get("delete")]
    for item in items:
        request = analyzer_pb2.AnalyzeRequest(
            type=item["type"],
            urn=item["urn"],
            name=item["urn"].split("::", 3)[-1],
            properties=struct(item.get("inputs", {})),
            options=_options(item),
        )
        assert not stub.Remediate(request, timeout=SECONDS).remediations
        yield from stub.Analyze(request, timeout=SECONDS).diagnostics
    whole = analyzer_pb2.AnalyzeStackRequest(resources=[_resource(item) for item in items])
    yield from stub.AnalyzeStack(whole, timeout=SECONDS).diagnostics


def _options(item: Mapping[str, Any]) -> analyzer_pb2.AnalyzerResourceOptions:
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=item.get("protect", False), parent=item.get("parent", "")
    )


def _resource(item: Mapping[str, Any]) -> analyzer_pb2.AnalyzerResource:
    return analyzer_pb2.AnalyzerResource(
        type=item["type"],
        urn=item["urn"],
        name=item["urn"].split("::", 3)[-1],
        properties=struct(item.get("outputs", {})),
        options=_options(item),
        parent=item.get("parent", ""),
        dependencies=item.get("dependencies", []),
        propertyDependencies={
            key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns or [])
            for key, urns in item.get("propertyDependencies", {}).items()
        },
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"database": {"publicly_accessible": True}}, {"data_acl": None, "data_acl_in": None}],
    ids=["compliant", "public database", "no list"],
)
def test_the_engine_and_the_command_hear_the_same(tmp_path: Path, changes: dict[str, Any]) -> None:
    """One pack, one order of questions, one verdict."""
    state = state_of(small(**changes))
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    with running() as stub:
        engine = {(_rule(item), item.urn) for item in analyze(stub, state)}
    report = check(str(file), ROOT / "policy", SECONDS)
    assert {(item.rule, item.urn) for item in report.judgement.findings} == engine
    laws = {rule.name for rule in LAWS}
    assert bool(laws & {rule for rule, _ in engine}) == bool(changes)


def _rule(found: analyzer_pb2.AnalyzeDiagnostic) -> str:
    """Return the rule that a finding of a shared policy begins with."""
    return found.message.removeprefix(found.description).strip().partition(" (")[0]
