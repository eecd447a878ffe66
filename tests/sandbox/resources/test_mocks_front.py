"""The program through the SDK's mocks: all that it can be, faults half-way, others' changes."""

from collections.abc import Mapping
from functools import partial
from typing import Final

import pytest

from perpetual.errors import OperatorError
from perpetual.offline import program
from perpetual.offline.monitor import Monitor
from perpetual.sandbox.fronts import mocks
from perpetual.sandbox.fronts.mocks import Change, Deployed
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.functions import FUNCTIONS
from tests.sandbox.resources import stories
from tests.sandbox.resources.emulated import REGION, Faulty
from tests.support.stacks import restored

EVERYTHING: Final = (
    "network.nat=none",
    "network.privateZone=internal.example.com",
    "access.bastion=public",
    "access.bastionCidrs[0]=192.0.2.0/24",
    "service.autoscaling=true",
    "database.source=snapshot",
    "database.snapshot=nightly",
    "database.masterPassword=secret",
    "database.replicas=1",
)
"""Settings that bring along whatever the two stacks do not have."""


def by_name(changes: Mapping[str, Change]) -> dict[str, Change]:
    """Return what was done by logical name, without what stayed as it was."""
    return {
        urn.rpartition("::")[2]: change
        for urn, change in changes.items()
        if change is not Change.SAME
    }


def give_snapshot(cloud: Cloud) -> None:
    """Make a snapshot to restore from."""
    database = {"DBInstanceIdentifier": "before", "DBInstanceClass": "db.t4g.micro"}
    login = {"MasterUsername": "someone", "ManageMasterUserPassword": True}
    storage = {"AllocatedStorage": 20, "Engine": "postgres", "EngineVersion": "17"}
    cloud.call("rds", "create_db_instance", **database, **login, **storage)
    source = {"DBInstanceIdentifier": "before", "DBSnapshotIdentifier": "nightly"}
    cloud.call("rds", "create_db_snapshot", **source)


def test_a_program_of_everything_is_completed_after_a_fault_and_follows_its_settings() -> None:
    """A fault leaves what is done, and the next run goes on; what is no longer wanted goes."""
    deployed: dict[str, Deployed] = {}
    with stories.fresh("dev") as found, restored():
        cloud = found.cloud
        give_snapshot(cloud)
        wanted = stories.plan("dev", cloud, *EVERYTHING)
        refused: list[str] = []
        faulty = Faulty(
            endpoint=cloud.endpoint,
            region=REGION,
            account=cloud.account,
            build=found.images,
            refuses="modify_load_balancer_attributes",
            refused=refused,
        )
        with pytest.raises(OperatorError, match=r"balancer-balancer .*: Rate exceeded"):
            mocks.apply(wanted, faulty, deployed)
        assert refused

        completed = by_name(mocks.apply(wanted, cloud, deployed).changes)
        assert completed["balancer-balancer"] is Change.UPDATED
        assert "network-vpc" not in completed
        assert by_name(mocks.apply(wanted, cloud, deployed).changes) == {}

        shorter = {"logGroupName": "/perpetual/dev/flow", "retentionInDays": 1}
        cloud.call("logs", "put_retention_policy", **shorter)
        fewer = stories.plan("dev", cloud, *EVERYTHING, "service.autoscaling=false")
        changed = by_name(mocks.apply(fewer, cloud, deployed).changes)
        assert changed == {
            "contract-parameter": Change.UPDATED,
            "network-flow-group": Change.UPDATED,
            "service-scaling-cpu": Change.DELETED,
            "service-scaling-target": Change.DELETED,
        }

        mocks.destroy(cloud, deployed)
        assert deployed == {}
        own = [{"Name": "is-default", "Values": ["false"]}]
        assert cloud.call("ec2", "describe_vpcs", Filters=own)["Vpcs"] == []


def test_an_existing_network_is_read_from_the_sandbox_s_own_aws() -> None:
    """The program asks for a VPC, its subnets and their routes, and finds what is there."""
    with stories.fresh("dev") as found:
        cloud = found.cloud
        ids = network(cloud)
        overrides = [
            "network.source=adopt",
            f"network.vpcId={ids['vpc']}",
            *(
                f"network.{tier}Subnets[{number}]={ids[f'{tier}-{zone}']}"
                for tier in ("public", "private", "data")
                for number, zone in enumerate("ab")
            ),
        ]
        planned = stories.plan("dev", cloud, *overrides)
        functions = {token: partial(answer, cloud) for token, answer in FUNCTIONS.items()}
        with restored():
            captured = program.run(
                planned.project,
                planned.stack,
                planned.config,
                planned.answers,
                monitor=Monitor(functions),
            )
    (adopted,) = captured.of_type("perpetual:network:Network")
    subnets = {item["id"]: item for item in adopted.inputs["existingSubnets"]}
    assert subnets[ids["public-a"]]["routes"] == [
        {"destination": "10.9.0.0/16", "target": "local"},
        {"destination": "0.0.0.0/0", "target": "internet-gateway"},
    ]
    assert subnets[ids["data-b"]] == {
        "id": ids["data-b"],
        "tier": "data",
        "availabilityZone": f"{REGION}b",
        "cidrBlock": "10.9.5.0/24",
        "routes": [{"destination": "10.9.0.0/16", "target": "local"}],
    }


def network(cloud: Cloud) -> dict[str, str]:
    """Make a VPC with six subnets, of which the public ones have a way out; return ids by name."""
    vpc = cloud.call("ec2", "create_vpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ids = {"vpc": vpc}
    for number, (tier, zone) in enumerate(
        (tier, zone) for tier in ("public", "private", "data") for zone in "ab"
    ):
        place = {"AvailabilityZone": f"{REGION}{zone}", "CidrBlock": f"10.9.{number}.0/24"}
        made = cloud.call("ec2", "create_subnet", VpcId=vpc, **place)
        ids[f"{tier}-{zone}"] = made["Subnet"]["SubnetId"]
    gateway = cloud.call("ec2", "create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
    cloud.call("ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    table = cloud.call("ec2", "create_route_table", VpcId=vpc)["RouteTable"]["RouteTableId"]
    route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    cloud.call("ec2", "create_route", RouteTableId=table, **route)
    for zone in "ab":
        subnet = ids[f"public-{zone}"]
        cloud.call("ec2", "associate_route_table", RouteTableId=table, SubnetId=subnet)
    return ids


def test_without_a_builder_an_image_is_refused_with_the_way_out() -> None:
    """A sandbox of resources only runs what is released already."""
    cloud = Cloud(endpoint="http://127.0.0.1:1", region=REGION, account="111122223333")
    with pytest.raises(OperatorError, match="nobody builds shop:1 here") as error:
        cloud.build({"imageName": "shop:1"})
    assert "image.source" in str(error.value.hint)
