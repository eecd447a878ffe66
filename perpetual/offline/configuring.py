"""A pack's configuration put together as the engine does it.

Schema defaults come first, then what the pack itself begins with, then the operator's file.
"""

from typing import Final

from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2

from perpetual.errors import OperatorError
from perpetual.offline.pack_config import ALL, PackConfig

FIXED: Final = "fixed-level"
"""Tag of a policy that is to run at its own level only."""
_LEVELS: Final = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "remediate": analyzer_pb2.REMEDIATE,
    "disabled": analyzer_pb2.DISABLED,
}


def request(
    info: analyzer_pb2.AnalyzerInfo, given: PackConfig
) -> analyzer_pb2.ConfigureAnalyzerRequest:
    """Return the configuration of each of a pack's policies.

    Raise `OperatorError` for a policy that the pack does not have, and for another level of a
    policy that it wants at its own.
    """
    _check(info, given)
    result = analyzer_pb2.ConfigureAnalyzerRequest()
    for policy in info.policies:
        config = result.policyConfig[policy.name]
        config.enforcementLevel = policy.enforcementLevel
        schema = json_format.MessageToDict(policy.configSchema.properties)
        defaults = {
            key: rule["default"]
            for key, rule in schema.items()
            if isinstance(rule, dict) and "default" in rule
        }
        config.properties.update(defaults)
        for name in (ALL, policy.name):
            if name in info.initialConfig:
                initial = info.initialConfig[name]
                config.enforcementLevel = initial.enforcementLevel
                config.properties.update(json_format.MessageToDict(initial.properties))
        for name in (ALL, policy.name):
            if name in given.levels:
                config.enforcementLevel = _LEVELS[given.levels[name]]
        config.properties.update(dict(given.properties.get(policy.name, {})))
    return result


def _check(info: analyzer_pb2.AnalyzerInfo, given: PackConfig) -> None:
    policies = {policy.name: policy for policy in info.policies}
    for name in sorted({*given.levels, *given.properties} - {ALL}):
        if name not in policies:
            message = f"{given.source} configures policy {name!r}, which {info.name} does not have"
            raise OperatorError(message, hint=f"Its policies are {', '.join(policies)}.")
    for name, policy in policies.items():
        asked = given.levels.get(name, given.levels.get(ALL))
        if FIXED in policy.tags and asked and _LEVELS[asked] != policy.enforcementLevel:
            message = f"{given.source} makes policy {name} {asked}, and its level is fixed"
            hint = "Give single rules another level, by the property `rules`, or make exceptions."
            raise OperatorError(message, hint=hint)
