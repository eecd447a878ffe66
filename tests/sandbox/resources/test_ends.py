"""How resources begin and end in ways that neither stack needs."""

from typing import Any, Final

from perpetual.sandbox.fronts.provider import Made, Provider
from tests.sandbox.resources import stories
from tests.sandbox.resources.test_updates import Ground

DATABASE: Final = "aws:rds/instance:Instance"
DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
REGISTRY: Final = "aws:servicediscovery/service:Service"


def gone(provider: Provider, token: str, made: Made) -> bool:
    """Delete a resource, and tell whether it is gone."""
    provider.delete(token, made.id, made.state)
    return provider.read(token, made.id, made.state, made.inputs) is None


def test_a_bucket_is_emptied_where_that_was_asked_for() -> None:
    """Else AWS refuses to delete it."""
    with stories.fresh("dev") as found:
        ground = Ground(Provider(cloud=found.cloud))
        token = "aws:s3/bucket:Bucket"  # noqa: S105 - a type
        made = ground.make(token, bucket="logs-of-somebody", forceDestroy=True)
        found.cloud.call("s3", "put_object", Bucket=made.id, Key="a", Body=b"a")
        assert gone(ground.provider, token, made)


def test_instances_left_behind_go_with_their_service() -> None:
    """A lost host takes nobody out of Cloud Map; and its records live as long as asked for."""
    with stories.fresh("dev") as found:
        ground = Ground(Provider(cloud=found.cloud))
        token = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"  # noqa: S105 - a type
        space = ground.once("space", token, name="x.internal", vpc=ground.vpc)
        records = {"namespaceId": space, "dnsRecords": [{"ttl": 10, "type": "A"}]}
        made = ground.make(REGISTRY, name="web", dnsConfig=records, forceDestroy=True)
        address = {"AWS_INSTANCE_IPV4": "10.0.0.1"}
        found.cloud.call(
            "servicediscovery",
            "register_instance",
            ServiceId=made.id,
            InstanceId="one",
            Attributes=address,
        )
        longer = {**records, "dnsRecords": [{"ttl": 60, "type": "A"}]}
        inputs = {**made.inputs, "dnsConfig": longer}
        changed = ground.provider.update(REGISTRY, made.id, made.state, inputs)
        assert changed.state["dnsConfig"]["dnsRecords"] == [{"ttl": 60, "type": "A"}]
        assert gone(ground.provider, REGISTRY, changed)


def test_a_revision_that_is_not_kept_is_deregistered_and_another_is_not_taken_for_it() -> None:
    """Without `trackLatest` a definition is its own revision."""
    with stories.fresh("dev") as found:
        ground = Ground(Provider(cloud=found.cloud))
        containers = '[{"name": "a", "image": "a", "memory": 64, "essential": true}]'
        given: dict[str, Any] = {"family": "job", "containerDefinitions": containers}
        first = ground.make(DEFINITION, **given)
        second = ground.make(DEFINITION, **given)
        assert (first.state["revision"], second.state["revision"]) == (1, 2)
        read = ground.provider.read(DEFINITION, first.id, first.state, first.inputs)
        assert read is not None
        assert read.state["revision"] == 1
        assert gone(ground.provider, DEFINITION, first)
        read = ground.provider.read(DEFINITION, second.id, second.state, second.inputs)
        assert read is not None


def test_a_database_begins_where_another_was_and_takes_what_can_only_be_given_later() -> None:
    """Its password and its windows: RDS restores, and is told the rest."""
    with stories.fresh("dev") as found:
        ground = Ground(Provider(cloud=found.cloud))
        login = {"username": "someone", "password": "a-password-of-nobody"}
        size = {"engine": "postgres", "engineVersion": "17", "allocatedStorage": 20}
        common = {"instanceClass": "db.t4g.micro", "skipFinalSnapshot": True}
        ground.make(DATABASE, identifier="first", **login, **size, **common)
        moment = {"sourceDbInstanceIdentifier": "first", "useLatestRestorableTime": True}
        made = ground.make(
            DATABASE,
            identifier="second",
            restoreToPointInTime=moment,
            password="another-of-nobody",  # noqa: S106 - of nobody
            maintenanceWindow="sun:04:00-sun:05:00",
            **common,
        )
        assert made.state["maintenanceWindow"] == "sun:04:00-sun:05:00"
        assert made.state["username"] == "someone"
        later = {**made.inputs, "enabledCloudwatchLogsExports": ["postgresql"], "multiAz": True}
        changed = ground.provider.update(DATABASE, made.id, made.state, later)
        assert changed.state["enabledCloudwatchLogsExports"] == ["postgresql"]
        assert changed.state["multiAz"] is True
        kept = {**changed.state, "skipFinalSnapshot": False, "finalSnapshotIdentifier": "last"}
        ground.provider.delete(DATABASE, changed.id, kept)
        snapshots = found.cloud.call("rds", "describe_db_snapshots")["DBSnapshots"]
        assert "last" in {item["DBSnapshotIdentifier"] for item in snapshots}
