"""Ask a running policy pack about a captured program: the client's half of the pack protocol.

The order is the engine's: configure, then every resource's inputs one by one, then all resources
together with their outputs. Remediation is left out.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, resource_pb2

from perpetual.offline import configuring, listing
from perpetual.offline.findings import Finding, Judgement, Policy, excepted, unpacked
from perpetual.offline.pack import Identity, Pack
from perpetual.offline.records import Capture, Registration

_CHANNEL: Final = (
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),  # the engine's own limit
    ("grpc.enable_http_proxy", 0),  # the pack is on this machine
)
_AHEAD: Final = 32
"""Requests that may be under way; fewer than a pack could be overwhelmed by."""
_LEVELS: Final = {
    analyzer_pb2.ADVISORY: "advisory",
    analyzer_pb2.MANDATORY: "mandatory",
    analyzer_pb2.REMEDIATE: "mandatory",
    analyzer_pb2.DISABLED: "disabled",
}
_SEVERITIES: Final = {
    analyzer_pb2.POLICY_SEVERITY_LOW: "low",
    analyzer_pb2.POLICY_SEVERITY_MEDIUM: "medium",
    analyzer_pb2.POLICY_SEVERITY_HIGH: "high",
    analyzer_pb2.POLICY_SEVERITY_CRITICAL: "critical",
}
_GAVE_UP: Final = "can't run policy "
"""How the SDK begins the message of a policy that met an unknown value."""
_REFERENCE: Final = rpc._special_resource_sig  # noqa: SLF001 - wire constant
_SIGNATURE: Final = rpc._special_sig_key  # noqa: SLF001 - wire constant
_DURATION: Final = re.compile(r"([0-9.]+)(h|ms|m|s)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def judge(pack: Pack, capture: Capture, seconds: float) -> Judgement:
    """Return what the pack finds in a captured program.

    `seconds` bound the pack's start, and each answer. A pack that dies, fails or takes longer is
    an `OperatorError` with its last words.
    """
    port = pack.port(seconds)
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=_CHANNEL) as channel:
        stub = analyzer_pb2_grpc.AnalyzerStub(channel)
        with _explained(pack, seconds, "to say which policies it has"):
            info = stub.GetAnalyzerInfo(empty_pb2.Empty(), timeout=seconds)
        configuration = configuring.request(info, pack.identity.pack_config)
        with _explained(pack, seconds, "to take its configuration"):
            stub.ConfigureStack(_stack(pack.identity), timeout=seconds)
            stub.Configure(configuration, timeout=seconds)
        diagnostics = list(_analyze(stub, pack, capture, seconds, info))
    policies = {policy.name: policy for policy in info.policies}
    found = sorted({_finding(item, policies) for item in diagnostics}, key=lambda item: item.rank)
    silenced = {finding: excepted(finding) for finding in found}
    return Judgement(
        pack=info.name,
        policies=tuple(_policy(policy) for policy in info.policies),
        findings=tuple(finding for finding in found if not silenced[finding]),
        rules=tuple(listing.rules(info, configuration, pack.identity.stack)),
        excepted=tuple(filter(None, silenced.values())),
    )


def _analyze(
    stub: analyzer_pb2_grpc.AnalyzerStub,
    pack: Pack,
    capture: Capture,
    seconds: float,
    info: analyzer_pb2.AnalyzerInfo,
) -> Iterator[analyzer_pb2.AnalyzeDiagnostic]:
    resources = [*([capture.root] if capture.root else []), *capture.registrations]
    by_urn = {item.urn: item for item in resources}
    # Only resource policies look at single resources; a pack without one need not be asked.
    if any(item.policy_type != analyzer_pb2.POLICY_TYPE_STACK for item in info.policies):
        requests = ((item, _resource_request(item, by_urn)) for item in resources)
        for item, answer in _pipelined(stub, requests, seconds):
            about = f"about {item.name} ({item.type})"
            with _explained(pack, seconds, about, resource=True):
                diagnostics = answer.result().diagnostics
            for found in diagnostics:
                found.urn = found.urn or item.urn
                yield found
    request = analyzer_pb2.AnalyzeStackRequest(
        resources=[_stack_resource(item, by_urn, capture) for item in resources]
    )
    with _explained(pack, seconds, "about the stack as a whole"):
        answer = stub.AnalyzeStack(request, timeout=seconds)
    yield from answer.diagnostics


def _pipelined(
    stub: analyzer_pb2_grpc.AnalyzerStub,
    requests: Iterable[tuple[Registration, analyzer_pb2.AnalyzeRequest]],
    seconds: float,
) -> Iterator[tuple[Registration, Any]]:
    """Send requests ahead of the answers; waiting for each would double the time."""
    ahead: deque[tuple[Registration, Any]] = deque()
    for item, request in requests:
        ahead.append((item, stub.Analyze.future(request, timeout=seconds)))
        if len(ahead) > _AHEAD:
            yield ahead.popleft()
    yield from ahead


@contextmanager
def _explained(pack: Pack, seconds: float, about: str, *, resource: bool = False) -> Iterator[None]:
    """Turn a failed call into a sentence."""
    try:
        yield
    except grpc.RpcError as error:
        code = error.code()
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            message = f"the policy pack did not answer within {seconds:g} s when asked {about}"
            raise pack.fault(message, hint="Give it longer with --timeout.") from error
        if code is grpc.StatusCode.UNAVAILABLE:
            # It had further requests by then, and answers in flight are lost with it.
            which = f"{about}, or about one of the resources after it" if resource else about
            raise pack.fault(f"the policy pack died when asked {which}") from error
        reason = str(error.details()).removeprefix("Exception calling application: ")
        message = f"the policy pack failed when asked {about}: {reason}"
        raise pack.fault(message) from error


def _stack(identity: Identity) -> analyzer_pb2.AnalyzerStackConfigureRequest:
    return analyzer_pb2.AnalyzerStackConfigureRequest(
        stack=identity.stack,
        project=identity.project,
        organization="organization",
        dry_run=identity.preview,
        config=dict(identity.config.values),
        config_secret_keys=sorted(identity.config.secrets),
    )


def _resource_request(
    item: Registration, by_urn: Mapping[str, Registration]
) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(
        type=item.type,
        properties=_without_references(item.request.object),
        urn=item.urn,
        name=item.name,
        options=_options(item.request),
        provider=_provider(item, by_urn),
    )


def _stack_resource(
    item: Registration, by_urn: Mapping[str, Registration], capture: Capture
) -> analyzer_pb2.AnalyzerResource:
    """Return a resource with its outputs; a component's are what it registered, nothing else."""
    outputs = item.outputs
    if not item.request.custom:
        outputs = capture.registered_outputs.get(item.urn, struct_pb2.Struct())
    properties = _without_references(outputs)
    if item.id:
        properties = _copied(properties)
        properties["id"] = item.id
    return analyzer_pb2.AnalyzerResource(
        type=item.type,
        properties=properties,
        urn=item.urn,
        name=item.name,
        options=_options(item.request),
        provider=_provider(item, by_urn),
        parent=item.parent,
        dependencies=item.request.dependencies,
        propertyDependencies={
            key: analyzer_pb2.AnalyzerPropertyDependencies(urns=value.urns)
            for key, value in item.request.propertyDependencies.items()
        },
    )


def _options(
    request: resource_pb2.RegisterResourceRequest,
) -> analyzer_pb2.AnalyzerResourceOptions:
    timeouts = request.customTimeouts
    return analyzer_pb2.AnalyzerResourceOptions(
        protect=request.protect,
        ignoreChanges=request.ignoreChanges,
        deleteBeforeReplace=request.deleteBeforeReplace,
        deleteBeforeReplaceDefined=request.deleteBeforeReplaceDefined,
        additionalSecretOutputs=request.additionalSecretOutputs,
        aliases=[*request.aliasURNs, *(alias.urn for alias in request.aliases if alias.urn)],
        customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(
            create=_seconds(timeouts.create),
            update=_seconds(timeouts.update),
            delete=_seconds(timeouts.delete),
        ),
        parent=request.parent,
    )


def _seconds(duration: str) -> float:
    """Return a duration such as `1h30m` in seconds."""
    return sum(float(count) * _SECONDS[unit] for count, unit in _DURATION.findall(duration))


def _provider(
    item: Registration, by_urn: Mapping[str, Registration]
) -> analyzer_pb2.AnalyzerProviderResource | None:
    provider = by_urn.get(item.request.provider.rpartition("::")[0])
    if provider is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        type=provider.type,
        properties=provider.request.object,
        urn=provider.urn,
        name=provider.name,
    )


def _without_references(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    """Return properties as a pack gets them: a resource among them is its id, or else its URN."""
    if _REFERENCE.encode() not in struct.SerializeToString():
        return struct
    plain = {key: _resolved(value) for key, value in json_format.MessageToDict(struct).items()}
    return json_format.ParseDict(plain, struct_pb2.Struct())


def _resolved(value: Any) -> Any:
    match value:
        case dict() if value.get(_SIGNATURE) == _REFERENCE:
            return (value["id"] or rpc.UNKNOWN) if "id" in value else value["urn"]
        case dict():
            return {key: _resolved(item) for key, item in value.items()}
        case list():
            return [_resolved(item) for item in value]
        case _:
            return value


def _copied(struct: struct_pb2.Struct) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.CopyFrom(struct)
    return result


def _policy(policy: analyzer_pb2.PolicyInfo) -> Policy:
    return Policy(
        name=policy.name,
        level=_LEVELS[policy.enforcementLevel],
        title=policy.displayName,
        severity=_SEVERITIES.get(policy.severity, ""),
        description=policy.description,
        remediation=policy.remediation_steps,
        url=policy.url,
    )


def _finding(
    found: analyzer_pb2.AnalyzeDiagnostic, policies: Mapping[str, analyzer_pb2.PolicyInfo]
) -> Finding:
    policy = policies.get(found.policyName, analyzer_pb2.PolicyInfo())
    severity = found.severity or policy.severity
    finding = Finding(
        policy=found.policyName,
        level=_LEVELS[found.enforcementLevel],
        severity=_SEVERITIES.get(severity, ""),
        urn=found.urn,
        description=found.description,
        witness=found.message.removeprefix(found.description).strip(),
        remediation=policy.remediation_steps,
        url=policy.url,
        gave_up=found.message.startswith(_GAVE_UP),
    )
    return unpacked(finding)
