"""Every form that the SDK offers for the groups, subnets and addresses of what is attached."""

from collections.abc import Callable

import pulumi_aws as aws
import pytest

from graph import INTERNET, Verdict, may
from tests.policy.case import EVERYWHERE, unknown
from tests.policy.forms import ALL, SSH, WEB, host, interface, open_group, urn_of
from tests.policy.small import Extra, Stack, small
from tests.policy.support import FORMS, UPDATE, captured, graph_of

YES, NO, UNDETERMINED = Verdict.YES, Verdict.NO, Verdict.UNDETERMINED


# --- how a host comes by its groups and addresses


def _closed(made: Stack) -> None:
    host(made)


def _listed(made: Stack) -> None:
    host(made, vpc_security_group_ids=[made.service_group.id, open_group(made).id])


def _by_name(made: Stack) -> None:
    host(made, vpc_security_group_ids=None, security_groups=[open_group(made).name])


def _attached_to_the_first(made: Stack) -> None:
    aws.ec2.NetworkInterfaceSecurityGroupAttachment(
        "attached",
        security_group_id=open_group(made).id,
        network_interface_id=host(made).primary_network_interface_id,
    )


def _attached_to_nobody_knows(made: Stack) -> None:
    host(made)
    aws.ec2.NetworkInterfaceSecurityGroupAttachment(
        "attached",
        security_group_id=open_group(made).id,
        network_interface_id=unknown(made, "eni-0123456789abcdef0"),
    )


def _launched_with_an_interface(made: Stack) -> None:
    eni = interface(made, "public_a", open_group(made))
    host(
        made,
        subnet_id=None,
        vpc_security_group_ids=None,
        associate_public_ip_address=None,
        primary_network_interface={"network_interface_id": eni.id},
    )
    aws.ec2.Eip("address", network_interface=eni.id)


def _second_interface(made: Stack) -> None:
    eni = interface(made, "public_a", open_group(made))
    one = host(made, subnet_id=made.private_a.id, associate_public_ip_address=None)
    aws.ec2.NetworkInterfaceAttachment(
        "second", instance_id=one.id, network_interface_id=eni.id, device_index=1
    )
    aws.ec2.Eip("address", network_interface=eni.id)


def _elastic(made: Stack) -> None:
    one = host(
        made,
        associate_public_ip_address=None,
        vpc_security_group_ids=[open_group(made).id],
    )
    aws.ec2.EipAssociation(
        "address", instance_id=one.id, allocation_id=aws.ec2.Eip("elastic").allocation_id
    )


def _template(made: Stack) -> None:
    template = aws.ec2.LaunchTemplate(
        "open",
        network_interfaces=[
            {"security_groups": [open_group(made).id], "associate_public_ip_address": "true"}
        ],
    )
    host(
        made,
        vpc_security_group_ids=None,
        associate_public_ip_address=None,
        launch_template={"id": template.id},
    )


def _default_group(made: Stack) -> None:
    aws.ec2.DefaultSecurityGroup("default", vpc_id=made.vpc.id, ingress=[SSH])
    host(made, vpc_security_group_ids=None)


def _unmanaged_default(made: Stack) -> None:
    host(made, vpc_security_group_ids=None)


def _prefix_list(made: Stack) -> None:
    everybody = aws.ec2.ManagedPrefixList(
        "everybody", address_family="IPv4", max_entries=1, entries=[{"cidr": EVERYWHERE}]
    )
    rule = {key: value for key, value in SSH.items() if key != "cidr_blocks"}
    group = open_group(made, ingress=[{**rule, "prefix_list_ids": [everybody.id]}])
    host(made, vpc_security_group_ids=[group.id])


def _classic_rule(made: Stack) -> None:
    aws.ec2.SecurityGroupRule("ssh", type="ingress", security_group_id=made.service_group.id, **SSH)
    host(made)


HOSTS = {
    "in a closed group": (_closed, NO),
    "with one open group of two": (_listed, YES),
    "with its group by name": (_by_name, YES),
    "with a group attached to its first interface": (_attached_to_the_first, YES),
    "with a group attached to nobody knows what": (_attached_to_nobody_knows, UNDETERMINED),
    "launched with an interface": (_launched_with_an_interface, YES),
    "with a second interface": (_second_interface, YES),
    "with an elastic address": (_elastic, YES),
    "by a launch template": (_template, YES),
    "in the managed default group": (_default_group, YES),
    "in the default group nobody manages": (_unmanaged_default, UNDETERMINED),
    "opened by a prefix list": (_prefix_list, YES),
    "opened by a classic rule": (_classic_rule, YES),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("extra", "verdict"), HOSTS.values(), ids=HOSTS)
def test_a_host_is_reached_by_whatever_way_it_was_opened(
    extra: Extra, verdict: Verdict, form: str
) -> None:
    """The question is always whether the internet can log in to it."""
    if extra is _attached_to_nobody_knows and form == UPDATE:
        verdict = NO  # the literal names an interface that is not this host's
    graph = graph_of(captured(small(extra), known=form == UPDATE))
    answer = may(graph, INTERNET, urn_of(graph, "host"), "tcp", 22)
    assert answer.verdict is verdict, str(answer)


# --- what else has interfaces


def _launch_configuration(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    configuration = aws.ec2.LaunchConfiguration(
        "thing",
        image_id="ami-0abcdef1234567890",
        instance_type="t4g.nano",
        security_groups=[group.id],
    )
    aws.autoscaling.Group(
        "thing",
        min_size=1,
        max_size=1,
        vpc_zone_identifiers=[made.private_a.id],
        launch_configuration=configuration.name,
    )


def _mixed(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    template = aws.ec2.LaunchTemplate("thing", vpc_security_group_ids=[group.id])
    aws.autoscaling.Group(
        "thing",
        min_size=1,
        max_size=1,
        vpc_zone_identifiers=[made.private_a.id],
        mixed_instances_policy={
            "launch_template": {
                "launch_template_specification": {"launch_template_name": template.name}
            }
        },
    )


def _endpoint(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    endpoint = aws.ec2.VpcEndpoint(
        "thing",
        vpc_id=made.vpc.id,
        service_name="com.amazonaws.eu-west-1.logs",
        vpc_endpoint_type="Interface",
    )
    aws.ec2.VpcEndpointSubnetAssociation(
        "thing", vpc_endpoint_id=endpoint.id, subnet_id=made.private_a.id
    )
    aws.ec2.SecurityGroupAssociation(
        "thing",
        vpc_endpoint_id=endpoint.id,
        security_group_id=group.id,
        replace_default_association=True,
    )


def _function(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    aws.lambda_.Function(
        "thing",
        role="arn:aws:iam::123456789012:role/thing",
        package_type="Image",
        image_uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/thing:1",
        vpc_config={"subnet_ids": [made.private_a.id], "security_group_ids": [group.id]},
    )


def _mount_target(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    aws.efs.MountTarget(
        "thing",
        file_system_id="fs-0123456789abcdef0",
        subnet_id=made.private_a.id,
        security_groups=[group.id],
    )


def _serverless_cache(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    aws.elasticache.ServerlessCache(
        "thing", engine="valkey", subnet_ids=[made.private_a.id], security_group_ids=[group.id]
    )


def _memory(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    subnets = aws.memorydb.SubnetGroup("thing", subnet_ids=[made.private_a.id])
    aws.memorydb.Cluster(
        "thing",
        acl_name="open-access",
        node_type="db.t4g.small",
        subnet_group_name=subnets.name,
        security_group_ids=[group.id],
    )


def _proxy(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    aws.rds.Proxy(
        "thing",
        engine_family="POSTGRESQL",
        role_arn="arn:aws:iam::123456789012:role/thing",
        vpc_subnet_ids=[made.private_a.id],
        vpc_security_group_ids=[group.id],
        auths=[{"auth_scheme": "SECRETS"}],
    )


def _classic_balancer(made: Stack, group: aws.ec2.SecurityGroup) -> None:
    aws.elb.LoadBalancer(
        "thing",
        internal=True,
        subnets=[made.private_a.id],
        security_groups=[group.id],
        listeners=[
            {"instance_port": 80, "instance_protocol": "tcp", "lb_port": 80, "lb_protocol": "tcp"}
        ],
    )


THINGS = {
    "autoscaling/group:Group": _launch_configuration,
    "group:Group": _mixed,
    "vpcEndpoint:VpcEndpoint": _endpoint,
    "function:Function": _function,
    "mountTarget:MountTarget": _mount_target,
    "serverlessCache:ServerlessCache": _serverless_cache,
    "memorydb/cluster:Cluster": _memory,
    "proxy:Proxy": _proxy,
    "elb/loadBalancer:LoadBalancer": _classic_balancer,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "make"), THINGS.items(), ids=THINGS)
def test_things_are_where_their_subnets_and_groups_say(
    kind: str, make: Callable[[Stack, aws.ec2.SecurityGroup], None], form: str
) -> None:
    """A client's group may connect to the one port that is open, from a subnet, but no other."""

    def extra(made: Stack) -> None:
        client = aws.ec2.SecurityGroup("client", vpc_id=made.vpc.id, egress=[ALL])
        group = aws.ec2.SecurityGroup(
            "server",
            vpc_id=made.vpc.id,
            ingress=[aws.ec2.SecurityGroupIngressArgs(**WEB, security_groups=[client.id])],
        )
        host(made, vpc_security_group_ids=[client.id])
        make(made, group)

    graph = graph_of(captured(small(extra), known=form == UPDATE))
    source, target = urn_of(graph, "host"), urn_of(graph, "thing", kind)
    open_port = may(graph, source, target, "tcp", 443)
    assert open_port.verdict is YES, str(open_port)
    assert "subnet private-a" in open_port.path
    assert may(graph, source, target, "tcp", 444).verdict is NO
    assert may(graph, INTERNET, target, "tcp", 443).verdict is NO
