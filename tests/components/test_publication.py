"""The contract as it is published: outputs, parameter and pins agree."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from components.publication import Fields, Publication, PublicationArgs
from perpetual import contract
from perpetual.offline.capture import UNKNOWN, Capture, capture
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
SETTINGS = models.Settings(
    account=STACK.account,
    region=STACK.region,
    network=models.Network(),
    database=models.Database(),
    hosts=models.Hosts(),
    service=models.Service(),
    balancer=models.Balancer(domain="app.example.com"),
    image=models.Image(),
    access=models.Access(),
    alarms=models.Alarms(),
)
COMPONENTS = ("network", "database", "image", "cluster", "balancer", "service", "access")
DATABASE = {"identifier": "perpetual-prod", "port": 5432, "replicas": ["a", "b"], "group": None}


@dataclass(frozen=True)
class Stub:
    """A component that publishes what the test says."""

    fields: Fields
    url: str = "https://app.example.com"


def publish(**fields: Fields | Callable[[], Fields]) -> Capture:
    """Publish the contract of a stack whose components have these fields, or none.

    Outputs exist only while a program runs, so fields with outputs are given as a function.
    """
    given = {name: fields.get(name, {}) for name in COMPONENTS}

    def program() -> None:
        components = {
            name: Stub(found() if callable(found) else found) for name, found in given.items()
        }
        Publication("contract", PublicationArgs(stack=STACK, settings=SETTINGS, **components))

    return capture(program, project="perpetual", stack="prod", config={}, invokes={})


def parameter(published: Capture) -> dict[str, Any]:
    """Return the inputs of the contract's parameter."""
    (found,) = published.of_type("aws:ssm/parameter:Parameter")
    return dict(found.inputs)


def test_the_exported_outputs_are_exactly_those_of_the_contract() -> None:
    """The command and other stacks look nothing else up."""
    assert publish().outputs.keys() == {key.value for key in contract.Output}


def test_the_parameter_says_the_same_as_the_outputs() -> None:
    """Whoever reads one needs not the other."""
    published = publish(
        network={"vpcId": "vpc-1", "zones": ["a", "b"]},
        database=DATABASE,
        image={"repository": "perpetual/prod"},
        service={"cluster": "perpetual-prod", "desired": 2},
        cluster={"group": "perpetual-prod-hosts"},
        balancer={"dnsName": "lb.example.com"},
        access={"deployment": "arn:aws:iam::111122223333:role/perpetual-prod-deployment"},
    )
    assert json.loads(parameter(published)["insecureValue"]) == published.outputs
    assert published.outputs == {
        "version": 1,
        "stack": "prod",
        "account": "111122223333",
        "region": "eu-central-1",
        "network": {"vpcId": "vpc-1", "zones": ["a", "b"]},
        "database": DATABASE,
        "service": {
            "cluster": "perpetual-prod",
            "desired": 2,
            "architecture": "arm64",
            "protected": True,
            "hosts": {"group": "perpetual-prod-hosts"},
            "balancer": {"dnsName": "lb.example.com"},
        },
        "image": {"repository": "perpetual/prod"},
        "access": {"deployment": "arn:aws:iam::111122223333:role/perpetual-prod-deployment"},
        "url": "https://app.example.com",
        "pins": {
            "network": contract.pin({"vpcId": "vpc-1", "zones": ["a", "b"]}),
            "database": contract.pin(DATABASE),
        },
    }


def test_the_parameter_is_plain_text_below_the_stacks_path() -> None:
    """A preview can show its value, and a long contract still fits."""
    inputs = parameter(publish())
    assert inputs.pop("insecureValue")
    assert inputs == {
        "name": "/perpetual/prod/contract",
        "description": "Contract of stack prod, version 1",
        "type": "String",
        "tier": "Intelligent-Tiering",
    }


def test_fields_that_are_outputs_are_resolved_at_any_depth() -> None:
    """Lists and groups of outputs, as subnets are."""

    def network() -> Fields:
        subnets = [pulumi.Output.from_input("subnet-1"), pulumi.Output.from_input("subnet-2")]
        return {"tiers": {"data": subnets}}

    published = publish(network=network)
    assert published.outputs["network"] == {"tiers": {"data": ["subnet-1", "subnet-2"]}}
    assert json.loads(parameter(published)["insecureValue"])["pins"] == published.outputs["pins"]


def test_before_a_layer_exists_only_its_own_part_is_unknown() -> None:
    """The first preview of a stack knows no ids, and no pin over them."""
    published = publish(
        network=lambda: {"vpcId": pulumi.Output.from_input(pulumi.UNKNOWN)}, database=DATABASE
    )
    assert parameter(published)["insecureValue"] == UNKNOWN
    assert published.outputs["database"] == DATABASE
    assert published.outputs["network"] == {"vpcId": UNKNOWN}
    assert published.outputs["pins"] == {
        "network": UNKNOWN,
        "database": contract.pin(DATABASE),
    }


@pytest.mark.parametrize("changed", sorted(DATABASE))
def test_a_pin_moves_with_every_field_of_its_layer_and_no_other(changed: str) -> None:
    """A downstream stack learns which field it was."""
    before = publish(database=DATABASE).outputs["pins"]
    after = publish(database=DATABASE | {changed: "other"}).outputs["pins"]
    assert after["network"] == before["network"]
    assert contract.changed_fields(before["database"], DATABASE | {changed: "other"}) == [changed]
    assert after["database"] != before["database"]


def test_a_pin_is_the_same_once_the_engine_has_turned_numbers_into_floats() -> None:
    """Another stack reads the port 5432 as 5432.0."""
    assert contract.pin(DATABASE | {"port": 5432.0}) == contract.pin(DATABASE)
    assert contract.pin({"ports": [1.0, {"a": 2.0}]}) == contract.pin({"ports": [1, {"a": 2}]})
    assert contract.pin({"share": 0.5}) != contract.pin({"share": 0})
