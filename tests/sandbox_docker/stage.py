"""A stack in its sandbox as the stories about releases see it: deployed to, loaded, counted."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from perpetual.deploy import journal
from perpetual.release.web import Load
from tests.sandbox_docker.project import PERPETUAL, STACK, Project
from tests.sandbox_docker.support import until

RATE: Final = 50.0
"""Requests a second that a release has to go without losing one."""

SETTINGS: Final = (
    *("--config", "service.drainSeconds=5"),
    *("--config", "service.graceSeconds=10"),
    *("--config", "balancer.deregistrationSeconds=5"),
)
"""Settings that anybody may have, and with which a story is sooner over."""

ROOM: Final = ("--config", "hosts.minimum=3")
"""A host more than there are tasks: two deployments, one of them leaving, find a place at once."""

_LONG: Final = 180.0


@dataclass(frozen=True)
class Ended:
    """How a deploy or a rollback ended: exit code, its JSON, and what it told on the way."""

    code: int
    said: dict[str, Any]
    told: str

    @property
    def words(self) -> str:
        """Return all that it says of a failure."""
        return "\n".join(str(self.said[part]) for part in ("message", "detail", "hint"))


@dataclass(frozen=True)
class Stage:
    """A project whose sandbox runs its release."""

    project: Project

    def release(self, *arguments: str) -> Ended:
        """Run `perpetual deploy` or `rollback` to its end, as in a pipeline."""
        return ended(self.project.ran(*command(*arguments)))

    def deploy(self, image: str, *more: str) -> Ended:
        """Run `perpetual deploy` of an image."""
        return self.release("deploy", "--image", image, "--without", "receipt", *more)

    def load(self) -> Load:
        """Return requests through the balancer, over TLS, which begin with the block."""
        return Load(self.project.web, "/", RATE)

    def page(self) -> str:
        """Return what the page says."""
        return self.project.web.ask("/").body.strip()

    def service(self) -> dict[str, Any]:
        """Return the service as ECS shows it."""
        (found,) = self.project.clients("ecs").describe_services(
            cluster=STACK.cluster, services=[STACK.service]
        )["services"]
        return dict(found)

    def tasks(self) -> Sequence[str]:
        """Return the tasks of the service that run or are to run."""
        ecs = self.project.clients("ecs")
        found: Sequence[str] = ecs.list_tasks(cluster=STACK.cluster, serviceName=STACK.service)[
            "taskArns"
        ]
        return found

    def settle(self) -> None:
        """Wait until one deployment is complete, its tasks take requests, and no other is left."""
        until("the service is at rest", self._rests, seconds=_LONG)

    def revisions(self, family: str) -> Sequence[str]:
        """Return the revisions of a family, from the first."""
        ecs = self.project.clients("ecs")
        pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family)
        return [arn for page in pages for arn in page["taskDefinitionArns"]]

    def deployments(self) -> Sequence[str]:
        """Return the deployments that the service has had."""
        found = self.project.clients("ecs").list_service_deployments(
            cluster=STACK.cluster, service=STACK.service
        )
        return [one["serviceDeploymentArn"] for one in found["serviceDeployments"]]

    def releases(self) -> Sequence[dict[str, Any]]:
        """Return the history, the newest first."""
        told = json.loads(self.project.run("releases", "--stack", STACK.name, "--json"))
        found: Sequence[dict[str, Any]] = told["releases"]
        return found

    def good(self) -> Sequence[dict[str, Any]]:
        """Return the releases that served, the newest first."""
        return [one for one in self.releases() if one["result"] == "released"]

    def image(self) -> str:
        """Return the image that the service is told to run."""
        found = self.project.clients("ecs").describe_task_definition(
            taskDefinition=self.service()["taskDefinition"]
        )
        return str(found["taskDefinition"]["containerDefinitions"][0]["image"])

    def journal(self) -> dict[str, Any]:
        """Return the journal as it is written."""
        found: dict[str, Any] = json.loads(self.parameter(journal.name(STACK)))
        return found

    def parameter(self, name: str) -> str:
        """Return a parameter's value."""
        ssm = self.project.clients("ssm")
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])

    def _rests(self) -> bool:
        found = self.service()
        states = [one.get("rolloutState") for one in found["deployments"]]
        desired = found["desiredCount"]
        return (
            states == ["COMPLETED"]
            and len(self.tasks()) == found["runningCount"] == desired
            and len(self.project.healthy()) == desired
        )


def command(action: str, *arguments: str) -> Sequence[str]:
    """Return how a release is begun where nobody is asked anything."""
    return [*PERPETUAL, action, "--stack", STACK.name, "--yes", "--json", *arguments]


def ended(done: subprocess.CompletedProcess[str]) -> Ended:
    """Return how a release ended."""
    assert done.stdout, done.stderr
    return Ended(done.returncode, json.loads(done.stdout), done.stderr)
