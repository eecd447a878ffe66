"""The stack, from settings to published contract: composition only."""

import pulumi

import settings
from components.access import Access, AccessArgs
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
from components.image import Image, ImageArgs
from components.network import Network, NetworkArgs, SecurityGroups, SecurityGroupsArgs
from components.publication import Publication, PublicationArgs
from settings.models import Bastion

config = settings.load()
stack = identify(config)
opts = pulumi.ResourceOptions(providers=[provider(stack, config.tags)])

encryption = Encryption("encryption", EncryptionArgs(stack=stack, protect=config.protect), opts)
network = Network(
    "network",
    NetworkArgs(
        stack=stack,
        settings=config.network,
        key_arn=encryption.key_arn,
        database_port=config.database.port,
        public_clients=config.access.bastion is Bastion.PUBLIC,
    ),
    opts,
)
groups = SecurityGroups(
    "groups",
    SecurityGroupsArgs(stack=stack, settings=config, network=network),
    opts,
)
database = Database(
    "database",
    DatabaseArgs(
        stack=stack,
        settings=config.database,
        protect=config.protect,
        key_arn=encryption.key_arn,
        subnet_ids=network.data_subnet_ids,
        security_group_id=groups.database_id,
        client_group_id=groups.service_id,
    ),
    opts,
)
image = Image(
    "image",
    ImageArgs(
        stack=stack,
        settings=config.image,
        architecture=config.architecture,
        protect=config.protect,
        key_arn=encryption.key_arn,
    ),
    opts,
)
cluster = Cluster(
    "cluster",
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
    "balancer",
    BalancerArgs(
        stack=stack,
        settings=config.balancer,
        port=config.service.port,
        protect=config.protect,
        vpc_id=network.vpc_id,
        subnet_ids=network.public_subnet_ids,
        security_group_id=groups.balancer_id,
    ),
    opts,
)
alarms = Alarms(
    "alarms",
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
service = Service(
    "service",
    ServiceArgs(
        stack=stack,
        settings=config.service,
        protect=config.protect,
        host=config.balancer.domain,
        architecture=config.architecture,
        key_arn=encryption.key_arn,
        image=image.reference,
        vpc_id=network.vpc_id,
        subnet_ids=network.private_subnet_ids,
        security_group_id=groups.service_id,
        cluster=cluster,
        balancer=balancer,
        rollback_alarms=alarms.rollback_names,
    ),
    opts,
)
access = Access(
    "access",
    AccessArgs(
        stack=stack,
        settings=config.access,
        architecture=config.architecture,
        network=network,
        balancer=config.balancer,
        tags=config.tags,
        security_group_id=groups.bastion_id,
    ),
    opts,
)
Publication(
    "contract",
    PublicationArgs(
        stack=stack,
        settings=config,
        network=network,
        database=database,
        image=image,
        cluster=cluster,
        balancer=balancer,
        service=service,
        access=access,
    ),
    opts,
)
