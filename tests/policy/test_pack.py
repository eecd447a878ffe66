"""The pack as the engine runs it: its own process, its own protocol, unknowns as sentinels."""

import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from perpetual.offline.capture import Capture, Registration
from perpetual.offline.graphs import SHOWN
from rules import LAWS, Finding, catalogue, judge
from tests.policy.breaking_exposure import EXPOSED
from tests.policy.breaking_subnets import SEGREGATION
from tests.policy.breaking_tls import PLAIN
from tests.policy.small import small
from tests.policy.support import captured, graph_of

ROOT = Path(__file__).parents[2]
SECONDS = 30
LAW_NAMES = {rule.name for rule in LAWS}
CASES = {case.name: case for case in (*SEGREGATION, *EXPOSED, *PLAIN)}
NAMES = (
    "data table with an internet route",
    "publicly accessible, not known",
    "force_ssl is 0",
    "a document that cannot be read",
)


@contextmanager
def running() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """Start the pack, and end it by its own process whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-u", "policy"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    stdout = process.stdout
    assert stdout is not None
    try:
        ready, _, _ = select.select([stdout], [], [], SECONDS)
        assert ready, f"the pack did not print its port within {SECONDS} s"
        port = int(stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait(SECONDS)
        stdout.close()


@pytest.fixture(scope="module")
def stub() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """Return a client of a pack that this module's tests share."""
    with running() as client:
        yield client


def outputs_of(item: Registration, more: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return a resource's outputs as providers give them, with the id among them."""
    outputs = struct_pb2.Struct()
    outputs.CopyFrom(item.request.object)
    shown = {key: item.state[key] for key in SHOWN if item.id and key in item.state}
    outputs.update({**shown, **({"id": item.id} if item.id else {}), **more})
    return outputs


def ask(
    stub: analyzer_pb2_grpc.AnalyzerStub,
    capture: Capture,
    *,
    inputs: bool = True,
    state: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[analyzer_pb2.AnalyzeDiagnostic]:
    """Ask the pack about a stack as the engine does: each resource, then all of them.

    `state` adds outputs to resources, by name. What the catalogue says is left out: the small
    stack has laws to keep, and nothing else.
    """
    if inputs:
        for item in capture.registrations:
            request = analyzer_pb2.AnalyzeRequest(
                type=item.type, urn=item.urn, name=item.name, properties=item.request.object
            )
            answer = stub.Analyze(request, timeout=SECONDS)
            assert not answer.diagnostics
    resources = [
        analyzer_pb2.AnalyzerResource(
            type=item.type,
            urn=item.urn,
            name=item.name,
            properties=outputs_of(item, (state or {}).get(item.name, {})),
            parent=item.request.parent,
            dependencies=item.request.dependencies,
            propertyDependencies={
                key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
                for key, urns in item.property_dependencies.items()
            },
        )
        for item in capture.registrations
    ]
    whole = analyzer_pb2.AnalyzeStackRequest(resources=resources)
    found = stub.AnalyzeStack(whole, timeout=SECONDS).diagnostics
    return [item for item in found if rule_of(item) in LAW_NAMES]


def rule_of(item: analyzer_pb2.AnalyzeDiagnostic) -> str:
    """Return the rule that a diagnostic names, in the first line after its policy's description."""
    return item.message.removeprefix(item.description).strip().partition(" (")[0]


def test_the_pack_introduces_itself(stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """One policy records, one refuses, one advises; the pack's description names the laws."""
    info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=SECONDS)
    assert [(item.name, item.enforcementLevel) for item in info.policies] == [
        ("inputs", analyzer_pb2.ADVISORY),
        ("stack", analyzer_pb2.MANDATORY),
        ("advice", analyzer_pb2.ADVISORY),
    ]
    for law in ("Segregated subnets", "no public RDS", "TLS-only Postgres"):
        assert law in info.description


def same(found: list[analyzer_pb2.AnalyzeDiagnostic], expected: list[Finding]) -> bool:
    """Tell whether the diagnostics are the findings: resource, text, and level."""
    return [(item.urn, item.message) for item in found] == [
        (item.resource, f"{found[0].description}\n{catalogue.text(item)}") for item in expected
    ] and all(item.enforcementLevel == analyzer_pb2.MANDATORY for item in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_pack_finds_what_the_rules_find(
    stub: analyzer_pb2_grpc.AnalyzerStub, name: str
) -> None:
    """Findings cross the protocol whole."""
    case = CASES[name]
    capture = captured(case.program)
    expected = judge(LAWS, graph_of(capture))
    assert expected
    assert same(ask(stub, capture), expected)


def test_a_state_alone_is_judged_too() -> None:
    """Where the engine shows no inputs, as with an exported state, the outputs are judged."""
    case = CASES[NAMES[0]]
    capture = captured(case.program, known=True)
    with running() as client:
        found = ask(client, capture, inputs=False)
    assert {(rule_of(item), item.urn) for item in found} == {
        (item.rule, item.resource) for item in judge(LAWS, graph_of(capture))
    }


def test_the_pack_is_silent_about_a_compliant_stack(stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """No diagnostic at all, not even an advisory one about unknown values."""
    assert ask(stub, captured(small())) == []
    assert ask(stub, captured(small(), known=True)) == []


def test_a_fix_is_believed_while_aws_still_shows_the_fault(
    stub: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    """A table's state still lists the route that this preview removes; the inputs decide."""
    capture = captured(small())
    leak = {"routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-0aa"}]}
    assert ask(stub, capture, state={"data-table": leak}) == []
