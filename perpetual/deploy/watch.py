"""Looks at a rollout: the reads behind each, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from perpetual.aws.calls import every, perform
from perpetual.aws.published import Published
from perpetual.aws.session import Clients
from perpetual.deploy import requests
from perpetual.deploy.follow import Answer, Look
from perpetual.deploy.found import chunks

_TOLERANCE: Final = timedelta(seconds=10)
"""Time between two of ECS's own stamps of one update."""


@dataclass
class Watcher:
    """Looks at the service of one stack, on the way to one revision since `began`."""

    clients: Clients
    published: Published
    definition: str
    began: datetime
    record: str = ""
    """ARN of ECS's record of the deployment, once it is found."""
    _others: set[str] = field(default_factory=set)

    def look(self, at: float) -> Look:
        """Return what there is to see now.

        Raises:
            OperatorError: AWS cannot be asked.
        """
        services = perform(self.clients, requests.describe_service(self.published))["services"]
        health = perform(self.clients, requests.target_health(self.published))
        return Look(
            at=at,
            service=services[0] if services else {},
            deployment=self._deployment(),
            tasks=self.tasks(),
            targets=health["TargetHealthDescriptions"],
        )

    def tasks(self) -> Sequence[Answer]:
        """Return the tasks of the service, those too that stopped within the last hour."""
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in every(self.clients, requests.list_tasks(self.published, status), "taskArns")
        ]
        found: list[Any] = []
        for some in chunks(list(dict.fromkeys(arns)), requests.MOST):
            found += perform(self.clients, requests.describe_tasks(self.published, some))["tasks"]
        return found

    def _deployment(self) -> Answer | None:
        if not self.record:
            self.record = self._find()
        if not self.record:
            return None
        said = perform(self.clients, requests.describe_deployment(self.record))
        found = said["serviceDeployments"]
        return found[0] if found else None

    def _find(self) -> str:
        """Return the record of this revision's deployment; empty where there is none yet.

        An earlier deployment of the same revision, which failed perhaps, has a record too.
        """
        said = perform(self.clients, requests.list_deployments(self.published))
        listed = [item for item in said["serviceDeployments"] if self._recent(item)]
        for item in sorted(listed, key=lambda one: one["createdAt"], reverse=True):
            arn = item["serviceDeploymentArn"]
            if arn not in self._others and self._is_ours(item["targetServiceRevisionArn"]):
                return str(arn)
            self._others.add(arn)
        return ""

    def _recent(self, item: Answer) -> bool:
        return bool(item["createdAt"] >= self.began - _TOLERANCE)

    def _is_ours(self, revision: str) -> bool:
        said = perform(self.clients, requests.describe_revision(revision))
        return any(item["taskDefinition"] == self.definition for item in said["serviceRevisions"])
