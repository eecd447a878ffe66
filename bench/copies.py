"""A program with many copies of the service and data layers, to see how the cost grows."""

from dataclasses import replace

import pulumi

import settings
from components.account import identify, provider
from components.data import Database, DatabaseArgs, Encryption, EncryptionArgs
from components.ecs import (
    Alarms,
    AlarmsArgs,
    Balancer,
    BalancerArgs,
    Cluster,
    ClusterArgs,
    Service,
    ServiceArgs,
)
from components.network import Network, NetworkArgs, SecurityGroups, SecurityGroupsArgs
from perpetual import contract


def build(copies: int) -> None:
    """Register one network, and `copies` sets of everything that runs in it."""
    config = settings.load()
    stack = identify(config)
    opts = pulumi.ResourceOptions(providers=[provider(stack, config.tags)])
    encryption = Encryption("encryption", EncryptionArgs(stack=stack, protect=False), opts)
    network = Network(
        "network",
        NetworkArgs(stack=stack, settings=config.network, key_arn=encryption.key_arn),
        opts,
    )
    for number in range(copies):
        _copy(replace(stack, name=f"{stack.name}-{number}"), config, encryption, network, opts)


def _copy(
    stack: contract.Stack,
    config: settings.Settings,
    encryption: Encryption,
    network: Network,
    opts: pulumi.ResourceOptions,
) -> None:
    def named(part: str) -> str:
        return f"{part}-{stack.name}"

    groups = SecurityGroups(
        named("groups"), SecurityGroupsArgs(stack=stack, settings=config, network=network), opts
    )
    database = Database(
        named("database"),
        DatabaseArgs(
            stack=stack,
            settings=config.database,
            protect=False,
            key_arn=encryption.key_arn,
            subnet_ids=network.data_subnet_ids,
            security_group_id=groups.database_id,
            client_group_id=groups.service_id,
        ),
        opts,
    )
    cluster = Cluster(
        named("cluster"),
        ClusterArgs(
            stack=stack,
            settings=config.hosts,
            architecture=config.architecture,
            key_arn=encryption.key_arn,
            subnet_ids=network.private_subnet_ids,
            security_group_id=groups.host_id,
            tags=config.tags,
        ),
        opts,
    )
    balancer = Balancer(
        named("balancer"),
        BalancerArgs(
            stack=stack,
            settings=config.balancer,
            port=config.service.port,
            protect=False,
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids,
            security_group_id=groups.balancer_id,
        ),
        opts,
    )
    alarms = Alarms(
        named("alarms"),
        AlarmsArgs(
            stack=stack,
            settings=config.alarms,
            service=config.service,
            key_arn=encryption.key_arn,
            balancer=balancer,
            database=database,
        ),
        opts,
    )
    Service(
        named("service"),
        ServiceArgs(
            stack=stack,
            settings=config.service,
            protect=False,
            host=config.balancer.domain,
            architecture=config.architecture,
            key_arn=encryption.key_arn,
            image=f"{stack.repository_url}:bench",
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            security_group_id=groups.service_id,
            cluster=cluster,
            balancer=balancer,
            rollback_alarms=alarms.rollback_names,
        ),
        opts,
    )
