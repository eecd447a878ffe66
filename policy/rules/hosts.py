"""Rules on hosts and their network's records: instances, templates, groups, flow logs."""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from graph import INTERNET, TCP, UNKNOWN, AclRule, Addresses
from graph.placements import BASTION, ROLE_TAG
from graph.tokens import (
    AUTOSCALING_GROUP,
    INSTANCE,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
    NETWORK_ACL,
    VPC,
)
from rules import secrets
from rules.rule import Level, Rule, Severity
from rules.security_groups import ADMINISTRATION, open_to_world
from rules.subject import (
    Fault,
    Subject,
    Test,
    count,
    elements,
    not_on,
    number,
    on,
    only_if,
    present,
    requires,
    rule,
    unknown,
    within,
)

FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
VOLUME: Final = "aws:ebs/volume:Volume"
_HOSTS: Final = (INSTANCE, LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION)
_REPLIES: Final = 1024
_EC2: Final = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/"
_SCALING: Final = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/"


def _own(test: Test) -> Test:
    """Return the test for hosts that bring their own settings, not those of a template."""
    return only_if(lambda subject: not present(subject.at("launchTemplate")), test)


def _volumes(subject: Subject) -> Iterator[Fault]:
    if subject.type == LAUNCH_TEMPLATE:
        found, faults = elements(subject.at("blockDeviceMappings"), "blockDeviceMappings")
        blocks = [(f"{path}.ebs", item.get("ebs")) for path, item in found if "ebs" in item]
    else:
        blocks = [("rootBlockDevice", subject.at("rootBlockDevice") or {})]
        more, faults = elements(subject.at("ebsBlockDevices"), "ebsBlockDevices")
        blocks += more
    yield from faults
    for path, block in blocks:
        value = UNKNOWN if block is UNKNOWN else within(block, "encrypted")
        if value is UNKNOWN:
            yield unknown(f"{path}.encrypted")
        elif not on(value):
            yield Fault("has a volume that is not encrypted", f"{path}.encrypted")


def _public_address(subject: Subject) -> Iterator[Fault]:
    tags = subject.at("tags")
    if isinstance(tags, dict) and tags.get(ROLE_TAG) == BASTION:
        return
    yield from requires("associatePublicIpAddress", not_on, "gets a public address")(subject)
    found, faults = elements(subject.at("networkInterfaces"), "networkInterfaces")
    yield from faults
    for path, item in found:
        value = item.get("associatePublicIpAddress")
        if value is UNKNOWN:
            yield unknown(f"{path}.associatePublicIpAddress")
        elif not not_on(value):
            yield Fault("gets a public address", f"{path}.associatePublicIpAddress")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return text


def _user_data(subject: Subject) -> Iterator[Fault]:
    for path in ("userData", "userDataBase64"):
        value = subject.at(path)
        if value is UNKNOWN:
            yield unknown(path)
        elif isinstance(value, str):
            # Scripts and JSON inside of it spell their line ends.
            text = _decoded(value).replace("\\n", "\n")
            what = secrets.shape(text) or _assigned(text)
            if what:
                yield Fault(f"has {what} in its user data", path)


def _assigned(text: str) -> str | None:
    """Return what a script assigns in plain text, such as `export DB_PASSWORD=...`."""
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        plain = value.strip("\"' ")
        if (
            equals
            and name.isidentifier()
            and secrets.named(name)
            and plain
            and plain[0] not in "$`"
        ):
            return f"a value for {name}"
    return None


def _group_zones(subject: Subject) -> Iterator[Fault]:
    values = [subject.at(path) for path in ("vpcZoneIdentifiers", "availabilityZones")]
    if UNKNOWN in values:
        yield unknown("vpcZoneIdentifiers")
    elif not any(count(value) > 1 for value in values):
        yield Fault("has hosts in one zone only", "vpcZoneIdentifiers")


def _flow_logs(subject: Subject) -> Iterator[Fault]:
    logs = subject.peers("vpcId", FLOW_LOG)
    if not logs:
        yield Fault("has no flow log", "vpcId")
    for log in logs:
        kind = log.properties.get("trafficType", "ALL")
        if kind is UNKNOWN:
            yield unknown(f"{log.name}.trafficType")
        elif kind == "ACCEPT":
            yield Fault("does not log what it refuses", f"{log.name}.trafficType")


def _acl(subject: Subject) -> Iterator[Fault]:
    acl = subject.graph.acls.acls.get(subject.resource.urn)
    if acl is None:
        return
    for gap in acl.gaps:
        yield Fault(f"is closed: {gap.missing} are not known", gap.source.path, undetermined=True)
    inbound = sorted((item for item in acl.rules if not item.egress), key=lambda item: item.number)
    # Replies come to ports from 1024 upwards, so a list has to let the world in there.
    for port in (port for port in ADMINISTRATION if port < _REPLIES):
        for item, admitted in _walk(inbound, port):
            says = f"the world in on port {port} by rule {item.number}"
            if open_to_world(admitted) and item.unsure:
                says = f"lets {says}: {item.unsure} is not known"
                yield Fault(says, item.source.path, undetermined=True)
            elif open_to_world(admitted):
                yield Fault(f"lets {says}", item.source.path or "ingress")


def _walk(rules: list[AclRule], port: int) -> Iterator[tuple[AclRule, Addresses]]:
    """Yield whom each rule lets in on a TCP port, in the order of evaluation."""
    left = INTERNET
    for item in rules:
        if item.traffic.covers(TCP, port):
            hit = left & item.addresses
            left = left - hit
            if item.allow:
                yield item, hit


IMDS: Final = rule(
    _own(requires("metadataOptions.httpTokens", lambda value: value == "required", "takes IMDSv1")),
    *_HOSTS,
    name="ec2-imdsv2",
    title="Hosts serve metadata to sessions only",
    severity=Severity.HIGH,
    why="One forged request from a server on the host reads the host role's credentials",
    fix="set http_tokens to required",
    url=f"{_EC2}configuring-instance-metadata-service.html",
    controls=("FSBP EC2.8", "FSBP EC2.170", "FSBP AutoScaling.3", "CIS 6.7"),
)
HOP_LIMIT: Final = rule(
    _own(
        requires(
            "metadataOptions.httpPutResponseHopLimit",
            lambda value: value is None or (number(value) or 0) <= 1,
            "serves metadata beyond itself, to its containers",
        )
    ),
    *_HOSTS,
    name="ec2-hop-limit",
    title="Metadata does not leave the host",
    severity=Severity.MEDIUM,
    why="Containers behind a bridge become the host's role",
    fix="set http_put_response_hop_limit to 1",
    url=f"{_EC2}instancedata-data-retrieval.html",
    controls=("FSBP AutoScaling.4",),
)
VOLUMES: Final = rule(
    _own(_volumes),
    *_HOSTS,
    name="ec2-volumes-encrypted",
    title="Volumes of hosts are encrypted",
    severity=Severity.MEDIUM,
    why="Images and logs of the release stay on a disk that somebody else gets next",
    fix="set encrypted to true on every block device",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    controls=("FSBP EC2.3", "FSBP EC2.181", "CIS 6.1.1"),
)
EBS: Final = rule(
    requires("encrypted", on, "is not encrypted"),
    VOLUME,
    name="ebs-encrypted",
    title="Volumes are encrypted",
    severity=Severity.MEDIUM,
    why="Snapshots of it are as plain as the volume",
    fix="set encrypted to true, at creation",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    controls=("FSBP EC2.3", "CIS 6.1.1"),
)
PUBLIC_ADDRESS: Final = rule(
    _public_address,
    *_HOSTS,
    name="ec2-no-public-address",
    title="Hosts have no public address",
    severity=Severity.HIGH,
    why="One open security group, and the internet talks to the host",
    fix="set associate_public_ip_address to false; people come by Session Manager",
    url=f"{_EC2}using-instance-addressing.html",
    controls=("FSBP EC2.9", "FSBP EC2.25", "FSBP AutoScaling.5"),
)
USER_DATA: Final = rule(
    _user_data,
    *_HOSTS,
    name="ec2-no-secrets-in-user-data",
    title="User data holds no secret",
    severity=Severity.CRITICAL,
    why="Whoever may describe the host, and every process on it, reads its user data",
    fix="read the secret from SSM or Secrets Manager when the host starts; then replace it",
    url=f"{_EC2}user-data.html",
)
GROUP_ZONES: Final = rule(
    _group_zones,
    AUTOSCALING_GROUP,
    name="asg-two-zones",
    title="Hosts are in two zones",
    severity=Severity.MEDIUM,
    why="One zone's loss takes all tasks down",
    fix="give the group subnets in two zones or more",
    url=f"{_SCALING}asg-in-vpc.html",
    controls=("FSBP AutoScaling.2",),
)
TEMPLATE: Final = rule(
    requires(
        "launchConfiguration", lambda value: not present(value), "launches by a configuration"
    ),
    AUTOSCALING_GROUP,
    name="asg-template",
    title="Hosts are launched by a template",
    severity=Severity.LOW,
    why="Launch configurations have no versions, and lack what EC2 learned since 2017",
    fix="use a launch template",
    url=f"{_SCALING}launch-templates.html",
    controls=("FSBP AutoScaling.9",),
)
FLOW_LOGS: Final = rule(
    _flow_logs,
    VPC,
    name="vpc-flow-logs",
    title="VPCs log their flows",
    severity=Severity.MEDIUM,
    why="After an intrusion nobody can tell who talked to whom",
    fix="add a FlowLog for the VPC, with traffic_type ALL or REJECT",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
    controls=("FSBP EC2.6", "CIS 4.7", "CIS5 3.7"),
)
ACL: Final = rule(
    _acl,
    NETWORK_ACL,
    name="nacl-admin-ports-closed",
    title="Network ACLs keep the world from administration ports",
    severity=Severity.LOW,
    why="The ACL is what still holds when a security group is opened by mistake",
    fix="allow the ports that are needed, not all",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",
    controls=("FSBP EC2.21", "CIS 6.2", "CIS5 5.2"),
    level=Level.ADVISORY,
)

RULES: Final[tuple[Rule, ...]] = (
    IMDS,
    HOP_LIMIT,
    VOLUMES,
    EBS,
    PUBLIC_ADDRESS,
    USER_DATA,
    GROUP_ZONES,
    TEMPLATE,
    FLOW_LOGS,
    ACL,
)
