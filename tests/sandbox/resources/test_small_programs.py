"""Small programs through the SDK's mocks: what the two stacks never do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from perpetual.errors import OperatorError
from perpetual.offline import preview
from perpetual.sandbox.fronts import mocks
from perpetual.sandbox.fronts.mocks import Change, Deployed
from tests.sandbox.resources import stories
from tests.sandbox.resources.emulated import Emulated
from tests.support.stacks import restored

PROGRAM: Final = """
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
if config.get("group"):
    group = aws.cloudwatch.LogGroup(
        "group",
        name=config.require("group"),
        log_group_class=config.get("class") or "STANDARD",
        retention_in_days=config.get_int("days"),
        opts=pulumi.ResourceOptions(
            protect=config.get_bool("protect"),
            retain_on_delete=config.get_bool("retain"),
            ignore_changes=["retentionInDays"],
        ),
    )
    pulumi.export("arn", group.arn)
if config.get("colour"):
    aws.sns.Topic("topic", name="bell", display_name=config.require("colour"))
if config.get("fail"):
    group.arn.apply(lambda arn: {}["no"])
"""


@pytest.fixture(scope="module")
def account() -> Iterator[Emulated]:
    """Yield an account."""
    with stories.fresh("dev") as found:
        yield found


class Stack:
    """A small program's stack, and what stands of it."""

    def __init__(self, folder: Path, account: Emulated) -> None:
        """Write the program."""
        (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
        (folder / "Pulumi.one.yaml").write_text("config:\n  aws:region: eu-west-1\n")
        (folder / "__main__.py").write_text(PROGRAM)
        self.folder, self.cloud = folder, account.cloud
        self.deployed: dict[str, Deployed] = {}

    def apply(self, *settings: str) -> dict[str, Change]:
        """Run the program; return what was done, by logical name."""
        options = preview.Options(root=self.folder, stack="one", overrides=settings)
        with restored():
            found = mocks.apply(preview.plan(options), self.cloud, self.deployed)
        return {urn.rpartition("::")[2]: change for urn, change in found.changes.items()}

    def groups(self) -> list[str]:
        """Return the names of the log groups that there are."""
        found = self.cloud.call("logs", "describe_log_groups")["logGroups"]
        return [item["logGroupName"] for item in found]


@pytest.fixture
def stack(tmp_path: Path, account: Emulated) -> Iterator[Stack]:
    """Yield a stack, and remove what is left of it."""
    found = Stack(tmp_path, account)
    yield found
    found.apply()
    assert found.groups() == []


def test_another_name_is_another_resource_which_is_there_before_the_first_goes(
    stack: Stack,
) -> None:
    """So that whatever uses it has one all the time."""
    assert stack.apply("group=/a") == {"group": Change.CREATED}
    assert stack.apply("group=/b") == {"group": Change.REPLACED}
    assert stack.groups() == ["/b"]
    assert [item.id for item in stack.deployed.values()] == ["/b"]


def test_a_name_that_is_kept_is_free_before_it_is_taken_again(stack: Stack) -> None:
    """AWS would refuse a second resource of the name."""
    stack.apply("group=/a")
    assert stack.apply("group=/a", "class=INFREQUENT_ACCESS") == {"group": Change.REPLACED}
    assert stack.groups() == ["/a"]


def test_what_a_failing_program_has_replaced_goes_with_the_next_run(stack: Stack) -> None:
    """Until then both are there."""
    stack.apply("group=/a")
    with pytest.raises(OperatorError, match="no"):
        stack.apply("group=/b", "fail=yes")
    assert stack.groups() == ["/a", "/b"]
    assert stack.apply("group=/b") == {"group": Change.SAME}
    assert stack.groups() == ["/b"]


def test_what_is_protected_is_neither_replaced_nor_removed(stack: Stack) -> None:
    """Until it no longer is."""
    stack.apply("group=/a", "protect=true")
    with pytest.raises(OperatorError, match="group must not be removed: the stack protects it"):
        stack.apply("group=/b", "protect=true")
    with pytest.raises(OperatorError, match="group must not be removed: the stack protects it"):
        stack.apply()
    with pytest.raises(OperatorError, match="group must not be removed: the stack protects it"):
        mocks.destroy(stack.cloud, stack.deployed)
    assert stack.groups() == ["/a"]
    assert stack.apply("group=/a") == {"group": Change.SAME}
    assert stack.apply() == {"group": Change.DELETED}


def test_what_is_retained_is_forgotten_and_stays(stack: Stack) -> None:
    """As the engine leaves it."""
    stack.apply("group=/a", "retain=true")
    assert stack.apply() == {"group": Change.DELETED}
    assert stack.groups() == ["/a"]
    stack.cloud.call("logs", "delete_log_group", logGroupName="/a")


def test_an_ignored_change_is_not_made_and_another_s_is_kept(stack: Stack) -> None:
    """What is there is read, and becomes what is wanted."""
    stack.apply("group=/a", "days=7")
    assert stack.apply("group=/a", "days=30") == {"group": Change.SAME}
    stack.cloud.call("logs", "put_retention_policy", logGroupName="/a", retentionInDays=90)
    assert stack.apply("group=/a", "days=30") == {"group": Change.SAME}
    (group,) = stack.deployed.values()
    assert group.state["retentionInDays"] == 90


def test_what_somebody_has_removed_is_made_again(stack: Stack) -> None:
    """It is not there, whatever the state says."""
    stack.apply("group=/a")
    stack.cloud.call("logs", "delete_log_group", logGroupName="/a")
    assert stack.apply("group=/a") == {"group": Change.CREATED}


def test_an_error_names_the_resource_and_loses_nothing_of_the_state(stack: Stack) -> None:
    """In AWS's words."""
    stack.apply("group=/a", "colour=red")
    stack.cloud.call("logs", "create_log_group", logGroupName="/taken")
    with pytest.raises(OperatorError, match=r"group \(aws:cloudwatch.*ResourceAlreadyExists"):
        stack.apply("group=/taken", "colour=red")
    stack.cloud.call("logs", "delete_log_group", logGroupName="/taken")
    assert {item.id.rpartition(":")[2] for item in stack.deployed.values()} == {"/a", "bell"}
    assert stack.apply("group=/a") == {"group": Change.SAME, "topic": Change.DELETED}
    assert stack.groups() == ["/a"]
