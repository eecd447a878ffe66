"""What a release finds before it changes anything: the service, its template, hosts, alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from perpetual.aws.calls import attempt, every, perform
from perpetual.aws.published import Published
from perpetual.aws.session import Clients
from perpetual.deploy import definitions, follow, image, requests
from perpetual.errors import OperatorError

ALARM: Final = "ALARM"
_NO_REVISION: Final = "ClientException"
"""What ECS says of a family that has no revision."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """One host that takes tasks: its ids, and what is left on it, CPU units and MiB."""

    arn: str
    instance: str
    cpu: int
    memory: int
    connected: bool


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a task reserves, CPU units and MiB."""

    cpu: int
    memory: int

    def fits(self, host: Host) -> int:
        """Return how many such tasks a host still takes."""
        counts = [
            left // need
            for left, need in ((host.cpu, self.cpu), (host.memory, self.memory))
            if need
        ]
        return min(counts, default=0) if host.connected else 0


@dataclass(frozen=True, kw_only=True)
class Found:
    """The state of a stack's service; answers of AWS are kept as they came.

    `template` is the newest revision of the family and `tags` are its tags; `running` the revision
    that the service is told to run; `twin` the newest one for migrations, empty without one. `red`
    alarms ring now. `absent` are secrets that are not there. `growth` is the number of hosts
    that the group may still add.
    """

    service: Mapping[str, Any]
    template: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]]
    running: Mapping[str, Any]
    twin: Mapping[str, Any]
    hosts: Sequence[Host]
    growth: int
    red: Sequence[str]
    absent: Sequence[str]
    digest: str

    @property
    def desired(self) -> int:
        """Return the number of tasks that the service is told to run."""
        return int(self.service["desiredCount"])

    @property
    def primary(self) -> Mapping[str, Any]:
        """Return the service's newest deployment."""
        return follow.primary(self.service)

    @property
    def moving(self) -> bool:
        """Tell whether a deployment is under way; one of no task, as a new service's, is none."""
        counts = ("desiredCount", "runningCount", "pendingCount")
        tasks = any(self.primary.get(count) for count in counts)
        return tasks and self.primary.get("rolloutState") == "IN_PROGRESS"

    @property
    def failed(self) -> bool:
        """Tell whether the newest deployment failed, and nothing was brought back in its place."""
        return follow.stranded(self.primary)

    @property
    def settled(self) -> bool:
        """Tell whether what the service is told to run is what it runs."""
        return not (self.moving or self.failed)

    @property
    def size(self) -> Size:
        """Return what placement reserves for a task of the template."""
        containers = self.template["containerDefinitions"]
        return Size(
            cpu=int(self.template.get("cpu") or sum(item.get("cpu", 0) for item in containers)),
            memory=int(
                self.template.get("memory")
                or sum(
                    item.get("memoryReservation") or item.get("memory", 0) for item in containers
                )
            ),
        )

    @property
    def room(self) -> int:
        """Return how many more tasks of that size the hosts take now."""
        return sum(self.size.fits(host) for host in self.hosts)

    @property
    def alarms(self) -> Sequence[str]:
        """Return the alarms that undo a deployment."""
        given = self.service.get("deploymentConfiguration", {}).get("alarms", {})
        return list(given.get("alarmNames", ())) if given.get("enable") else []


def find(clients: Clients, published: Published, *, migrating: bool) -> Found:
    """Return the state of a stack's service; nothing is changed.

    Raises:
        OperatorError: AWS cannot be asked, or something that the contract names is not there.
    """
    service = describe(clients, published)
    twin = definitions.describe_definition(published.stack.migration_family)
    container = published.service.container
    template = perform(clients, definitions.describe_definition(published.service.family))
    running = perform(clients, definitions.describe_definition(service["taskDefinition"]))
    named = definitions.image_of(running["taskDefinition"], container)
    watched = service.get("deploymentConfiguration", {}).get("alarms", {})
    return Found(
        service=service,
        template=template["taskDefinition"],
        tags=template.get("tags", []),
        running=running["taskDefinition"],
        twin=(attempt(clients, twin, _NO_REVISION) or {}).get("taskDefinition", {}),
        hosts=hosts(clients, published),
        growth=_growth(clients, published),
        red=red(clients, watched.get("alarmNames", ())),
        absent=_absent(clients, published, migrating=migrating),
        digest=image.digest_of(named),
    )


def describe(clients: Clients, published: Published) -> Mapping[str, Any]:
    """Return the service as ECS describes it.

    Raises:
        OperatorError: There is no such service, or it was deleted.
    """
    said = perform(clients, requests.describe_service(published))
    active = [item for item in said["services"] if item["status"] == "ACTIVE"]
    if not active:
        raise OperatorError(
            f"there is no active service {published.service.name} in cluster "
            f"{published.service.cluster}",
            hint="Was the stack removed? `pulumi up` makes it again.",
        )
    service: Mapping[str, Any] = active[0]
    return service


def hosts(clients: Clients, published: Published) -> Sequence[Host]:
    """Return the hosts that take tasks."""
    arns = list(every(clients, requests.list_hosts(published), "containerInstanceArns"))
    found = []
    for some in chunks(arns, requests.MOST):
        said = perform(clients, requests.describe_hosts(published, some))
        found += [_host(item) for item in said["containerInstances"]]
    return found


def red(clients: Clients, names: Sequence[str]) -> Sequence[str]:
    """Return those of these alarms that ring."""
    if not names:
        return []
    said = perform(clients, requests.alarms(names))
    states = [*said.get("MetricAlarms", ()), *said.get("CompositeAlarms", ())]
    return sorted(item["AlarmName"] for item in states if item["StateValue"] == ALARM)


def chunks(items: Sequence[str], size: int) -> Sequence[Sequence[str]]:
    """Return the items in parts of at most `size`."""
    rest = iter(items)
    return list(iter(lambda: list(islice(rest, size)), []))


def _host(item: Mapping[str, Any]) -> Host:
    left = {one["name"]: one.get("integerValue", 0) for one in item["remainingResources"]}
    return Host(
        arn=item["containerInstanceArn"],
        instance=item["ec2InstanceId"],
        cpu=left.get("CPU", 0),
        memory=left.get("MEMORY", 0),
        connected=item["agentConnected"],
    )


def _growth(clients: Clients, published: Published) -> int:
    said = perform(clients, requests.host_group(published))
    groups = said["AutoScalingGroups"]
    return max(0, groups[0]["MaxSize"] - len(groups[0]["Instances"])) if groups else 0


def _absent(clients: Clients, published: Published, *, migrating: bool) -> Sequence[str]:
    service = published.service
    wanted = {*service.secrets.values(), *([service.migration_secret] if migrating else [])}
    there = {
        item["Name"] for item in every(clients, requests.present(sorted(wanted)), "Parameters")
    }
    return sorted(wanted - there)
