"""Harmless things beside the stack's own."""

import json
from typing import Any, Final

from graph.tokens import (
    CACHE_GROUP,
    CACHE_SUBNET_GROUP,
    DB_CLUSTER,
    DB_CLUSTER_INSTANCE,
    DB_INSTANCE,
    DB_SUBNET_GROUP,
    LAMBDA,
    NETWORK_ACL_ASSOCIATION,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SECURITY_GROUP,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
)
from tests.mutants.bad.balancer import REPOSITORY
from tests.mutants.bad.data import CLUSTER
from tests.mutants.bad.keys import KEY, LOG_GROUP, PARAMETER, TOPIC
from tests.mutants.bad.lists import acl_of
from tests.mutants.bad.network import TIER, subnets, tables
from tests.mutants.bad.permissions import ROLE_POLICY, given, with_statement
from tests.mutants.operators import Made, operator, operators
from tests.mutants.stack import Ref, Stack, within


@operator("network", "one more subnet like the others")
def add_a_subnet(stack: Stack) -> Made:
    """Add a subnet to each tier, with its table and ACL."""
    for tier in ("public", "private", "data"):
        made = stack.plus(
            SUBNET,
            "more",
            vpcId=Ref(stack.one(VPC).urn),
            cidrBlock="10.0.240.0/24",
            availabilityZone="eu-west-1a",
            mapPublicIpOnLaunch=False,
            tags={TIER: tier, "Name": "more"},
        )
        subnet = Ref(made.named("more").urn)
        made = made.plus(
            ROUTE_TABLE_ASSOCIATION,
            "more-table",
            subnetId=subnet,
            routeTableId=Ref(tables(stack, tier)[0].urn),
        )
        yield (
            tier,
            made.plus(
                NETWORK_ACL_ASSOCIATION,
                "more-acl",
                subnetId=subnet,
                networkAclId=Ref(acl_of(stack, tier).urn),
            ),
        )


@operator("network", "a gateway endpoint leads to one service of AWS, and nowhere else")
def add_a_gateway_endpoint(stack: Stack) -> Made:
    """Give each table an endpoint to DynamoDB, for this account's tables alone."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "dynamodb:GetItem",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}},
    }
    for table in stack.of(ROUTE_TABLE):
        yield (
            table.name,
            stack.plus(
                VPC_ENDPOINT,
                "tables",
                vpcId=Ref(stack.one(VPC).urn),
                vpcEndpointType="Gateway",
                serviceName="com.amazonaws.eu-west-1.dynamodb",
                routeTableIds=[Ref(table.urn)],
                policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            ),
        )


def _harmless(stack: Stack) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return resources that take nothing from anybody: type and properties by name."""
    key = Ref(stack.one(KEY).urn, "arn")
    vpc = Ref(stack.one(VPC).urn)
    return {
        "group": (SECURITY_GROUP, {"vpcId": vpc, "description": "Nobody", "name": "nobody"}),
        "log group": (
            LOG_GROUP,
            {
                "name": "/perpetual/more",
                "retentionInDays": 90,
                "kmsKeyId": key,
                "deletionProtectionEnabled": True,
            },
        ),
        "parameter": (PARAMETER, {"name": "/perpetual/limit", "type": "String", "value": "20"}),
        "key": (KEY, {"enableKeyRotation": True, "deletionWindowInDays": 30}),
        "topic": (TOPIC, {"name": "more", "kmsMasterKeyId": key}),
        "table": (ROUTE_TABLE, {"vpcId": vpc}),
        "record": (
            "aws:route53/record:Record",
            {
                "zoneId": "Z0123456789ABCDEFGHIJ",
                "name": "docs.example.com",
                "type": "CNAME",
                "ttl": 300,
                "records": ["docs.example.net"],
            },
        ),
        "query": (
            "aws:cloudwatch/queryDefinition:QueryDefinition",
            {"name": "slow", "queryString": "fields @message"},
        ),
        "another cloud's": ("gcp:storage/bucket:Bucket", {"location": "EU"}),
        "another provider's": ("random:index/randomId:RandomId", {"byteLength": 8}),
        "a type nobody knows": (
            "aws:quantum/entangler:Entangler",
            {"policy": "{", "subnets": "none"},
        ),
        "a component": ("perpetual:more:Thing", {"subnets": []}),
    }


@operator("protection", "one thing more takes nothing from anybody")
def add_something_harmless(stack: Stack) -> Made:
    """Add one resource of several types."""
    for name, (token, held) in _harmless(stack).items():
        yield name, stack.plus(token, "more", **held)


@operator("data", "a cluster that is as safe as the instance")
def add_a_good_cluster(stack: Stack) -> Made:
    """Add an Aurora cluster without a fault."""
    group = stack.targets(stack.of(DB_INSTANCE)[0], "vpcSecurityGroupIds", SECURITY_GROUP)[0]
    key = Ref(stack.one(KEY).urn, "arn")
    made = stack.plus(
        DB_CLUSTER,
        "aurora",
        **CLUSTER,
        clusterIdentifier="aurora",
        kmsKeyId=key,
        dbSubnetGroupName=Ref(stack.one(DB_SUBNET_GROUP).urn, "name"),
        vpcSecurityGroupIds=[Ref(group.urn)],
    )
    for zone in ("a", "b"):
        made = made.plus(
            DB_CLUSTER_INSTANCE,
            f"aurora-{zone}",
            clusterIdentifier=Ref(made.named("aurora").urn, "clusterIdentifier"),
            engine="aurora-postgresql",
            instanceClass="db.r8g.large",
            caCertIdentifier="rds-ca-rsa2048-g1",
            publiclyAccessible=False,
            monitoringInterval=60,
            monitoringRoleArn="arn:aws:iam::111122223333:role/monitoring",
            performanceInsightsEnabled=True,
            performanceInsightsKmsKeyId=key,
            autoMinorVersionUpgrade=True,
        )
    yield "aurora", made


@operator("data", "a cache and a function where they belong")
def add_a_cache_and_a_function(stack: Stack) -> Made:
    """Add a cache to the data subnets, and a function to the private ones."""
    group = Ref(stack.of(SECURITY_GROUP)[1].urn)
    made = stack.plus(
        CACHE_SUBNET_GROUP,
        "cache-subnets",
        subnetIds=[Ref(item.urn) for item in subnets(stack, "data")],
    )
    yield (
        "cache",
        made.plus(
            CACHE_GROUP,
            "cache",
            subnetGroupName=Ref(made.named("cache-subnets").urn, "name"),
            securityGroupIds=[group],
            transitEncryptionEnabled=True,
            atRestEncryptionEnabled=True,
            automaticFailoverEnabled=True,
            multiAzEnabled=True,
        ),
    )
    yield (
        "function",
        stack.plus(
            LAMBDA,
            "function",
            vpcConfig={
                "subnetIds": [Ref(item.urn) for item in subnets(stack, "private")],
                "securityGroupIds": [group],
            },
        ),
    )


@operator("IAM", "one action more on one resource of this stack")
def allow_one_thing_more(stack: Stack) -> Made:
    """Let each role read one log group more."""
    account = str(within(stack.one(KEY), "policy")).split("arn:aws:iam::")[1][:12]
    arn = f"arn:aws:logs:eu-west-1:{account}:log-group:/perpetual/{stack.name}/release:*"
    for role in stack.of("aws:iam/role:Role"):
        for item in given(stack, role)[:1]:
            new = {"Sid": "More", "Effect": "Allow", "Action": "logs:GetLogEvents", "Resource": arn}
            yield item[0].name, with_statement(stack, item, new)
            beside = {
                "role": Ref(role.urn, "name"),
                "policy": json.dumps({"Version": "2012-10-17", "Statement": [new]}),
            }
            yield f"{role.name} beside", stack.plus(ROLE_POLICY, "more", **beside)


@operator("image", "one more repository like the other")
def add_a_repository(stack: Stack) -> Made:
    """Add a repository as safe as the first, with its lifecycle."""
    first = stack.one(REPOSITORY)
    made = stack.plus(
        REPOSITORY,
        "more",
        name="perpetual/more",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfigurations=[
            {"encryptionType": "KMS", "kmsKey": Ref(stack.one(KEY).urn, "arn")}
        ],
        forceDelete=False,
    )
    policy = next(item for item in stack.of("aws:ecr/lifecyclePolicy:LifecyclePolicy")).properties[
        "policy"
    ]
    yield (
        first.name,
        made.plus(
            "aws:ecr/lifecyclePolicy:LifecyclePolicy",
            "more-lifecycle",
            repository=Ref(made.named("more").urn, "name"),
            policy=policy,
        ),
    )


OPERATORS: Final = operators(globals())
