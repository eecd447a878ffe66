"""What becomes of each resource: changed, replaced, renamed, moved, removed, and what follows."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from perpetual.offline.revisions.kinds import Kind
from tests.offline.revisions.compared import Program, entries, said


def _network(
    name: str = "data",
    cidr: str = "10.0.1.0/24",
    aliases: list[pulumi.Alias] | None = None,
    **options: bool,
) -> Callable[[], None]:
    def program() -> None:
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            cidr_block=cidr,
            opts=pulumi.ResourceOptions(
                aliases=list(aliases or []),
                delete_before_replace=options.get("delete_first"),
            ),
        )
        table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
        aws.ec2.RouteTableAssociation("joined", subnet_id=subnet.id, route_table_id=table.id)
        aws.rds.SubnetGroup("group", name="group", subnet_ids=[subnet.id])

    return program


def test_equal_programs_have_no_difference() -> None:
    """Unknown values are equal where they come from the same resources."""
    assert entries(_network(), _network()) == []


def test_a_forced_replacement_names_the_argument_and_what_follows_from_it() -> None:
    """What refers to the new id is replaced where it must be, and updated where it can be."""
    found = entries(_network(), _network(cidr="10.0.2.0/24"))
    assert said(found, Kind.REPLACEMENT) == [
        "ec2.Subnet data is replaced: cidrBlock cannot be changed in place (created first)",
        (
            "ec2.RouteTableAssociation joined is replaced: subnetId cannot be changed in place "
            "(created first)"
        ),
    ]
    assert 'cidrBlock: "10.0.1.0/24" -> "10.0.2.0/24"  (forces the replacement)' in (
        found[0].details
    )
    assert said(found, Kind.CHANGED) == ["rds.SubnetGroup group is changed"]


def test_a_replacement_may_delete_first() -> None:
    """And then a name or range that is taken is no hindrance."""
    found = entries(_network(), _network(cidr="10.0.2.0/24", delete_first=True))
    assert said(found, Kind.REPLACEMENT)[0].endswith("(deleted first)")


def test_another_name_without_an_alias_is_a_replacement_that_names_both() -> None:
    """With what AWS makes of it, and the line that avoids it."""
    (renamed, *_) = entries(_network(), _network("store"))
    assert renamed.kind is Kind.REPLACEMENT
    assert "ec2.Subnet store is replaced: it was called data and has no alias" in renamed.message
    assert any("has the same cidrBlock: the update stops" in line for line in renamed.details)
    assert 'keep it: aliases=[pulumi.Alias(name="data")]' in renamed.details


def test_an_alias_keeps_a_resource() -> None:
    """Under another URN, and nothing follows from it."""
    found = entries(_network(), _network("store", aliases=[pulumi.Alias(name="data")]))
    assert [entry.kind for entry in found] == [Kind.MOVED]
    assert found[0].details == ("was urn:pulumi:dev::shop::aws:ec2/subnet:Subnet::data",)


class _Box(pulumi.ComponentResource):
    """A component with one subnet."""

    def __init__(self, name: str, aliases: list[pulumi.Alias], inside: str = "") -> None:
        super().__init__("shop:boxes:Box", name, {}, pulumi.ResourceOptions(aliases=list(aliases)))
        aws.ec2.Subnet(
            f"{inside or name}-subnet",
            vpc_id="vpc-1",
            cidr_block="10.0.1.0/24",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def test_an_alias_of_a_component_reaches_its_children() -> None:
    """Those named after it as well."""
    found = entries(lambda: _Box("one", []), lambda: _Box("two", [pulumi.Alias(name="one")]))
    assert {entry.kind for entry in found} == {Kind.MOVED}


def test_another_parent_without_an_alias_is_a_replacement() -> None:
    """The engine knows a resource by its URN, and its parents' types are in it."""

    def alone() -> None:
        aws.ec2.Subnet("one-subnet", vpc_id="vpc-1", cidr_block="10.0.1.0/24")

    found = entries(alone, lambda: _Box("one", []))
    (message,) = said(found, Kind.REPLACEMENT)
    assert "it has another parent and no alias" in message


def _database(protect: bool = True, **changes: Any) -> Callable[[], None]:  # noqa: FBT001, FBT002 - a program's argument
    def program() -> None:
        arguments: dict[str, Any] = {
            "identifier": "main",
            "instance_class": "db.m7g.large",
            "allocated_storage": 100,
            "engine": "postgres",
            "deletion_protection": True,
            **changes,
        }
        aws.rds.Instance("main", **arguments, opts=pulumi.ResourceOptions(protect=protect))

    return program


def test_a_replaced_database_is_a_loss_before_anything_else() -> None:
    """The engine refuses while it is protected, which is said too."""
    (first, *_) = entries(_database(), _database(engine="mysql"))
    assert first.kind is Kind.LOSS
    assert "rds.Instance main is replaced, and what it holds is lost" in first.message
    assert "it is protected at the base: the engine refuses" in first.details


def test_a_removed_database_is_a_loss_unless_it_is_retained() -> None:
    """Pulumi then only forgets it."""

    def retained() -> None:
        aws.s3.Bucket("kept", opts=pulumi.ResourceOptions(retain_on_delete=True))

    assert said(entries(_database(), lambda: None), Kind.LOSS) == [
        "rds.Instance main is removed, and what it holds is lost"
    ]
    found = entries(retained, lambda: None)
    assert [entry.kind for entry in found] == [Kind.REMOVED]
    assert "retained: it stays in AWS, and Pulumi forgets it" in found[0].details


def test_ignored_changes_are_none() -> None:
    """What the program tells the engine to ignore is ignored."""

    def program(count: int) -> Program:
        options = pulumi.ResourceOptions(ignore_changes=["desiredCount"])
        return lambda: aws.ecs.Service("web", desired_count=count, opts=options)

    assert entries(program(1), program(2)) == []


def test_a_new_revision_of_a_task_is_a_change() -> None:
    """That is how a task definition changes; nothing is lost."""

    def program(image: str) -> Program:
        document = json.dumps([{"name": "web", "image": image}])
        return lambda: aws.ecs.TaskDefinition("web", family="web", container_definitions=document)

    (entry,) = entries(program("a:1"), program("a:2"))
    assert (entry.kind, entry.message) == (
        Kind.CHANGED,
        "ecs.TaskDefinition web gets a new revision",
    )
    assert entry.details == (
        'containerDefinitions[0].image: "a:1" -> "a:2"  (forces the replacement)',
    )


@pytest.mark.parametrize("name", ["password", "tags", "container"])
def test_a_secret_is_never_shown(name: str) -> None:
    """Marked as one, or looking like one: that it differs is all that is said."""

    def program(value: str) -> Callable[[], None]:
        def run() -> None:
            if name == "password":
                aws.rds.Instance("main", instance_class="db.t4g.micro", password=value)
            elif name == "tags":
                aws.s3.Bucket("bucket", tags={"API_TOKEN": value})
            else:
                variables = [{"name": "SECRET_KEY_BASE", "value": value}]
                document = json.dumps([{"name": "web", "environment": variables}])
                aws.ecs.TaskDefinition("web", family="w", container_definitions=document)

        return run

    (entry,) = entries(program("correct-horse"), program("battery-staple"))
    text = " ".join((entry.message, *entry.details))
    assert "secret" in text
    assert "horse" not in text
    assert "staple" not in text
