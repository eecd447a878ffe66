"""Hosts: what the emulated Auto Scaling group launches becomes a host of the ECS cluster.

A host is capacity, a zone and a name; its tasks are containers of the one Docker engine. It joins
the cluster that its user data names, leaves with its tasks when it ends, and is drained before it
is replaced, as managed draining has it:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from perpetual.sandbox.ecs.world import Host, HostJoined, HostLost
from perpetual.sandbox.runtime import moto_app, zones
from perpetual.sandbox.runtime.answers import activities
from perpetual.sandbox.runtime.answers.activities import Activities
from perpetual.sandbox.runtime.engine import Engine
from perpetual.sandbox.runtime.rounds import Rounds
from perpetual.sandbox.runtime.secret_values import Clients
from perpetual.sandbox.runtime.sizes import Size

PERIOD: Final = 0.5
BOOT_SECONDS: Final = 2.0
"""From a host's launch until its agent registers, when the group is new. On AWS it takes 40 s."""

REPLACEMENT_SECONDS: Final = 15.0
"""The same for every host after that, so that a lost one is missed for a while."""

PROVIDER_SECONDS: Final = 30.0
"""How long a host waits for a capacity provider that manages its group, before it joins without."""

DRAIN_SECONDS: Final = 300.0
"""Longest time that a host that is to be replaced waits for its tasks to go elsewhere."""

SCALING_SECONDS: Final = 15.0
"""From a host's joining until managed scaling adds another for tasks that find no place still."""

_CLUSTER: Final = re.compile(r"ECS_CLUSTER=([\w-]+)")


@dataclass(kw_only=True)
class Member:
    """An instance of a group, and how far it is."""

    instance: Any
    group: str
    cluster: str
    since: float
    boot: float
    joined: bool = False
    leaving: float | None = None

    @property
    def id(self) -> str:
        """Return the instance's id."""
        return str(self.instance.id)


def cluster_of(user_data: str) -> str:
    """Return the cluster that a host's user data names, empty where it names none."""
    found = _CLUSTER.search(user_data)
    return found[1] if found else ""


class Fleet(Rounds):
    """The hosts of a sandbox, looked after in a thread of its own."""

    def __init__(
        self,
        place: tuple[str, str],
        clients: Clients,
        engine: Engine,
        waiting: Callable[[], bool],
        lose: Callable[[str], None],
    ) -> None:
        """Prepare; `place` is account and region, `waiting` tells whether tasks find no place."""
        super().__init__("fleet", PERIOD)
        zones.teach()
        self.activities = Activities()
        self._place = place
        self._clients = clients
        self._engine = engine
        self._waiting = waiting
        self._lose = lose
        self._lock = threading.RLock()
        self._members: dict[str, Member] = {}
        self._sizes: dict[str, Size] = {}
        self._known: set[str] = set()
        self._grown = 0.0

    @property
    def members(self) -> list[Member]:
        """Return the hosts there are, joined or about to."""
        with self._lock:
            return list(self._members.values())

    def zone(self, instance: str) -> str:
        """Return the zone of a host, empty once it is gone."""
        with self._lock:
            member = self._members.get(instance)
        return str(member.instance.placement.zone) if member else ""

    def online(self) -> Mapping[str, Mapping[str, str]]:
        """Return the hosts that take commands, each with its tags."""
        return {
            one.id: {tag["key"]: tag["value"] for tag in one.instance.get_tags()}
            for one in self.members
            if one.joined
        }

    def kill(self, instance: str) -> None:
        """End a host at once, as when its hardware fails; its group replaces it."""
        with self._lock:
            member = self._members.pop(instance)
            self._terminate(instance)
        self._gone(member, activities.FAILED)

    def replace(self, instance: str) -> None:
        """Drain a host and then end it; its group replaces it."""
        with self._lock:
            member = self._members[instance]
            member.leaving = member.leaving or time.monotonic()
        found = self._registered(member)
        if found:
            self._engine.call(
                "UpdateContainerInstancesState",
                {
                    "cluster": member.cluster,
                    "containerInstances": [found["containerInstanceArn"]],
                    "status": "DRAINING",
                },
            )

    def _look(self) -> None:
        """Compare what the groups have with what is known, and act on the difference."""
        with self._lock:
            found = self._found()
            gone = [self._members.pop(one) for one in self._members.keys() - found.keys()]
            for instance, (group, state) in found.items():
                if instance not in self._members:
                    self._launched(group, state.instance)
        for member in gone:
            self._gone(member, activities.ASKED)
        for member in self.members:
            _, state = found[member.id]
            if not member.joined:
                self._join(member)
            elif state.health_status == "Unhealthy" and member.leaving is None:
                self.replace(member.id)
            elif member.leaving is not None and self._drained(member):
                self.kill(member.id)
        self._scale()

    def _found(self) -> dict[str, tuple[Any, Any]]:
        """Return the groups' instances that live: group and state by id."""
        groups = moto_app.backend("autoscaling", *self._place).autoscaling_groups
        return {
            state.instance.id: (group, state)
            for group in list(groups.values())
            for state in list(group.instance_states)
            if state.instance.state == "running"
        }

    def _launched(self, group: Any, instance: Any) -> None:
        boot = REPLACEMENT_SECONDS if group.name in self._known else BOOT_SECONDS
        member = Member(
            instance=instance,
            group=group.name,
            cluster=cluster_of(group.user_data.decode() if group.user_data else ""),
            since=time.monotonic(),
            boot=boot,
        )
        self._members[instance.id] = member
        self.activities.launches(group.name, instance.id)

    def _join(self, member: Member) -> None:
        waited = time.monotonic() - member.since
        if waited < member.boot or not member.cluster:
            return
        provider = self._provider(member.group)
        if provider is None and waited < PROVIDER_SECONDS:
            return
        status = self._engine.call("DescribeClusters", {"clusters": [member.cluster]})
        if not any(one["status"] == "ACTIVE" for one in status["clusters"]):
            return
        member.joined = True
        self.activities.launched(member.id)
        self._grown = time.monotonic()
        self._known.add(member.group)
        self._engine.report(HostJoined(cluster=member.cluster, host=self._host(member, provider)))

    def _host(self, member: Member, provider: str | None) -> Host:
        instance = member.instance
        size = self._size(instance.instance_type)
        return Host(
            instance=member.id,
            zone=instance.placement.zone,
            cpu=size.cpu,
            memory=size.memory,
            interfaces=size.interfaces,
            architecture=size.architecture,
            instance_type=instance.instance_type,
            image=instance.image_id,
            subnet=instance.subnet_id,
            vpc=instance.vpc_id,
            capacity_provider=provider,
        )

    def _size(self, kind: str) -> Size:
        if kind not in self._sizes:
            described = self._clients("ec2").describe_instance_types(InstanceTypes=[kind])
            self._sizes[kind] = Size.of(described["InstanceTypes"][0])
        return self._sizes[kind]

    def _provider(self, group: str) -> str | None:
        """Return the capacity provider that manages a group, None while there is none."""
        said = self._engine.call("DescribeCapacityProviders", {})
        for one in said["capacityProviders"]:
            arn = one.get("autoScalingGroupProvider", {}).get("autoScalingGroupArn", "")
            if arn.endswith(f"/{group}"):
                return str(one["name"])
        return None

    def _registered(self, member: Member) -> Mapping[str, Any] | None:
        """Return a host as the cluster knows it."""
        cluster = {"cluster": member.cluster}
        arns = self._engine.call("ListContainerInstances", cluster)["containerInstanceArns"]
        if not arns:
            return None
        said = self._engine.call(
            "DescribeContainerInstances", {**cluster, "containerInstances": arns}
        )
        found: list[Mapping[str, Any]] = said["containerInstances"]
        return next((one for one in found if one["ec2InstanceId"] == member.id), None)

    def _drained(self, member: Member) -> bool:
        found = self._registered(member)
        tasks = found["runningTasksCount"] + found["pendingTasksCount"] if found else 0
        return not tasks or time.monotonic() - (member.leaving or 0.0) > DRAIN_SECONDS

    def _gone(self, member: Member, cause: str) -> None:
        self.activities.terminated(member.group, member.id, cause)
        self._lose(member.id)
        self._engine.report(HostLost(instance=member.id))

    def _terminate(self, instance: str) -> None:
        """Let the group notice that a host is gone, and launch another."""
        scaling = moto_app.backend("autoscaling", *self._place)
        group = next(
            group
            for group in scaling.autoscaling_groups.values()
            if any(state.instance.id == instance for state in group.instance_states)
        )
        scaling.terminate_instance(instance, should_decrement=False)
        group.set_desired_capacity(group.desired_capacity)

    def _scale(self) -> None:
        """Add a host while tasks find no place, one after another, up to the group's maximum.

        What a group lacks it launches by itself: tasks wait for that, and need nothing more. A host
        that has joined is given time to take them, as by a provider's instance warm-up.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
        """
        if not self._waiting() or time.monotonic() - self._grown < SCALING_SECONDS:
            return
        joined = Counter(one.group for one in self.members if one.joined)
        groups = moto_app.backend("autoscaling", *self._place).autoscaling_groups
        for name in joined.keys() & groups.keys():
            group = groups[name]
            if joined[name] == group.desired_capacity < group.max_size:
                group.set_desired_capacity(group.desired_capacity + 1)
