"""What a program registers, in preview and in update form."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from perpetual.offline.answers import UnansweredError
from perpetual.offline.capture import UNKNOWN, Capture, capture, causes


class _Box(pulumi.ComponentResource):
    def __init__(self, name: str, *, finished: bool = True) -> None:
        super().__init__("perpetual:boxes:Box", name, {"size": 3})
        options = pulumi.ResourceOptions(parent=self)
        self.pet = random.RandomPet(f"{name}-pet", length=2, opts=options)
        if finished:
            self.register_outputs({"pet": self.pet.id, "size": 3})


def _capture(program: Callable[[], object], **options: Any) -> Capture:
    return capture(program, project="shop", stack="dev", **{"config": {}, "invokes": {}, **options})


def _network() -> None:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.0.0.0/24")


def test_in_preview_form_ids_are_unknown_and_dependencies_known() -> None:
    """As in a preview of a new stack."""
    subnet = _capture(_network).named("subnet")
    assert subnet.inputs["vpcId"] == UNKNOWN
    assert subnet.property_dependencies["vpcId"] == [_capture(_network).named("vpc").urn]
    assert subnet.id == ""


def test_in_update_form_ids_are_known_and_joined() -> None:
    """They look like AWS's, and differ by resource."""
    captured = _capture(_network, known=True)
    vpc, subnet = captured.named("vpc"), captured.named("subnet")
    assert re.fullmatch(r"vpc-[0-9a-f]{17}", vpc.id)
    assert re.fullmatch(r"subnet-[0-9a-f]{17}", subnet.id)
    assert subnet.inputs["vpcId"] == vpc.id
    assert vpc.state["mainRouteTableId"] == vpc.state["defaultRouteTableId"]
    assert UNKNOWN not in json.dumps([item.state for item in captured.registrations])


@pytest.mark.parametrize(
    ("known", "dry_run"), [(False, True), (True, False)], ids=["preview", "update"]
)
def test_the_program_is_told_which_form_it_runs_in(*, known: bool, dry_run: bool) -> None:
    """`is_dry_run`, project, stack and configuration are the engine's."""
    seen: list[object] = []

    def program() -> None:
        config = pulumi.Config()
        seen.extend([pulumi.runtime.is_dry_run(), pulumi.get_project(), pulumi.get_stack()])
        seen.extend([config.require_int("size"), config.require_object("net")])

    config = {"shop:size": "3", "shop:net": '{"zones":["a"]}'}
    _capture(program, config=config, known=known)
    assert seen == [dry_run, "shop", "dev", 3, {"zones": ["a"]}]


@pytest.mark.parametrize(
    ("make", "identifier", "state"),
    [
        pytest.param(
            lambda: aws.iam.Role("it", name="r", assume_role_policy="{}"),
            "r",
            {"arn": "arn:aws-cn:iam::111122223333:role/r"},
            id="role",
        ),
        pytest.param(
            lambda: aws.s3.Bucket("it", bucket="b"), "b", {"arn": "arn:aws-cn:s3:::b"}, id="bucket"
        ),
        pytest.param(
            lambda: aws.ecs.Cluster("it", name="c"),
            "arn:aws-cn:ecs:cn-north-1:111122223333:cluster/c",
            {"arn": "arn:aws-cn:ecs:cn-north-1:111122223333:cluster/c"},
            id="cluster",
        ),
        pytest.param(
            lambda: aws.cloudwatch.LogGroup("it", name="/a/b"),
            "/a/b",
            {"arn": "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/a/b"},
            id="log group",
        ),
        pytest.param(
            lambda: aws.ecr.Repository("it", name="p/q"),
            "p/q",
            {"repositoryUrl": "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/p/q"},
            id="repository",
        ),
        pytest.param(
            lambda: aws.ssm.Parameter("it", name="/x/y", type="String", value="v"),
            "/x/y",
            {"arn": "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/x/y"},
            id="parameter",
        ),
    ],
)
def test_invented_names_are_what_the_contract_builds(
    make: Callable[[], object], identifier: str, state: Mapping[str, str]
) -> None:
    """In the stack's own account, region and partition."""
    config = {"shop:account": "111122223333", "aws:region": "cn-north-1"}
    found = _capture(make, config=config, known=True).named("it")
    assert found.id == identifier
    assert state.items() <= found.state.items()


def test_invented_outputs_have_the_declared_types() -> None:
    """What a component reads from them resolves."""
    read: dict[str, Any] = {}

    def program() -> None:
        database = aws.rds.Instance("db", instance_class="c", port=6432)
        balancer = aws.lb.LoadBalancer("lb", name="front")
        certificate = aws.acm.Certificate("cert", domain_name="app.example.com")
        record = certificate.domain_validation_options[0].resource_record_name
        values = {
            "endpoint": database.endpoint,
            "address": database.address,
            "secret": database.master_user_secrets[0].secret_arn,
            "suffix": balancer.arn_suffix,
            "arn": balancer.arn,
            "record": record,
        }
        pulumi.Output.all(**values).apply(read.update)

    _capture(program, known=True)
    assert read["endpoint"] == f"{read['address']}:6432"
    assert read["secret"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:")
    assert read["arn"].endswith(f":loadbalancer/{read['suffix']}")
    assert read["suffix"].startswith("app/front/")
    assert isinstance(read["record"], str)


def test_what_a_resource_declares_secret_is_invented_as_a_secret() -> None:
    """A random password must not reach a pack in the open."""

    def program() -> None:
        password = random.RandomPassword("pw", length=12)
        aws.ssm.Parameter("p", type="SecureString", value=password.result)

    found = _capture(program, known=True)
    assert "1b47061264138c4ac30d75fd1eb44270" in str(found.named("p").request.object)
    assert UNKNOWN not in str(found.named("p").request.object)


def test_outputs_of_components_and_of_the_stack_are_kept() -> None:
    """A component that never registers outputs can be told apart."""

    def program() -> None:
        _Box("one")
        _Box("two", finished=False)
        pulumi.export("answer", 42)

    captured = _capture(program)
    assert captured.outputs == {"answer": 42}
    assert captured.root is not None
    assert captured.root.urn in captured.registered_outputs
    assert captured.named("one").urn in captured.registered_outputs
    assert captured.named("two").urn not in captured.registered_outputs
    assert captured.named("one").inputs == {"size": 3}


def test_urns_carry_the_types_of_all_ancestors_but_the_stack() -> None:
    """As the engine makes them; the SDK's mocks do not."""

    def program() -> None:
        outer = pulumi.ComponentResource("shop:outer:Outer", "outer")
        options = pulumi.ResourceOptions(parent=outer)
        inner = pulumi.ComponentResource("shop:inner:Inner", "inner", None, options)
        random.RandomPet("pet", opts=pulumi.ResourceOptions(parent=inner))

    types = "shop:outer:Outer$shop:inner:Inner$random:index/randomPet:RandomPet"
    found = _capture(program)
    assert found.named("outer").urn == "urn:pulumi:dev::shop::shop:outer:Outer::outer"
    assert found.named("pet").urn == f"urn:pulumi:dev::shop::{types}::pet"
    assert found.named("pet").parent == found.named("inner").urn


def test_each_resource_knows_the_line_that_made_it() -> None:
    """Also a provider, whose own record points into the SDK."""

    def program() -> None:
        aws.Provider("p", region="eu-west-1")
        random.RandomPet("pet")

    captured = _capture(program)
    first = program.__code__.co_firstlineno
    assert captured.named("p").source == (__file__, first + 1)
    assert captured.named("pet").source == (__file__, first + 2)


def test_stack_references_are_unknown_unless_answered() -> None:
    """By the stack's full or short name."""

    def program() -> None:
        upstream = pulumi.StackReference("up", stack_name="organization/shop/shared")
        pulumi.export("vpc", upstream.require_output("network")["vpcId"])

    assert _capture(program).outputs["vpc"] == UNKNOWN
    for name in ("shared", "organization/shop/shared"):
        stacks = {name: {"network": {"vpcId": "vpc-1"}}}
        assert _capture(program, stacks=stacks).outputs["vpc"] == "vpc-1"
    with pytest.raises(UnansweredError, match="outputs of stack 'organization/shop/shared'"):
        _capture(program, known=True)


def test_calls_are_answered_in_plain_and_in_output_form() -> None:
    """And an unanswered one says what was asked."""
    token = "aws:ec2/getVpc:getVpc"  # noqa: S105 - a function's token
    asked: list[dict[str, Any]] = []

    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(arguments)
        return {"id": "vpc-1", "cidrBlock": "10.0.0.0/16"}

    def program() -> None:
        pulumi.export("plain", aws.ec2.get_vpc(id="vpc-1").cidr_block)
        pulumi.export("output", aws.ec2.get_vpc_output(id="vpc-1").cidr_block)

    found = _capture(program, invokes={token: answer})
    assert found.outputs == {"plain": "10.0.0.0/16", "output": "10.0.0.0/16"}
    assert asked == [{"id": "vpc-1"}] * 2
    with pytest.raises(UnansweredError, match=r"aws:ec2/getVpc:getVpc\(id='vpc-1'\)"):
        _capture(program)


def test_a_secret_of_the_configuration_is_marked_on_the_wire() -> None:
    """The program reads it as a secret output."""

    def program() -> None:
        random.RandomPet("pet", prefix=pulumi.Config().require_secret("pin"))

    captured = _capture(program, config={"shop:pin": "1234"}, secrets=["shop:pin"])
    assert "1b47061264138c4ac30d75fd1eb44270" in str(captured.named("pet").request.object)
    assert captured.named("pet").inputs["prefix"] == "1234"


def test_a_failure_inside_an_apply_reaches_the_caller() -> None:
    """Even if no resource needs the value."""

    def program() -> None:
        pulumi.Output.from_input(1).apply(lambda value: value / 0)

    with pytest.raises(ZeroDivisionError):
        _capture(program)


def test_one_capture_leaves_nothing_for_the_next() -> None:
    """Configuration, resources and exports are each program's own."""

    def first() -> None:
        random.RandomPet("pet")
        pulumi.export("a", pulumi.Config().get("size"))

    def second() -> None:
        pulumi.export("b", pulumi.Config().get("size"))

    assert _capture(first, config={"shop:size": "3"}).outputs == {"a": "3"}
    again = _capture(second)
    assert again.registrations == []
    assert again.outputs.get("b") is None
    assert "a" not in again.outputs


def test_an_asynchronous_program_is_awaited() -> None:
    """`pulumi.run` works as under the engine."""

    async def main() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"pet": random.RandomPet("pet").id}

    captured = _capture(lambda: pulumi.run(main))
    assert captured.named("pet").id == ""
    assert captured.outputs == {"pet": UNKNOWN}


ORDER = """
import json, pulumi, pulumi_random as random
from perpetual.offline.capture import capture
def program():
    pets = [random.RandomPet(f"pet-{n}") for n in range(20)]
    for n in range(20):
        random.RandomId(f"id-{n}", byte_length=8, keepers={"a": pets[n].id, "b": pets[-n].id})
    for n in range(20):
        random.RandomUuid(f"uuid-{n}", opts=pulumi.ResourceOptions(depends_on=pets[n:]))
found = capture(program, project="p", stack="s", config={}, invokes={})
print(json.dumps([item.request.SerializeToString(deterministic=True).hex()
                  for item in found.registrations]))
"""


def test_two_runs_make_equal_requests_in_equal_order() -> None:
    """Whatever order Python's sets happen to have."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", ORDER],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert len(json.loads(runs[0])) == 60
    assert runs[0] == runs[1] == runs[2]


def test_what_an_error_was_raised_from_is_told_once() -> None:
    """Nearest first, and even where a chain leads back to its beginning."""
    outer, middle, inner = ValueError("outer"), ValueError("middle"), ValueError("inner")
    outer.__cause__, middle.__cause__ = middle, inner
    assert list(causes(outer)) == [middle, inner]
    inner.__cause__ = outer
    assert list(causes(outer)) == [middle, inner]
