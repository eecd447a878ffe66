"""Bad input: never a crash, never a hang, never a silent pass."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graph import INTERNET, UNKNOWN, Graph, Resource, Verdict, may
from graph.state import resources
from perpetual.errors import OperatorError
from perpetual.policy.check import check
from perpetual.policy.state import load, read
from rules import CATALOGUE, LAWS, Finding, judge
from tests.policy.small import small
from tests.policy.support import captured
from tests.support.stacks import ROOT
from tests.support.state import exported

RULES = (*LAWS, *CATALOGUE)
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
INSTANCE = "aws:ec2/instance:Instance"
URN = "urn:pulumi:test::app::aws:ec2/vpc:Vpc::vpc"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def state() -> str:
    """Return the export of a small compliant stack, as text: each test changes a copy."""
    return json.dumps(exported(captured(small(), known=True), stack="test", project="laws"))


def resource(token: str, name: str, **held: Any) -> Resource:
    """Return a resource as a graph takes it in."""
    return Resource(urn=f"urn:pulumi:a::b::{token}::{name}", type=token, name=name, properties=held)


def judged(*items: Resource) -> list[Finding]:
    """Return what all rules find; none of them may fail."""
    findings = judge(RULES, Graph.of(items))
    assert [item.message for item in findings if not item.resource] == []
    return findings


def refused(tmp_path: Path, content: object) -> str:
    """Return the sentence that a file is refused with."""
    file = tmp_path / "state.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(OperatorError) as caught:
        read(load(str(file)))
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value.message


# --- files that are no state


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "holds a list"),
        ("null", "holds a NoneType"),
        ('"state"', "holds a str"),
        ({}, "version None"),
        *(({"version": number, "deployment": {}}, f"version {number!r}") for number in (1, 2, 5)),
        ({"version": "3", "deployment": {}}, "version '3'"),
        ({"version": True, "deployment": {}}, "version True"),
        ({"version": 3}, "has no deployment"),
        ({"version": 3, "deployment": []}, "has no deployment"),
        ({"version": 3, "checkpoint": {"latest": {}}}, "a backend's own file"),
        ({"version": 3, "deployment": {"resources": {}}}, "without a list of resources"),
        ({"version": 3, "deployment": {"resources": []}}, "holds no resources"),
        ({"version": 4, "deployment": {"manifest": {}}}, "holds no resources"),
        ({"version": 3, "deployment": {"resources": [3]}}, "resource 0 of the state is no object"),
        ({"version": 3, "deployment": {"resources": [{}]}}, "has the URN None"),
        ({"version": 3, "deployment": {"resources": [{"urn": "vpc"}]}}, "has the URN 'vpc'"),
        ({"version": 3, "deployment": {"resources": [{"urn": URN}]}}, "has no type"),
        (
            {"version": 3, "deployment": {"resources": [{"urn": URN, "type": VPC}] * 2}},
            f"lists {URN} twice",
        ),
    ],
)
def test_what_is_no_state_is_refused_with_a_sentence(
    tmp_path: Path, content: object, says: str
) -> None:
    """And its way out: an empty file is not an empty stack, and neither is judged clean."""
    assert says in refused(tmp_path, content)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """So is a folder."""
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(OperatorError, match="cannot read"):
            load(str(path))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """Such as an archive of the state."""
    file = tmp_path / "state.json.gz"
    file.write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    with pytest.raises(OperatorError, match="not JSON"):
        load(str(file))


# --- states of other kinds


def test_version_4_is_read_as_version_3(state: str) -> None:
    """It adds marks that no rule reads."""
    found = {**json.loads(state), "version": 4, "features": ["hooks"]}
    assert (
        len(read(found).capture.registrations)
        == len(json.loads(state)["deployment"]["resources"]) - 1
    )


def test_an_old_copy_that_waits_for_its_deletion_is_no_duplicate(state: str) -> None:
    """The engine keeps it beside its replacement; it is not judged."""
    found = json.loads(state)
    old = {**found["deployment"]["resources"][-1], "delete": True, "id": "old"}
    found["deployment"]["resources"].append(old)
    assert all(item.id != "old" for item in read(found).capture.registrations)


def test_an_operation_without_an_end_is_a_finding(state: str, tmp_path: Path) -> None:
    """What it was making may exist: nobody has seen it."""
    found = json.loads(state)
    urn = "urn:pulumi:test::laws::aws:rds/instance:Instance::second"
    found["deployment"]["pending_operations"] = [
        {"resource": {"urn": urn, "type": "aws:rds/instance:Instance"}, "type": "creating"}
    ]
    file = tmp_path / "state.json"
    file.write_text(json.dumps(found))
    report = check(str(file), ROOT / "policy", 60)
    (finding,) = (item for item in report.judgement.findings if item.rule == "state-settled")
    assert (finding.urn, finding.undetermined, finding.fails) == (urn, True, True)
    assert "second: it was creating" in finding.witness
    assert [item.name for item in report.judgement.cases].count("state-settled") == 1


Damage = Callable[[Json], Json]
DAMAGES: dict[str, Damage] = {
    "no outputs": lambda item: {key: item[key] for key in item if key != "outputs"},
    "no inputs": lambda item: {key: item[key] for key in item if key != "inputs"},
    "null inputs": lambda item: {**item, "inputs": None, "outputs": None},
    "no dependencies": lambda item: {**item, "dependencies": None, "propertyDependencies": None},
    "renamed properties": lambda item: {
        **item,
        "inputs": {f"{key}V9": value for key, value in item.get("inputs", {}).items()},
        "outputs": {f"{key}V9": value for key, value in item.get("outputs", {}).items()},
    },
    "values of other types": lambda item: {
        **item,
        "inputs": dict.fromkeys(item.get("inputs", {}), 7),
        "outputs": {key: [["x"]] for key in item.get("outputs", {})},
    },
    "lists as objects": lambda item: {**item, "dependencies": {}, "propertyDependencies": []},
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_state_of_another_provider_is_judged_and_never_clean(state: str, name: str) -> None:
    """What cannot be read counts as a breach."""
    found = json.loads(state)
    listed = found["deployment"]["resources"]
    found["deployment"]["resources"] = [DAMAGES[name](item) for item in listed]
    assert len(read(found).capture.registrations) == len(listed) - 1
    findings = judge(RULES, Graph.of(resources(found)))
    assert [item.message for item in findings if not item.resource] == []
    if name not in ("no outputs", "no inputs", "no dependencies", "lists as objects"):
        laws = {rule.name for rule in LAWS}
        assert laws & {item.rule for item in findings}


def test_fifty_megabytes_are_judged(state: str, tmp_path: Path) -> None:
    """By the pack's own process; and the one fault in it is found."""
    found = json.loads(state)
    listed = found["deployment"]["resources"]
    for number in range(1000):
        held = {"key": f"k{number}", "content": "x" * 25_000}
        urn = f"urn:pulumi:test::laws::aws:s3/bucketObject:BucketObject::o{number}"
        item = {
            "urn": urn,
            "type": "aws:s3/bucketObject:BucketObject",
            "custom": True,
            "id": f"o{number}",
        }
        listed.append({**item, "inputs": held, "outputs": held})
    database = next(item for item in listed if item["urn"].endswith("::database"))
    database["inputs"]["publiclyAccessible"] = True
    file = tmp_path / "state.json"
    file.write_text(json.dumps(found))
    assert file.stat().st_size > 50_000_000
    report = check(str(file), ROOT / "policy", 300)
    assert len(report.resources) == len(listed) - 1
    assert (database["urn"], "no-public-rds") in {
        (item.urn, item.rule) for item in report.judgement.findings
    }


@pytest.mark.parametrize("token", ["thing", "shop:Thing", "a:b:c:D", "shop:x/y:Thing"])
def test_names_and_types_of_foreign_programs_pass_through(
    state: str, tmp_path: Path, token: str
) -> None:
    """Names may hold colons, and types have other numbers of parts than AWS's."""
    found = json.loads(state)
    urn = f"urn:pulumi:test::laws::{token}::eu-west-1:shop::main"
    found["deployment"]["resources"].append({"urn": urn, "type": token, "custom": False})
    file = tmp_path / "state.json"
    file.write_text(json.dumps(found))
    report = check(str(file), ROOT / "policy", 60)
    (shown,) = (item for item in report.resources if item.urn == urn)
    assert shown.name == "eu-west-1:shop::main"
    assert shown.short_type
    assert report.layer_of[urn]


# --- networks that go in circles, overlap, or are spelled oddly


def net(name: str = "vpc", cidr: Any = "10.0.0.0/16") -> Resource:
    """Return a VPC."""
    return resource(VPC, name, id=f"{name}-1", cidrBlock=cidr)


def group(name: str, *rules: Json, vpc: str = "vpc-1") -> Resource:
    """Return a security group."""
    out = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
    held = {"vpcId": vpc, "ingress": list(rules), "egress": [out]}
    return resource(GROUP, name, id=f"sg-{name}", **held)


def admits(low: Any, high: Any, *, protocol: Any = "tcp", **peer: Any) -> Json:
    """Return a rule of a security group."""
    return {"protocol": protocol, "fromPort": low, "toPort": high, **peer}


def host(name: str, *groups: str) -> Resource:
    """Return an instance in the subnet."""
    return resource(
        INSTANCE, name, id=f"i-{name}", subnetId="subnet-1", vpcSecurityGroupIds=list(groups)
    )


NET = (net(), resource(SUBNET, "subnet", id="subnet-1", vpcId="vpc-1", cidrBlock="10.0.1.0/24"))


def test_groups_that_admit_each_other_are_no_trap() -> None:
    """Each asks for the other, and for itself."""
    ring = [
        group(f"g{number}", admits(22, 22, securityGroups=[f"sg-g{(number + 1) % 5}"], self=True))
        for number in range(5)
    ]
    hosts = [host(f"h{number}", f"sg-g{number}") for number in range(5)]
    found = judged(*NET, *ring, *hosts)
    assert all(item.rule != "reach-no-logins" for item in found)
    graph = Graph.of([*NET, *ring, *hosts])
    assert may(graph, hosts[1].urn, hosts[0].urn, ports=22).verdict is Verdict.YES
    assert may(graph, hosts[0].urn, hosts[3].urn, ports=22).verdict is Verdict.NO
    assert may(graph, hosts[3].urn, hosts[0].urn, ports=22, logins=True).verdict is Verdict.YES


def test_among_a_thousand_rules_the_open_one_is_found() -> None:
    """In one group, as inline rules and as resources of their own."""
    narrow = [admits(5000 + n, 5000 + n, cidrBlocks=[f"10.0.{n % 250}.0/24"]) for n in range(1000)]
    apart = [
        resource(
            RULE,
            f"rule-{n}",
            securityGroupId="sg-many",
            ipProtocol="tcp",
            fromPort=22 if n == 999 else 7000 + n,
            toPort=22 if n == 999 else 7000 + n,
            cidrIpv4="0.0.0.0/0" if n == 999 else f"10.1.{n % 250}.0/24",
        )
        for n in range(1000)
    ]
    many = group("many", *narrow)
    found = judged(*NET, many, *apart)
    assert {item.resource for item in found if item.rule == "sg-admin-ports-closed"} == {many.urn}


def test_networks_that_overlap_and_peer_are_judged() -> None:
    """AWS refuses to peer them; a graph of them has to end all the same."""
    other = resource(SUBNET, "far", id="subnet-2", vpcId="other-1", cidrBlock="10.0.1.0/24")
    peering = resource(
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "peer",
        id="pcx-1",
        vpcId="vpc-1",
        peerVpcId="other-1",
    )
    tables = [
        resource(
            "aws:ec2/routeTable:RouteTable",
            name,
            id=f"rtb-{name}",
            vpcId=vpc,
            routes=[{"cidrBlock": "10.0.0.0/16", "vpcPeeringConnectionId": "pcx-1"}],
        )
        for name, vpc in (("near", "vpc-1"), ("far", "other-1"))
    ]
    items = [*NET, net("other"), other, peering, *tables, group("g"), host("h", "sg-g")]
    found = judged(*items)
    assert "vpc-peering-narrow" in {item.rule for item in found}
    assert may(Graph.of(items), INTERNET, other.urn).verdict is not Verdict.YES


@pytest.mark.parametrize(
    "peer",
    [
        {"cidrBlocks": ["0.0.0.1/0"]},
        {"cidrBlocks": ["128.0.0.0/1", "1.2.3.4/1"]},
        {"ipv6CidrBlocks": ["::/0"]},
        {"ipv6CidrBlocks": ["2001:db8::1/1"]},
        {"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("ports", [(22, 22), (0, 65535), (-1, -1), (0, 22)], ids=str)
def test_the_world_is_the_world_however_it_is_spelled(peer: Json, ports: tuple[int, int]) -> None:
    """Host bits are ignored, as AWS ignores them; -1 is every port; half and half make one."""
    found = judged(*NET, group("g", admits(*ports, **peer)))
    assert "sg-admin-ports-closed" in {item.rule for item in found}


@pytest.mark.parametrize("cidr", ["10.0.0.300/8", "everywhere", "1.2.3.4/33", "", 7, ["0.0.0.0/0"]])
def test_an_address_that_is_none_is_not_passed_over(cidr: object) -> None:
    """Nobody knows whom it admits: undetermined, and never closed."""
    found = judged(*NET, group("g", admits(22, 22, cidrBlocks=[cidr])))
    said = {item.undetermined for item in found if item.rule == "sg-admin-ports-closed"}
    assert True in said or cidr == ""


@pytest.mark.parametrize("cidr", ["::ffff:0:0/96", "::ffff:0.0.0.0/96"])
def test_ipv4_in_the_clothes_of_ipv6_is_not_passed_over(cidr: str) -> None:
    """AWS has no such route; what is meant is the IPv4 internet."""
    found = judged(*NET, group("g", admits(22, 22, ipv6CidrBlocks=[cidr])))
    assert "sg-admin-ports-closed" in {item.rule for item in found}


@pytest.mark.parametrize("port", [0, -1, 65536, "22", 22.0, UNKNOWN, None])
def test_ports_of_every_spelling_are_judged(port: object) -> None:
    """No rule fails over one; what may be 22 is not passed over."""
    found = judged(*NET, group("g", admits(port, port, cidrBlocks=["0.0.0.0/0"])))
    hit = {item.rule for item in found}
    if port in (-1, "22", 22.0, UNKNOWN, None):
        assert "sg-admin-ports-closed" in hit


# --- documents

DOCUMENT = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
POLICY = "aws:iam/policy:Policy"


@pytest.mark.parametrize("document", [DOCUMENT, json.dumps(DOCUMENT)], ids=["object", "text"])
def test_a_document_is_read_as_text_and_as_an_object(document: object) -> None:
    """SDKs differ in what they leave in a state."""
    found = judged(resource(POLICY, "all", policy=document))
    assert "iam-no-admin" in {item.rule for item in found}


@pytest.mark.parametrize("document", ["[]", "3", "null", "{", '"text"', 3, [1], '{"Statement": 3}'])
def test_a_document_that_is_no_object_is_a_finding(document: object) -> None:
    """A policy that nobody can read is no policy that is fine."""
    found = judged(resource(POLICY, "odd", policy=document))
    assert "iam-no-admin" in {item.rule for item in found}
