"""Container instances: how they join, drain, lose their agent, and go.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
"""

from perpetual.sandbox.ecs import conditions, ending, events
from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.model import Instance
from perpetual.sandbox.ecs.world import Host


def join(core: Core, cluster: str, host: Host) -> None:
    """Register a host with its cluster; one that is registered already has its agent back."""
    owner = core.state.clusters.get(cluster)
    if owner is None or owner.status != "ACTIVE":
        return
    if host.instance in core.state.hosts:
        connect(core, host.instance, connected=True)
        return
    arn = core.account.arn("container-instance", cluster, core.state.ids.task())
    owner.instances[arn] = Instance(arn=arn, cluster=cluster, host=host, registered=core.now)
    core.state.hosts[host.instance] = (cluster, arn)
    core.freed[cluster] = None


def instance(core: Core, ec2: str) -> Instance | None:
    """Return the container instance of an EC2 instance."""
    cluster, arn = core.state.hosts.get(ec2, ("", ""))
    owner = core.state.clusters.get(cluster)
    return owner.instances.get(arn) if owner else None


def connect(core: Core, ec2: str, *, connected: bool) -> None:
    """Note that a host's agent is connected, or is not: then no task is placed there."""
    found = instance(core, ec2)
    if found is not None and found.connected != connected:
        found.connected = connected
        found.version += 1
        core.freed[found.cluster] = None


def drain(core: Core, found: Instance, status: str) -> None:
    """Set a host to DRAINING, or back to ACTIVE; tasks of services count anew."""
    if found.status == status:
        return
    found.status = status
    found.version += 1
    for arn in list(found.tasks):
        conditions.refresh(core, core.state.tasks[arn])
    core.freed[found.cluster] = None


def lose(core: Core, ec2: str, reason: str) -> None:
    """Forget a host and end its tasks, which its services replace."""
    found = instance(core, ec2)
    if found is not None:
        remove(core, found, events.host_lost(found, reason))


def remove(core: Core, found: Instance, reason: str) -> None:
    """Take a host out of its cluster, its tasks with it."""
    found.status, found.connected = "INACTIVE", False
    found.queue.clear()
    for arn in list(found.tasks):
        ending.lost(core, core.state.tasks[arn], reason)
    del core.state.clusters[found.cluster].instances[found.arn]
    del core.state.hosts[found.host.instance]
    core.freed[found.cluster] = None
