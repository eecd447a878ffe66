"""What moto takes and never tells again: the one place where the sandbox is not AWS's answer.

A resource read back would seem to have lost these arguments. They are kept beside it, by the
resource's id, and put into every answer. The store lives as long as the process; after that, the
last known state says the same. A change of them by other means than the program is not seen.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from perpetual.sandbox.resources.kind import Values, names

DROPPED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "aws:appautoscaling/target:Target": names("tagsAll"),
        "aws:autoscaling/group:Group": names(
            "defaultInstanceWarmup instanceMaintenancePolicy maxInstanceLifetime"
        ),
        "aws:cloudwatch/logGroup:LogGroup": names("deletionProtectionEnabled logGroupClass"),
        "aws:rds/instance:Instance": names(
            "databaseInsightsMode engineLifecycleSupport performanceInsightsEnabled "
            "performanceInsightsKmsKeyId performanceInsightsRetentionPeriod"
        ),
        "aws:sns/topic:Topic": names("signatureVersion"),
        # Of a rule that names a group; of a rule that names a range, moto knows it.
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": names("description"),
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": names("description"),
    }
)
"""Arguments that moto forgets, by type."""


class Kept:
    """The store: arguments that moto forgets, by type and id."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._kept: dict[tuple[str, str], dict[str, Any]] = {}

    def remember(self, token: str, identifier: str, inputs: Values) -> None:
        """Keep what moto will forget of a resource that was made or changed."""
        wanted = DROPPED.get(token, frozenset())
        found = {key: inputs[key] for key in wanted if inputs.get(key) is not None}
        if wanted:
            self._kept[token, identifier] = found

    def recall(self, token: str, identifier: str, state: Values) -> dict[str, Any]:
        """Return what was kept of a resource, or else what its last known state says."""
        wanted = DROPPED.get(token, frozenset())
        known = {key: state[key] for key in wanted if state.get(key) is not None}
        return self._kept.get((token, identifier), known)

    def forget(self, token: str, identifier: str) -> None:
        """Drop what was kept of a resource that is gone."""
        self._kept.pop((token, identifier), None)
