"""Postgres on RDS: created, restored, or another stack's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import Input, Output

from components import upstream
from components.component import Component
from components.data import instance, names, parameters, roles
from perpetual import contract
from perpetual.contract import Layer, Limit
from settings import models
from settings.models import DatabaseSource, MasterPassword

LOG_RETENTION_DAYS: Final = 90
"""Days that Postgres' own logs are kept."""

FIELDS: Final = (
    "identifier",
    "address",
    "port",
    "name",
    "resourceId",
    "replicas",
    "securityGroup",
    "masterSecret",
)
"""What other stacks and the command may know of the database."""


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """What the database depends on.

    `security_group_id` is None exactly when the source is another stack; then `client_group_id`,
    the service's group, is let into that stack's group. `protect` keeps instance, logs and backups
    from deletion, in Pulumi and in AWS.
    """

    stack: contract.Stack
    settings: models.Database
    protect: bool
    key_arn: Input[str]
    subnet_ids: Sequence[Input[str]]
    security_group_id: Input[str] | None
    client_group_id: Input[str]


class Database(Component):
    """A private, encrypted, TLS-only Postgres with its replicas, logs and monitoring.

    Identifiers are fixed, and a replacement would have to come before the deletion, so RDS refuses
    it: whatever is changed in the settings, no update deletes data to make room for new data.
    """

    token = "perpetual:data:Database"

    identifier: str
    """The primary's identifier."""
    address: Output[str]
    """The primary's host name, to which its certificate is issued."""
    arn: Output[str]
    resource_id: Output[str]
    """The id that IAM database authentication names the instance by."""
    port: int
    replica_identifiers: list[str]
    replica_addresses: list[Output[str]]
    master_secret_arn: Output[str] | None
    """The secret in which RDS keeps the master password, if it does."""
    fields: dict[str, Input[Any]]
    """The layer's contract."""

    def __init__(
        self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the database, or look up another stack's."""
        super().__init__(name, opts)
        self._name, self._args = name, args
        self.port = args.settings.port
        if args.settings.source is DatabaseSource.STACK:
            self._use_upstream()
        else:
            self._create()
        self.register_outputs({"address": self.address, "identifier": self.identifier})

    def _create(self) -> None:
        config = self._args.settings
        self.identifier = names.identifier(self._args.stack)
        self.replica_identifiers = names.replica_identifiers(self._args.stack, config.replicas)
        around = instance.Surroundings(
            subnet_group=self._create_subnet_group(),
            security_group_id=self._own_group(),
            parameter_group=self._create_parameter_group(),
            key_arn=self._args.key_arn,
            monitoring_role_arn=self._create_monitoring_role(),
        )
        primary = self._create_primary(around, self._create_password())
        replicas = [
            self._create_replica(number, identifier, around, primary)
            for number, identifier in enumerate(self.replica_identifiers, start=1)
        ]
        self.address, self.arn, self.resource_id = primary.address, primary.arn, primary.resource_id
        self.replica_addresses = [replica.address for replica in replicas]
        self.master_secret_arn = instance.master_secret(primary, config)
        self.fields = self._published()

    def _own_group(self) -> Input[str]:
        if self._args.security_group_id is None:
            message = "A database of this stack's own needs `security_group_id`; it is None."
            raise ValueError(message)
        return self._args.security_group_id

    def _create_subnet_group(self) -> Input[str]:
        return aws.rds.SubnetGroup(
            f"{self._name}-subnets",
            name=self._args.stack.physical("data"),
            description="Data subnets, which have no way out",
            subnet_ids=list(self._args.subnet_ids),
            opts=self._child(),
        ).name

    def _create_parameter_group(self) -> Input[str]:
        config = self._args.settings
        family = parameters.family(config.engine_version)
        return aws.rds.ParameterGroup(
            f"{self._name}-parameters",
            # The family is part of the name, and the old group stays until nothing uses it, so a
            # major upgrade finds its group before the instance moves.
            name=self._args.stack.physical(family),
            family=family,
            description=f"{family}, TLS only",
            parameters=parameters.arguments(config.parameters),
            opts=self._child(delete_before_replace=False),
        ).name

    def _create_monitoring_role(self) -> Input[str] | None:
        stack = self._args.stack
        if self._args.settings.monitoring_seconds == 0:
            return None
        role = aws.iam.Role(
            f"{self._name}-monitoring",
            name=stack.physical("rds-monitoring", limit=Limit.ROLE),
            description="RDS enhanced monitoring",
            assume_role_policy=roles.monitoring_trust(stack),
            opts=self._child(),
        )
        aws.iam.RolePolicyAttachment(
            f"{self._name}-monitoring-policy",
            role=role.name,
            policy_arn=f"arn:{stack.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
            opts=self._child(),
        )
        return role.arn

    def _create_password(self) -> Output[str] | None:
        if self._args.settings.master_password is MasterPassword.MANAGED:
            return None
        return random.RandomPassword(
            f"{self._name}-bootstrap",
            length=instance.PASSWORD_LENGTH,
            override_special=instance.SPECIALS,
            opts=self._child(),
        ).result

    def _create_logs(self, suffix: str, identifier: str) -> list[aws.cloudwatch.LogGroup]:
        """Create the log groups before RDS would: its own have neither key nor retention."""
        return [
            aws.cloudwatch.LogGroup(
                f"{self._name}{suffix}-log-{export}",
                name=names.log_group(identifier, export),
                kms_key_id=self._args.key_arn,
                retention_in_days=LOG_RETENTION_DAYS,
                deletion_protection_enabled=self._args.protect,
                opts=self._child(protect=self._args.protect),
            )
            for export in names.LOG_EXPORTS
        ]

    def _create_primary(
        self, around: instance.Surroundings, password: Output[str] | None
    ) -> aws.rds.Instance:
        args = self._args
        return aws.rds.Instance(
            f"{self._name}-primary",
            instance.primary(
                self.identifier, args.settings, around, protect=args.protect, password=password
            ),
            opts=self._child(
                protect=args.protect,
                # Create first: the identifier is taken, so RDS refuses, and the data stays.
                delete_before_replace=False,
                ignore_changes=instance.ignored_changes(args.settings),
                depends_on=self._create_logs("", self.identifier),
            ),
        )

    def _create_replica(
        self,
        number: int,
        identifier: str,
        around: instance.Surroundings,
        primary: aws.rds.Instance,
    ) -> aws.rds.Instance:
        args, suffix = self._args, f"-replica-{number}"
        return aws.rds.Instance(
            f"{self._name}{suffix}",
            instance.replica(
                identifier,
                args.settings,
                around,
                protect=args.protect,
                source=primary.identifier,
            ),
            opts=self._child(
                protect=args.protect,
                # Its identifier is taken as well, but it holds nothing of its own.
                delete_before_replace=True,
                # The source decides; of a plain one there is no encrypted replica.
                ignore_changes=["storageEncrypted"],
                depends_on=self._create_logs(suffix, identifier),
            ),
        )

    def _published(self) -> dict[str, Input[Any]]:
        replicas = [
            {"identifier": identifier, "address": address}
            for identifier, address in zip(
                self.replica_identifiers, self.replica_addresses, strict=True
            )
        ]
        secret = self.master_secret_arn
        values: tuple[Input[Any], ...] = (
            self.identifier,
            self.address,
            self.port,
            self._args.settings.name,
            self.resource_id,
            replicas,
            self._own_group(),
            # Not None: the engine drops nulls from outputs, and the pin would differ for readers.
            "" if secret is None else secret,
        )
        return dict(zip(FIELDS, values, strict=True))

    def _use_upstream(self) -> None:
        """Take the upstream's contract for the database, and open its group to this service.

        Alarms on the instance and its replicas are the upstream's own affair.
        """
        config = self._args.settings
        fields = upstream.layer_fields(
            self, config.stack, Layer.DATABASE, config.pin, self._args.stack
        ).apply(self._same_port)
        owner = replace(self._args.stack, name=str(config.stack).rpartition("/")[2])
        self.identifier = names.identifier(owner)
        self.arn = Output.from_input(owner.arn("rds", f"db:{self.identifier}"))
        self.fields = {key: fields.apply(itemgetter(key)) for key in FIELDS}
        self.address = fields.apply(lambda found: str(found["address"]))
        self.resource_id = fields.apply(lambda found: str(found["resourceId"]))
        self.replica_identifiers, self.replica_addresses = [], []
        self.master_secret_arn = None
        self._create_rules(fields.apply(lambda found: str(found["securityGroup"])))

    def _same_port(self, fields: dict[str, Any]) -> dict[str, Any]:
        if int(fields["port"]) != self.port:
            message = (
                f"database.port is {self.port} here, but {self._args.settings.stack} serves "
                f"Postgres on {fields['port']}. Set database.port to {fields['port']}."
            )
            raise pulumi.RunError(message)
        return fields

    def _create_rules(self, database_group: Input[str]) -> None:
        client = self._args.client_group_id
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-from-service",
            security_group_id=database_group,
            referenced_security_group_id=client,
            description=f"Postgres from the service of {self._args.stack.name}",
            ip_protocol="tcp",
            from_port=self.port,
            to_port=self.port,
            opts=self._child(),
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-database",
            security_group_id=client,
            referenced_security_group_id=database_group,
            description="Postgres",
            ip_protocol="tcp",
            from_port=self.port,
            to_port=self.port,
            opts=self._child(),
        )
