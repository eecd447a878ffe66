"""The provider protocol, call by call, on single resources."""

import json
from importlib.metadata import version
from typing import Final

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from perpetual.offline.capture import UNKNOWN
from perpetual.sandbox.fronts import attached, wire
from perpetual.sandbox.resources.table import TABLE
from tests.sandbox.resources import emulated
from tests.sandbox.resources.client import GROUP, Client, urn

TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
KIND: Final = provider_pb2.PropertyDiff.Kind


# --- the provider


def test_the_line_to_export_names_every_package(ports: dict[str, int]) -> None:
    """As the engine reads it."""
    line = attached.line(ports)
    assert line.startswith("export PULUMI_DEBUG_PROVIDERS=aws:")
    assert line.endswith(f"docker:{ports['docker']},random:{ports['random']}")


@pytest.mark.parametrize("package", ["aws", "docker", "random"])
def test_a_provider_says_the_version_that_the_program_asks_for(
    package: str, ports: dict[str, int]
) -> None:
    """And names its types, so that an engine finds them."""
    client = Client(ports[package])
    assert client.stub.GetPluginInfo(empty_pb2.Empty()).version == version(f"pulumi-{package}")
    schema = json.loads(client.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert schema["name"] == package
    assert schema["resources"].keys() == {
        token for token in TABLE if token.startswith(f"{package}:")
    }
    client.stub.Cancel(empty_pb2.Empty())
    assert client.stub.GetPluginInfo(empty_pb2.Empty()).version
    client.connection.close()


def test_each_connection_has_the_tags_that_it_was_configured_with(ports: dict[str, int]) -> None:
    """The default provider of a program must not have those of the program's own."""
    tags = json.dumps({"tags": {"perpetual:stack": "dev"}})
    own = Client(ports["aws"], {"region": emulated.REGION, "defaultTags": tags})
    default = Client(ports["aws"], {"region": emulated.REGION})
    given = {"name": "logs", "tags": {"Name": "logs"}}
    assert own.checked(GROUP, given)["tagsAll"] == {"perpetual:stack": "dev", "Name": "logs"}
    assert default.checked(GROUP, given)["tagsAll"] == {"Name": "logs"}
    assert own.checked(GROUP, given)["tags"] == {"Name": "logs"}
    unknown = own.checked(GROUP, {"name": "logs", "tags": {"Name": UNKNOWN}})
    assert unknown["tagsAll"] == UNKNOWN
    for client in (own, default):
        client.connection.close()


def test_tags_that_are_secret_are_so_in_the_provider_s_own_list(aws: Client) -> None:
    """It repeats them, and the state keeps both."""
    news = wire.write({"name": "logs", "tags": {"Name": "hush"}}, ("tags",))
    found = aws.stub.Check(provider_pb2.CheckRequest(urn=urn(GROUP), news=news))
    assert wire.read(found.inputs)[1] == {"tags", "tagsAll"}


def test_two_servers_do_not_share_a_port(account: emulated.Emulated, ports: dict[str, int]) -> None:
    """Each would answer some of the calls of the other's engine."""
    with pytest.raises(RuntimeError), attached.serving(account.cloud, ports):
        pass


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"region": "us-east-1"}, "the sandbox is in eu-west-1, and the stack in us-east-1"),
        ({"allowedAccountIds": '["111122223333"]'}, "and the stack's is 111122223333"),
    ],
)
def test_a_stack_that_lives_elsewhere_is_refused(
    config: dict[str, str], message: str, ports: dict[str, int]
) -> None:
    """As AWS would answer from another account, or not at all."""
    with pytest.raises(grpc.RpcError, match=message):
        Client(ports["aws"], config)


def test_another_region_is_another_provider(aws: Client) -> None:
    """Other arguments of a provider change it in place."""
    old = wire.write({"region": "eu-west-1", "defaultTags": "{}"})
    moved = wire.write({"region": "us-east-1", "defaultTags": "{}"})
    same = aws.stub.DiffConfig(provider_pb2.DiffRequest(old_inputs=old, news=old))
    other = aws.stub.DiffConfig(provider_pb2.DiffRequest(old_inputs=old, news=moved))
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert list(other.replaces) == ["region"]
    kept = aws.stub.CheckConfig(provider_pb2.CheckRequest(news=moved))
    assert kept.inputs == moved


# --- check


def test_an_argument_that_the_table_does_not_know_is_a_failure_with_its_name(aws: Client) -> None:
    """Not a silent loss."""
    found = aws.check(GROUP, {"name": "logs", "colour": "red"})
    assert [(item.property, item.reason) for item in found.failures] == [
        ("colour", f"the sandbox's {GROUP} has no `colour`")
    ]


def test_a_type_that_the_table_does_not_know_is_an_error_in_a_sentence(aws: Client) -> None:
    """And so is a data source."""
    with pytest.raises(grpc.RpcError, match="the sandbox knows no resources of type aws:a/b:C"):
        aws.check("aws:a/b:C", {})
    with pytest.raises(grpc.RpcError, match="the sandbox has no data source aws:a/b:c"):
        aws.stub.Invoke(provider_pb2.InvokeRequest(tok="aws:a/b:c"))


def test_a_name_is_made_up_once_and_kept(aws: Client) -> None:
    """It follows from the engine's seed, and from the name that there is."""
    first = wire.read(aws.check(TEMPLATE, {}, randomSeed=b"1").inputs)[0]["name"]
    other = wire.read(aws.check(TEMPLATE, {}, randomSeed=b"2").inputs)[0]["name"]
    again = aws.check(TEMPLATE, {}, randomSeed=b"2", olds={"name": first})
    assert first.startswith("thing-")
    assert first != other
    assert wire.read(again.inputs)[0]["name"] == first
    given = aws.check(TEMPLATE, {"name": "mine"}, olds={"name": first})
    assert wire.read(given.inputs)[0]["name"] == "mine"


# --- diff


def test_a_difference_of_form_is_none(aws: Client) -> None:
    """Order in a set, a number as text, a document spelled otherwise."""
    old = {"metrics": ["b", "a"], "size": "5", "policy": '{"a": [1]}', "gone": None}
    new = {"metrics": ["a", "b"], "size": 5, "policy": '{\n"a":[1]}'}
    assert aws.diff(GROUP, old, new).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_what_differs_is_told_by_path_and_kind(aws: Client) -> None:
    """An addition, a removal, a change; and which of them replaces."""
    old = {"name": "one", "kmsKeyId": "key", "retentionInDays": 7}
    new = {"name": "two", "retentionInDays": 30, "tagsAll": {"a": "b"}}
    found = aws.diff(GROUP, old, new)
    kinds = {path: KIND.Name(item.kind) for path, item in found.detailedDiff.items()}
    assert kinds == {
        "name": "UPDATE_REPLACE",
        "kmsKeyId": "DELETE",
        "retentionInDays": "UPDATE",
        "tagsAll": "ADD",
    }
    assert list(found.replaces) == ["name"]
    assert not found.deleteBeforeReplace


def test_an_ignored_change_is_none(aws: Client) -> None:
    """The engine passes what it ignores."""
    old, new = {"name": "one", "retentionInDays": 7}, {"name": "one", "retentionInDays": 30}
    found = aws.diff(GROUP, old, new, ignoreChanges=["retentionInDays"])
    assert found.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_name_that_was_chosen_is_free_before_it_is_taken_again(aws: Client) -> None:
    """One that was made up is made up anew instead."""
    chosen = {"name": "logs", "logGroupClass": "STANDARD"}
    found = aws.diff(GROUP, chosen, {**chosen, "logGroupClass": "INFREQUENT_ACCESS"})
    assert list(found.replaces) == ["logGroupClass"]
    assert found.deleteBeforeReplace
    made_up = {**chosen, "name": "logs-0123abc"}
    found = aws.diff(GROUP, made_up, {**made_up, "logGroupClass": "INFREQUENT_ACCESS"})
    assert list(found.replaces) == ["logGroupClass"]
    assert not found.deleteBeforeReplace


def test_a_value_that_is_not_known_yet_differs(aws: Client) -> None:
    """It may be the same in the end, but nobody can say so."""
    old, new = {"name": "one", "kmsKeyId": "key"}, {"name": UNKNOWN, "kmsKeyId": UNKNOWN}
    found = aws.diff(GROUP, old, new)
    assert set(found.diffs) == {"name", "kmsKeyId"}
    assert list(found.replaces) == ["name"]
