"""What there is to know of a stack, as AWS says it: one function a section, all side by side."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final

from perpetual.aws.calls import Call, attempt, every, perform
from perpetual.aws.published import Published
from perpetual.aws.session import Clients
from perpetual.deploy import history, journal
from perpetual.deploy.clock import RealClock
from perpetual.deploy.store import Store
from perpetual.errors import OperatorError
from perpetual.status import asks
from perpetual.status.model import Section
from perpetual.status.together import Unread, together

SECONDS: Final = 20.0
"""Time for all sections together."""

Raw = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What AWS said, by section; `Unread` where it said nothing, or said no."""

    at: datetime
    published: Published
    answers: Mapping[Section, Any]

    def get(self, section: Section) -> Any:
        """Return a section's answer, or `None` where there is none."""
        found = self.answers[section]
        return None if isinstance(found, Unread) else found


def snapshot(
    clients: Clients, published: Published, now: datetime, seconds: float = SECONDS
) -> Snapshot:
    """Ask for everything at once."""
    sections: Mapping[Section, Callable[[Clients, Published], Any]] = {
        Section.RELEASE: release,
        Section.HISTORY: records,
        Section.SERVICE: service,
        Section.DEPLOYMENTS: last_deployment,
        Section.TASKS: running_tasks,
        Section.STOPPED: stopped_tasks,
        Section.TARGETS: targets,
        Section.HOSTS: hosts,
        Section.GROUP: group,
        Section.DATABASE: databases,
        Section.STORAGE: partial(storage, now=now),
        Section.CERTIFICATE: certificate,
        Section.ALARMS: alarms,
    }
    jobs = {section: partial(read, clients, published) for section, read in sections.items()}
    return Snapshot(at=now, published=published, answers=together(jobs, seconds))


def release(clients: Clients, published: Published) -> Raw:
    """Return the parameter that names the released image."""
    found: Raw = perform(clients, asks.release(published))["Parameter"]
    return found


def records(
    clients: Clients, published: Published
) -> tuple[Sequence[history.Record], journal.Journal | None]:
    """Return the releases there were, and the run that has not come to its end."""
    store = Store(clients, published.stack, RealClock())
    return history.read(store), journal.read(store)


def service(clients: Clients, published: Published) -> Raw:
    """Return the service.

    Raises:
        OperatorError: There is none any more.
    """
    said = perform(clients, asks.service(published))
    found: Sequence[Raw] = said["services"]
    if not found:
        raise OperatorError(
            f"service {published.service.name} is not there",
            hint="Was it deleted? `pulumi up` makes it again.",
        )
    return found[0]


def last_deployment(clients: Clients, published: Published) -> Raw | None:
    """Return all about the service's last deployment, if there was one."""
    return next(described_deployments(clients, published), None)


def described_deployments(
    clients: Clients, published: Published, after: datetime | None = None
) -> Iterator[Raw]:
    """Yield all about the deployments since a moment, or the last ones, the youngest first."""
    token = None
    while True:
        # boto3 has no paginator for it.
        said = perform(clients, asks.deployments(published, after, token))
        listed = sorted(said["serviceDeployments"], key=_created, reverse=True)
        arns = [item["serviceDeploymentArn"] for item in listed]
        for some in _batches(arns, asks.DEPLOYMENTS_A_CALL):
            found = perform(clients, asks.described_deployments(some))["serviceDeployments"]
            yield from sorted(found, key=_created, reverse=True)
        token = said.get("nextToken")
        if token is None:
            return


def _created(deployment: Raw) -> Any:
    return deployment["createdAt"]


def running_tasks(clients: Clients, published: Published) -> list[Raw]:
    """Return the cluster's tasks that are meant to run."""
    return _tasks(clients, published, "RUNNING")


def stopped_tasks(clients: Clients, published: Published) -> list[Raw]:
    """Return the cluster's tasks that stopped, of which ECS keeps the last hour at least."""
    return _tasks(clients, published, "STOPPED")


def _tasks(clients: Clients, published: Published, state: str) -> list[Raw]:
    arns = every(clients, asks.tasks(published, state), "taskArns")
    return _described(clients, arns, lambda some: asks.described_tasks(published, some), "tasks")


def targets(clients: Clients, published: Published) -> list[Raw]:
    """Return the balancer's targets with their health."""
    found: list[Raw] = perform(clients, asks.targets(published))["TargetHealthDescriptions"]
    return found


def hosts(clients: Clients, published: Published) -> list[Raw]:
    """Return the cluster's hosts."""
    arns = every(clients, asks.hosts(published), "containerInstanceArns")
    return _described(
        clients, arns, lambda some: asks.described_hosts(published, some), "containerInstances"
    )


def group(clients: Clients, published: Published) -> Raw:
    """Return the group that launches hosts.

    Raises:
        OperatorError: There is none any more.
    """
    found: Sequence[Raw] = perform(clients, asks.group(published))["AutoScalingGroups"]
    if not found:
        raise OperatorError(
            f"group {published.host_group} is not there",
            hint="Was it deleted? `pulumi up` makes it again.",
        )
    return found[0]


def databases(clients: Clients, published: Published) -> dict[str, Raw | None]:
    """Return primary and replicas by identifier; `None` for one that is gone."""
    found: dict[str, Raw | None] = {}
    for identifier in asks.databases(published):
        said = attempt(clients, asks.database(identifier), "DBInstanceNotFound")
        found[identifier] = said["DBInstances"][0] if said else None
    return found


def storage(clients: Clients, published: Published, *, now: datetime) -> dict[str, float | None]:
    """Return what each instance of the database has left, bytes; `None` where nobody measured."""
    call = asks.storage(published, now)
    said = {item["Id"]: item["Values"] for item in every(clients, call, "MetricDataResults")}
    return {
        identifier: next(iter(said.get(f"free{position}", ())), None)
        for position, identifier in enumerate(asks.databases(published))
    }


def certificate(clients: Clients, published: Published) -> Raw:
    """Return the certificate that the balancer shows.

    Raises:
        OperatorError: It shows none.
    """
    for listener in every(clients, asks.listeners(published), "Listeners"):
        for item in listener.get("Certificates", ()):
            call = asks.certificate(item["CertificateArn"])
            found: Raw = perform(clients, call)["Certificate"]
            return found
    raise OperatorError("no listener of the balancer has a certificate")


def alarms(clients: Clients, published: Published) -> list[Raw]:
    """Return the alarms on what is this stack's; names alone would bring a neighbour's, too."""
    found = every(clients, asks.alarms(published), "MetricAlarms")
    return [alarm for alarm in found if watches(alarm, published)]


def watches(alarm: Raw, published: Published) -> bool:
    """Tell whether an alarm looks at this stack's balancer, service or database."""
    own = {
        "LoadBalancer": {published.balancer.name},
        "ClusterName": {published.service.cluster},
        "DBInstanceIdentifier": set(asks.databases(published)),
    }
    metrics = [
        query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query
    ]
    dimensions = [
        dimension for metric in (alarm, *metrics) for dimension in metric.get("Dimensions", ())
    ]
    return any(item["Value"] in own.get(item["Name"], ()) for item in dimensions)


def _described(
    clients: Clients, arns: Iterable[str], ask: Callable[[Sequence[str]], Call], key: str
) -> list[Raw]:
    return [
        item
        for some in _batches(arns, asks.TASKS_A_CALL)
        for item in perform(clients, ask(some))[key]
    ]


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
