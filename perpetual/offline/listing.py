"""The rules of a policy that holds many, as far as its pack lists them.

A pack lists them where they are configured: its policy's property `rules` has a schema with one
property a rule, whose own level is the default. What JSON Schema has no word for stands beside:
`severity`, `production` (the level where it must last), `remediation`, `url`, `controls`.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2

from perpetual.offline.findings import Policy

_MANDATORY: Final = "mandatory"


def rules(
    info: analyzer_pb2.AnalyzerInfo, request: analyzer_pb2.ConfigureAnalyzerRequest, stack: str
) -> Iterator[Policy]:
    """Yield the listed rules of a pack, each at its level in this stack, so configured."""
    for policy in info.policies:
        schema = json_format.MessageToDict(policy.configSchema.properties)
        listed = _mapping(_mapping(schema.get("rules")).get("properties"))
        config = json_format.MessageToDict(request.policyConfig[policy.name].properties)
        asked = _mapping(config.get("rules"))
        patterns = [
            *_list(_mapping(schema.get("production")).get("default")),
            *_list(config.get("production")),
        ]
        lasting = any(fnmatchcase(stack, str(pattern)) for pattern in patterns)
        for name, entry in listed.items():
            yield _rule(name, _mapping(entry), asked.get(name), lasting=lasting)


def _rule(name: str, entry: Mapping[str, Any], asked: object, *, lasting: bool) -> Policy:
    level = str(entry.get("production" if lasting else "default") or entry.get("default", ""))
    # As the pack does it: what production demands, configuration does not take away.
    fixed = lasting and level == _MANDATORY
    if not fixed and asked in _list(entry.get("enum")):
        level = str(asked)
    return Policy(
        name=name,
        level=level,
        title=str(entry.get("title", "")),
        severity=str(entry.get("severity", "")),
        description=str(entry.get("description", "")),
        remediation=str(entry.get("remediation", "")),
        url=str(entry.get("url", "")),
        controls=tuple(map(str, _list(entry.get("controls")))),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
