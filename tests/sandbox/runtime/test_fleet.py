"""Hosts from the emulated Auto Scaling group: joined, spread, drained, replaced, added."""

import base64
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.ecs.user_data import user_data
from perpetual.sandbox.ecs.control import ControlPlane
from perpetual.sandbox.ecs.names import Account
from perpetual.sandbox.resources import lessons
from perpetual.sandbox.runtime import api, fleet, moto_app, zones
from perpetual.sandbox.runtime.answers.refresh import Refreshes
from perpetual.sandbox.runtime.api import Api
from perpetual.sandbox.runtime.clients import Clients
from perpetual.sandbox.runtime.engine import Engine
from perpetual.sandbox.runtime.fleet import Fleet
from perpetual.sandbox.runtime.sizes import RESERVED_MIB, Size
from perpetual.sandbox.runtime.wire import Call

REGION = "eu-west-1"
CLUSTER = "perpetual-dev"
GROUP = "perpetual-dev-hosts"


def until(what: str, holds: Callable[[], object]) -> None:
    """Wait until something holds; fail the test otherwise."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Hosts:
    """A fleet with its control plane, cluster and group, as the program makes them."""

    def __init__(self, account: str, clients: Clients, engine: Engine) -> None:
        """Look after the hosts, quickly."""
        self.clients = clients
        self.engine = engine
        self.lost: list[str] = []
        self.waiting = False
        self.asked = 0
        self.losing: Callable[[], None] = lambda: None
        self.fleet = Fleet((account, REGION), clients, engine, self.waits, self.lose)

    def lose(self, instance: str) -> None:
        """Note that a host is lost, while whatever a test has to do with that is done."""
        self.lost.append(instance)
        self.losing()

    def waits(self) -> bool:
        """Tell whether tasks find no place, and count who asks."""
        self.asked += 1
        return self.waiting

    def create(self) -> None:
        """Make what hosts are launched from: network, template, group, cluster, provider."""
        ec2, scaling, ecs = (self.clients(one) for one in ("ec2", "autoscaling", "ecs"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        text = base64.b64encode(user_data(CLUSTER, 85).encode()).decode()
        image = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
        ec2.create_launch_template(
            LaunchTemplateName="hosts",
            LaunchTemplateData={"ImageId": image, "InstanceType": "t3.medium", "UserData": text},
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=GROUP,
            MinSize=2,
            MaxSize=3,
            LaunchTemplate={"LaunchTemplateName": "hosts", "Version": "$Latest"},
            VPCZoneIdentifier=",".join(subnets),
            NewInstancesProtectedFromScaleIn=True,
        )
        (group,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        ecs.create_cluster(clusterName=CLUSTER)
        ecs.create_capacity_provider(
            name=GROUP,
            autoScalingGroupProvider={
                "autoScalingGroupArn": group["AutoScalingGroupARN"],
                "managedScaling": {"status": "ENABLED"},
            },
        )

    def registered(self) -> list[Any]:
        """Return the cluster's container instances."""
        ecs = self.clients("ecs")
        arns = ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]
        if not arns:
            return []
        said = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)
        found: list[Any] = said["containerInstances"]
        return found

    def ids(self) -> set[str]:
        """Return the instances that the cluster has."""
        return {one["ec2InstanceId"] for one in self.registered()}


class Nowhere:
    """A world in which no task ever starts."""

    def start(self, *_: object) -> None:
        """Do nothing."""

    stop = register = deregister = announce = withdraw = start


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    """Return two hosts that have joined their cluster."""
    for name in ("BOOT_SECONDS", "REPLACEMENT_SECONDS", "SCALING_SECONDS", "PERIOD"):
        monkeypatch.setattr(fleet, name, 0.05)
    lessons.teach()
    account = f"{secrets.randbelow(10**12):012}"
    engine = Engine(ControlPlane(Nowhere(), account=Account(number=account, region=REGION)))

    def ecs(call: Call) -> Any:
        return engine.call(call.operation, call.parameters)

    application = Api(
        beyond=moto_app.application(account), region=REGION, handlers={("ecs", "*"): ecs}
    )
    with api.serving(application) as port:
        made = Hosts(account, Clients(f"http://127.0.0.1:{port}", REGION), engine)
        application.handlers.update(made.fleet.activities.handlers)
        engine.start()
        made.create()
        made.fleet.start()
        until("both hosts have joined", lambda: len(made.registered()) == 2)
        yield made
        made.fleet.close()
        engine.close()


def test_hosts_join_with_their_size_zone_and_provider(hosts: Hosts) -> None:
    """Spread over the group's subnets; the cluster is the one that their user data names."""
    found = hosts.registered()
    zone = "ecs.availability-zone"
    zones_ = {item["value"] for one in found for item in one["attributes"] if item["name"] == zone}
    assert zones_ == {f"{REGION}a", f"{REGION}b"}
    assert {one["capacityProviderName"] for one in found} == {GROUP}
    cpu = {
        item["integerValue"]
        for one in found
        for item in one["registeredResources"]
        if item["name"] == "CPU"
    }
    assert cpu == {2048}
    assert hosts.fleet.online().keys() == hosts.ids()
    assert {hosts.fleet.zone(one) for one in hosts.ids()} == zones_


def test_a_host_that_dies_is_replaced(hosts: Hosts) -> None:
    """With all that ran on it, and by another in the zone that it leaves empty."""
    before = hosts.ids()
    dead = min(before)
    zone = hosts.fleet.zone(dead)
    hosts.fleet.kill(dead)
    until("there are two again", lambda: len(hosts.ids() - {dead}) == 2)
    assert hosts.lost == [dead]
    (fresh,) = hosts.ids() - before
    assert hosts.fleet.zone(fresh) == zone


def test_a_group_tells_what_it_did(hosts: Hosts) -> None:
    """Launches, the end of a host that failed, the launch of its successor; the latest first."""
    first, second = sorted(hosts.ids())
    hosts.fleet.kill(first)
    until("there are two again", lambda: len(hosts.ids() - {first}) == 2)
    (fresh,) = hosts.ids() - {first, second}

    def said(group: str) -> list[Any]:
        scaling = hosts.clients("autoscaling")
        found = scaling.describe_scaling_activities(AutoScalingGroupName=group)
        return list(found["Activities"])

    latest, end, *earlier = said(GROUP)
    launching = "Launching a new EC2 instance: {}".format
    assert (latest["Description"], latest["StatusCode"]) == (launching(fresh), "Successful")
    assert end["Description"] == f"Terminating EC2 instance: {first}"
    assert "health check" in end["Cause"]
    assert {one["Description"] for one in earlier} == {launching(first), launching(second)}
    assert said("another") == []


def test_a_full_disk_drains_the_host_and_replaces_it(hosts: Hosts) -> None:
    """Its own watch sets its health, as components/ecs/disk_check.py does."""
    full = min(hosts.ids())
    hosts.clients("autoscaling").set_instance_health(InstanceId=full, HealthStatus="Unhealthy")
    until("it is gone and replaced", lambda: full not in hosts.ids() and len(hosts.ids()) == 2)
    assert full in hosts.lost


def test_tasks_without_a_place_bring_hosts_up_to_the_maximum(hosts: Hosts) -> None:
    """One after another, and none above the group's maximum."""
    hosts.waiting = True
    until("a third has joined", lambda: len(hosts.ids()) == 3)
    (group,) = hosts.clients("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["DesiredCapacity"] == 3


def test_a_host_that_is_missed_is_no_reason_for_one_more(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks of a dead host wait for the one that replaces it, and it is given time to take them."""

    def watched() -> None:
        asked = hosts.asked
        until("the fleet has looked", lambda: hosts.asked > asked + 1)

    def lost() -> None:
        hosts.waiting = True
        watched()

    hosts.losing = lost
    dead = min(hosts.ids())
    monkeypatch.setattr(fleet, "REPLACEMENT_SECONDS", 1000.0)
    hosts.fleet.kill(dead)
    until("its successor is known", lambda: len(hosts.fleet.members) == 2)
    watched()
    monkeypatch.setattr(fleet, "SCALING_SECONDS", 1000.0)
    for one in hosts.fleet.members:
        one.boot = 0.0
    until("its successor has joined", lambda: len(hosts.ids() - {dead}) == 2)
    watched()
    (group,) = hosts.clients("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (group["DesiredCapacity"], len(group["Instances"])) == (2, 2)
    assert hosts.lost == [dead]


def test_a_refresh_replaces_every_host(hosts: Hosts) -> None:
    """One after another; a second refresh has to wait for the first."""
    before = hosts.ids()
    refreshes = Refreshes(hosts=hosts.fleet)

    def ask(operation: str) -> Any:
        handler = refreshes.handlers["autoscaling", operation]
        return handler(
            Call(
                service="autoscaling",
                operation=operation,
                parameters={"AutoScalingGroupName": GROUP},
                region=REGION,
                key="k",
            )
        )

    ask("StartInstanceRefresh")
    until(
        "the refresh is over",
        lambda: ask("DescribeInstanceRefreshes")["InstanceRefreshes"][0]["Status"] == "Successful",
    )
    assert not before & hosts.ids()
    assert len(hosts.ids()) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [(user_data("perpetual-dev", 85), "perpetual-dev"), ("", ""), ("#!/bin/sh\ntrue", "")],
)
def test_a_host_knows_its_cluster_by_its_user_data(text: str, expected: str) -> None:
    """As the agent does; without it, the host joins none."""
    assert fleet.cluster_of(text) == expected


def test_a_host_gives_tasks_less_than_it_has() -> None:
    """The system, the agent and the host's own network interface take their part."""
    described = {
        "MemoryInfo": {"SizeInMiB": 8192},
        "VCpuInfo": {"DefaultVCpus": 2},
        "NetworkInfo": {"MaximumNetworkInterfaces": 3},
        "ProcessorInfo": {"SupportedArchitectures": ["arm64"]},
    }
    size = Size.of(described)
    assert (size.cpu, size.interfaces, size.architecture) == (2048, 2, "arm64")
    assert 7000 < size.memory < 8192 - RESERVED_MIB


def test_the_emptiest_subnet_is_next() -> None:
    """The first of several; without subnets there is nothing to choose."""

    class State:
        def __init__(self, subnet: str) -> None:
            self.instance = type("Instance", (), {"subnet_id": subnet})

    assert zones.emptiest("a,b,c", [State("a"), State("c"), State("a")]) == "b"
    assert zones.emptiest("a,b", []) == "a"
    assert zones.emptiest(None, []) is None
