"""Postgres as each source and mode registers it."""

import json
from collections import Counter
from typing import Any

import pulumi
import pytest

from components.data import Database, DatabaseArgs, Encryption, EncryptionArgs
from components.data.instance import SPECIALS
from perpetual import contract
from perpetual.contract import Limit
from perpetual.offline.capture import UNKNOWN, Capture, Registration, capture
from settings import models
from settings.models import DatabaseSource, MasterPassword

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
INSTANCE = "aws:rds/instance:Instance"
GROUP = "aws:rds/parameterGroup:ParameterGroup"
LOG = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
UPSTREAM = "acme/perpetual/data"
UPSTREAM_FIELDS: dict[str, Any] = {
    "identifier": "perpetual-data-postgres",
    "address": "perpetual-data-postgres.abc.eu-central-1.rds.amazonaws.com",
    "port": 5432,
    "name": "app",
    "resourceId": "db-ABC",
    "replicas": [],
    "securityGroup": "sg-0123456789abcdef0",
    "masterSecret": "",
}


def deploy(
    at: contract.Stack = STACK,
    /,
    *,
    protect: bool = True,
    known: bool = False,
    fields: dict[str, Any] | None = None,
    **settings: Any,
) -> Capture:
    """Register a database beside its key; its published fields become the program's outputs."""

    def program() -> None:
        encryption = Encryption("encryption", EncryptionArgs(stack=at, protect=protect))
        config = models.Database(**settings)
        database = Database(
            "database",
            DatabaseArgs(
                stack=at,
                settings=config,
                protect=protect,
                key_arn=encryption.key_arn,
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id=None if config.source is DatabaseSource.STACK else "sg-database",
                client_group_id="sg-service",
            ),
        )
        pulumi.export("fields", database.fields)
        pulumi.export("arn", database.arn)
        pulumi.export("replicas", database.replica_addresses)

    outputs = {"database": fields, "version": contract.VERSION}
    return capture(
        program,
        project="perpetual",
        stack=at.name,
        config={},
        invokes={},
        stacks={UPSTREAM: outputs} if fields else None,
        known=known,
    )


def counts(made: Capture) -> dict[str, int]:
    """Return how many resources of each type the database itself has."""
    return dict(
        Counter(item.type for item in made.registrations if item.name.startswith("database-"))
    )


def primary(made: Capture) -> Registration:
    """Return the primary instance."""
    return made.named("database-primary")


def test_an_empty_database_is_this_and_no_more() -> None:
    """Every resource of the layer, so that none appears unnoticed."""
    assert counts(deploy()) == {
        "aws:rds/subnetGroup:SubnetGroup": 1,
        GROUP: 1,
        ROLE: 1,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 1,
        LOG: 2,
        INSTANCE: 1,
    }


def test_a_new_primary_is_private_encrypted_watched_and_backed_up() -> None:
    """All inputs: a new one is a decision."""
    assert primary(deploy()).inputs == {
        "identifier": "perpetual-prod-postgres",
        "engine": "postgres",
        "engineVersion": "17",
        "engineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "allowMajorVersionUpgrade": True,
        "autoMinorVersionUpgrade": True,
        "instanceClass": "db.t4g.small",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": UNKNOWN,
        "username": "perpetual",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": UNKNOWN,
        "iamDatabaseAuthenticationEnabled": True,
        "port": 5432,
        "publiclyAccessible": False,
        "multiAz": False,
        "dbSubnetGroupName": "perpetual-prod-data",
        "vpcSecurityGroupIds": ["sg-database"],
        "parameterGroupName": "perpetual-prod-postgres17",
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "backupRetentionPeriod": 14,
        "backupWindow": "03:00-03:45",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "applyImmediately": False,
        "copyTagsToSnapshot": True,
        "deletionProtection": True,
        "deleteAutomatedBackups": False,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "perpetual-prod-postgres-final",
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 60,
        "monitoringRoleArn": UNKNOWN,
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": UNKNOWN,
        "performanceInsightsRetentionPeriod": 7,
        "databaseInsightsMode": "standard",
    }


def test_what_guards_the_primary_can_be_followed_while_ids_are_unknown() -> None:
    """The policy pack joins by dependency: group, key, subnets."""
    made = deploy()
    joined = primary(made).property_dependencies
    assert joined["parameterGroupName"] == [made.named("database-parameters").urn]
    assert joined["dbSubnetGroupName"] == [made.named("database-subnets").urn]
    assert joined["kmsKeyId"] == [made.named("encryption-key").urn]
    assert joined["monitoringRoleArn"] == [made.named("database-monitoring").urn]


def test_the_parameter_group_demands_tls_and_names_its_family() -> None:
    """At `pending-reboot` throughout: anything else differs at every preview."""
    inputs = deploy(parameters={"work_mem": "8192"}).named("database-parameters").inputs
    assert inputs["name"] == "perpetual-prod-postgres17"
    assert inputs["family"] == "postgres17"
    given = {item["name"]: item["value"] for item in inputs["parameters"]}
    assert given["rds.force_ssl"] == "1"
    assert given["work_mem"] == "8192"
    assert len(given) == len(inputs["parameters"])
    assert {item["applyMethod"] for item in inputs["parameters"]} == {"pending-reboot"}


def test_a_major_upgrade_makes_its_group_before_it_drops_the_old_one() -> None:
    """Else the running instance would be without a group that fits it."""
    group = deploy(engine_version="18").named("database-parameters")
    assert group.inputs["name"] == "perpetual-prod-postgres18"
    assert group.request.deleteBeforeReplaceDefined
    assert not group.request.deleteBeforeReplace


@pytest.mark.parametrize(("version", "automatic"), [("17", True), ("17.5", False)])
def test_a_named_minor_stays_and_a_bare_major_is_kept_current(
    version: str, *, automatic: bool
) -> None:
    """An upgrade behind a named minor would be undone by the next update, which RDS refuses."""
    inputs = primary(deploy(engine_version=version)).inputs
    assert inputs["engineVersion"] == version
    assert inputs["autoMinorVersionUpgrade"] is automatic


@pytest.mark.parametrize("replicas", [0, 2])
def test_protection_covers_instances_and_logs_in_pulumi_and_in_aws(replicas: int) -> None:
    """With `protect`."""
    made = deploy(protect=True, replicas=replicas, master_password=MasterPassword.SECRET)
    guarded = made.of_type(INSTANCE) + made.of_type(LOG)
    assert len(guarded) == (1 + replicas) * 3
    assert all(item.request.protect for item in guarded)
    assert all(item.inputs["deletionProtection"] for item in made.of_type(INSTANCE))
    assert all(item.inputs["deletionProtectionEnabled"] for item in made.of_type(LOG))


def test_an_unprotected_database_leaves_nothing_behind() -> None:
    """A stack on request has to go as easily as it came."""
    made = deploy(protect=False)
    guarded = made.of_type(INSTANCE) + made.of_type(LOG)
    assert not any(item.request.protect for item in guarded)
    inputs = primary(made).inputs
    assert inputs["deletionProtection"] is False
    assert inputs["skipFinalSnapshot"] is True
    assert inputs["deleteAutomatedBackups"] is True
    assert "finalSnapshotIdentifier" not in inputs
    assert not any(item.inputs["deletionProtectionEnabled"] for item in made.of_type(LOG))


@pytest.mark.parametrize("protect", [True, False])
def test_no_update_deletes_data_to_make_room(*, protect: bool) -> None:
    """Creation comes first, and the identifier is taken: RDS refuses, the data stays."""
    request = primary(deploy(protect=protect)).request
    assert request.deleteBeforeReplaceDefined
    assert not request.deleteBeforeReplace


def test_where_the_data_came_from_matters_only_once() -> None:
    """A snapshot named later, or removed from the settings, replaces nothing."""
    ignored = list(primary(deploy()).request.ignoreChanges)
    assert ignored == ["snapshotIdentifier", "restoreToPointInTime"]


RESTORED: dict[str, dict[str, Any]] = {
    "snapshot": {"snapshot": "rds:perpetual-prod-postgres-2026-11-01"},
    "latest": {"restore_from": "perpetual-prod-postgres", "restore_time": "latest"},
    "moment": {"restore_from": "perpetual-prod-postgres", "restore_time": "2026-11-22T20:00:00Z"},
}


def restored(kind: str) -> Capture:
    """Register a database restored in one of the ways."""
    source = DatabaseSource.SNAPSHOT if kind == "snapshot" else DatabaseSource.POINT_IN_TIME
    return deploy(source=source, master_password=MasterPassword.SECRET, **RESTORED[kind])


@pytest.mark.parametrize("kind", RESTORED)
def test_a_restored_database_keeps_its_key_database_and_users(kind: str) -> None:
    """RDS takes none of them anew; to ask for them would replace the instance afterwards."""
    instance = primary(restored(kind))
    assert {"kmsKeyId", "dbName", "username"}.isdisjoint(instance.inputs)
    assert instance.inputs["storageEncrypted"] is True
    assert {"kmsKeyId", "storageEncrypted"} <= set(instance.request.ignoreChanges)


@pytest.mark.parametrize(
    ("kind", "origin"),
    [
        ("snapshot", {"snapshotIdentifier": "rds:perpetual-prod-postgres-2026-11-01"}),
        (
            "latest",
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceIdentifier": "perpetual-prod-postgres",
                    "useLatestRestorableTime": True,
                }
            },
        ),
        (
            "moment",
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceIdentifier": "perpetual-prod-postgres",
                    "restoreTime": "2026-11-22T20:00:00Z",
                }
            },
        ),
    ],
)
def test_a_restore_names_its_source(kind: str, origin: dict[str, Any]) -> None:
    """One of the two, in full."""
    inputs = primary(restored(kind)).inputs
    keys = ("snapshotIdentifier", "restoreToPointInTime")
    assert {key: inputs[key] for key in keys if key in inputs} == origin


def test_a_bootstrap_password_is_secret_and_forgotten_at_once() -> None:
    """It is replaced in RDS; no later update puts it back."""
    made = deploy(master_password=MasterPassword.SECRET)
    password = made.named("database-bootstrap")
    assert password.inputs == {"length": 40, "overrideSpecial": SPECIALS}
    instance = primary(made)
    assert instance.property_dependencies["password"] == [password.urn]
    assert "password" in instance.request.ignoreChanges
    assert {"manageMasterUserPassword", "masterUserSecretKmsKeyId"}.isdisjoint(instance.inputs)
    assert made.outputs["fields"]["masterSecret"] == ""


def test_a_managed_password_never_enters_the_program() -> None:
    """RDS keeps it, under the stack's key."""
    made = deploy(known=True)
    assert made.of_type("random:index/randomPassword:RandomPassword") == []
    assert "password" not in primary(made).inputs
    assert "password" not in primary(made).request.ignoreChanges
    assert "masterSecret" in made.outputs["fields"]


def test_the_specials_are_ones_that_rds_accepts() -> None:
    """It refuses four printable characters in a Postgres master password."""
    assert set('/"@ ').isdisjoint(SPECIALS)
    assert SPECIALS.isascii()
    assert SPECIALS.isprintable()


@pytest.mark.parametrize(("mode", "days"), [("standard", 7), ("advanced", 465)])
def test_insights_keep_what_their_mode_demands(mode: str, days: int) -> None:
    """Advanced is refused with fewer days."""
    inputs = primary(deploy(insights=mode)).inputs
    assert inputs["databaseInsightsMode"] == mode
    assert inputs["performanceInsightsRetentionPeriod"] == days


def test_without_monitoring_there_is_no_role() -> None:
    """A role that nothing uses is only a risk."""
    made = deploy(monitoring_seconds=0)
    assert made.of_type(ROLE) == []
    assert primary(made).inputs["monitoringInterval"] == 0
    assert "monitoringRoleArn" not in primary(made).inputs


def test_the_monitoring_role_serves_this_stacks_instances_only() -> None:
    """Its trust is readable at preview, and bound to account and instances."""
    role = deploy().named("database-monitoring")
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert role.inputs["name"] == "perpetual-prod-rds-monitoring"
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "monitoring.rds.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "111122223333"},
            "ArnLike": {
                "aws:SourceArn": [
                    "arn:aws:rds:eu-central-1:111122223333:db:perpetual-prod-postgres",
                    "arn:aws:rds:eu-central-1:111122223333:db:perpetual-prod-postgres-replica-*",
                ]
            },
        },
    }


def test_logs_wait_for_the_instance_with_key_and_retention() -> None:
    """Had RDS made the groups, they would be plain and kept for ever."""
    made = deploy(replicas=1, master_password=MasterPassword.SECRET)
    groups = {item.inputs["name"]: item for item in made.of_type(LOG)}
    assert sorted(groups) == [
        "/aws/rds/instance/perpetual-prod-postgres-replica-1/postgresql",
        "/aws/rds/instance/perpetual-prod-postgres-replica-1/upgrade",
        "/aws/rds/instance/perpetual-prod-postgres/postgresql",
        "/aws/rds/instance/perpetual-prod-postgres/upgrade",
    ]
    for group in groups.values():
        assert group.inputs["kmsKeyId"] == UNKNOWN
        assert group.inputs["retentionInDays"] == 90
    for item in made.of_type(INSTANCE):
        prefix = f"/aws/rds/instance/{item.inputs['identifier']}/"
        own = {group.urn for name, group in groups.items() if name.startswith(prefix)}
        assert own <= set(item.request.dependencies)


def test_a_replica_follows_its_source_and_keeps_nothing_of_its_own() -> None:
    """All inputs; version, key, subnets, size and users are the source's."""
    made = deploy(replicas=1, insights="advanced", master_password=MasterPassword.SECRET)
    replica = made.named("database-replica-1")
    assert replica.inputs == {
        "identifier": "perpetual-prod-postgres-replica-1",
        "replicateSourceDb": "perpetual-prod-postgres",
        "instanceClass": "db.t4g.small",
        "storageType": "gp3",
        "storageEncrypted": True,
        "maxAllocatedStorage": 100,
        "autoMinorVersionUpgrade": True,
        "iamDatabaseAuthenticationEnabled": True,
        "port": 5432,
        "publiclyAccessible": False,
        "multiAz": False,
        "vpcSecurityGroupIds": ["sg-database"],
        "parameterGroupName": "perpetual-prod-postgres17",
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "backupRetentionPeriod": 0,
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "applyImmediately": False,
        "copyTagsToSnapshot": True,
        "deletionProtection": True,
        "skipFinalSnapshot": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 60,
        "monitoringRoleArn": UNKNOWN,
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": UNKNOWN,
        "performanceInsightsRetentionPeriod": 7,
    }
    assert replica.property_dependencies["replicateSourceDb"] == [primary(made).urn]


def test_the_contract_names_every_instance() -> None:
    """Identifiers are known at preview, host names are not."""
    made = deploy(replicas=2, master_password=MasterPassword.SECRET)
    assert made.outputs["fields"] == {
        "identifier": "perpetual-prod-postgres",
        "address": UNKNOWN,
        "port": 5432,
        "name": "app",
        "resourceId": UNKNOWN,
        "replicas": [
            {"identifier": "perpetual-prod-postgres-replica-1", "address": UNKNOWN},
            {"identifier": "perpetual-prod-postgres-replica-2", "address": UNKNOWN},
        ],
        "securityGroup": "sg-database",
        "masterSecret": "",
    }


def test_a_contract_holds_no_null() -> None:
    """The engine drops nulls from outputs, and a reader's pin would not match."""
    assert None not in deploy(known=True).outputs["fields"].values()


def elsewhere(fields: dict[str, Any], **settings: Any) -> Capture:
    """Register a database that another stack owns and publishes with these fields."""
    return deploy(
        fields=fields,
        source=DatabaseSource.STACK,
        stack=UPSTREAM,
        pin=contract.pin(fields),
        **settings,
    )


def test_another_stacks_database_is_used_and_not_made() -> None:
    """Only the two rules between the groups, and the claim, are this stack's."""
    made = elsewhere(UPSTREAM_FIELDS)
    assert counts(made) == {
        "aws:ssm/parameter:Parameter": 1,
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": 1,
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": 1,
    }
    assert made.outputs["fields"] == UPSTREAM_FIELDS
    assert made.outputs["arn"] == "arn:aws:rds:eu-central-1:111122223333:db:perpetual-data-postgres"
    assert made.outputs["replicas"] == []


def test_the_service_and_another_stacks_database_meet_on_its_port() -> None:
    """By reference to groups, in both directions."""
    made = elsewhere(UPSTREAM_FIELDS)
    port = {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}
    assert made.named("database-from-service").inputs == port | {
        "securityGroupId": "sg-0123456789abcdef0",
        "referencedSecurityGroupId": "sg-service",
        "description": "Postgres from the service of prod",
    }
    assert made.named("database-to-database").inputs == port | {
        "securityGroupId": "sg-service",
        "referencedSecurityGroupId": "sg-0123456789abcdef0",
        "description": "Postgres",
    }


def test_another_port_upstream_is_said_and_not_guessed() -> None:
    """The rules are written with the port of this stack's settings."""
    with pytest.raises(pulumi.RunError, match=r"database\.port is 5432 here.*Set .* to 6432"):
        elsewhere(UPSTREAM_FIELDS | {"port": 6432})


def test_an_upstream_that_changed_is_refused() -> None:
    """A pin that no longer holds names the field."""
    with pytest.raises(pulumi.RunError, match="address"):
        deploy(
            fields=UPSTREAM_FIELDS | {"address": "other"},
            source=DatabaseSource.STACK,
            stack=UPSTREAM,
            pin=contract.pin(UPSTREAM_FIELDS),
        )


def test_another_stacks_database_can_be_previewed_before_it_is_known() -> None:
    """Offline nobody answers for the upstream; its identifier follows from its name."""
    made = deploy(source=DatabaseSource.STACK, stack=UPSTREAM, pin=contract.pin(UPSTREAM_FIELDS))
    assert made.named("database-from-service").inputs["securityGroupId"] == UNKNOWN
    assert made.outputs["arn"] == "arn:aws:rds:eu-central-1:111122223333:db:perpetual-data-postgres"
    assert set(made.outputs["fields"].values()) == {UNKNOWN}


def test_no_name_exceeds_its_limit_in_the_longest_stack() -> None:
    """30 characters, and as many replicas as there may be."""
    longest = contract.Stack(name="a" * 30, account=STACK.account, region=STACK.region)
    made = deploy(longest, replicas=15, master_password=MasterPassword.SECRET)
    identifiers = [item.inputs["identifier"] for item in made.of_type(INSTANCE)]
    assert len(set(identifiers)) == 16
    assert max(map(len, identifiers)) <= Limit.DB_IDENTIFIER
    assert len(made.named("database-monitoring").inputs["name"]) <= Limit.ROLE
    final = primary(made).inputs["finalSnapshotIdentifier"]
    assert len(final) <= 255
