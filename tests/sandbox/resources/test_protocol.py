"""The provider protocol, call by call, on single resources."""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from perpetual.offline.capture import UNKNOWN
from perpetual.sandbox.fronts import attached, wire
from perpetual.sandbox.resources.table import TABLE
from tests.sandbox.resources import emulated, stories
from tests.sandbox.resources.engine import Connection
from tests.sandbox.resources.test_mocks_front import Faulty

GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
TOPIC: Final = "aws:sns/topic:Topic"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
PARAMETER: Final = "aws:ssm/parameter:Parameter"
GENERATED: Final = "random:index/randomPassword:RandomPassword"
KIND: Final = provider_pb2.PropertyDiff.Kind


class Client:
    """One provider of one program: plain values in, plain values out."""

    def __init__(self, port: int, config: Mapping[str, Any] | None = None) -> None:
        """Connect and configure."""
        self.connection = Connection(port, wire.write(config or {}))
        self.stub = self.connection.stub

    def check(self, token: str, news: Mapping[str, Any], **more: Any) -> Any:
        """Ask for the arguments as they will be."""
        given = {"olds": wire.write(more.pop("olds", {})), **more}
        return self.stub.Check(
            provider_pb2.CheckRequest(urn=urn(token), news=wire.write(news), **given)
        )

    def checked(self, token: str, news: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as they will be."""
        return wire.read(self.check(token, news).inputs)[0]

    def create(self, token: str, inputs: Mapping[str, Any], **more: Any) -> Any:
        """Create a resource."""
        secret = more.pop("secret", ())
        return self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn(token), properties=wire.write(inputs, secret), **more
            )
        )

    def diff(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any], **more: Any) -> Any:
        """Compare arguments."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id="x",
                urn=urn(token),
                olds=wire.write(old),
                old_inputs=wire.write(old),
                news=wire.write(new),
                **more,
            )
        )

    def read(
        self, token: str, identifier: str, state: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> Any:
        """Read a resource."""
        return self.stub.Read(
            provider_pb2.ReadRequest(
                id=identifier,
                urn=urn(token),
                properties=wire.write(state),
                inputs=wire.write(inputs),
            )
        )


def urn(token: str) -> str:
    """Return the URN of a resource of a type."""
    return f"urn:pulumi:dev::shop::perpetual:some:Component${token}::thing"


@pytest.fixture(scope="module")
def account() -> Iterator[emulated.Emulated]:
    """Yield an account."""
    with stories.fresh("dev") as found:
        yield found


@pytest.fixture(scope="module")
def ports(account: emulated.Emulated) -> Iterator[dict[str, int]]:
    """Yield the ports of the three providers."""
    with attached.serving(account.cloud) as found:
        yield found


@pytest.fixture
def aws(ports: dict[str, int]) -> Iterator[Client]:
    """Yield a client of the AWS provider."""
    client = Client(ports["aws"], {"region": emulated.REGION})
    yield client
    client.connection.close()


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


# --- create, read, update, delete


def test_a_resource_lives_and_is_gone(aws: Client) -> None:
    """Made, read, changed, deleted, and deleted once more."""
    inputs = aws.checked(GROUP, {"name": "/life", "retentionInDays": 7, "tags": {"a": "1"}})
    made = aws.create(GROUP, inputs)
    state = wire.read(made.properties)[0]
    assert made.id == "/life"
    assert state["arn"].endswith(":log-group:/life")

    longer = aws.checked(GROUP, {"name": "/life", "retentionInDays": 30, "tags": {"b": "2"}})
    asked = provider_pb2.UpdateRequest(
        id=made.id, urn=urn(GROUP), olds=made.properties, news=wire.write(longer), preview=True
    )
    foreseen = wire.read(aws.stub.Update(asked).properties)[0]
    asked.preview = False
    changed = wire.read(aws.stub.Update(asked).properties)[0]
    assert changed == foreseen == {**state, **longer}

    found = aws.read(GROUP, made.id, changed, longer)
    assert wire.read(found.properties)[0] == changed
    assert wire.read(found.inputs)[0] == longer

    gone = provider_pb2.DeleteRequest(id=made.id, urn=urn(GROUP), properties=wire.write(changed))
    aws.stub.Delete(gone)
    aws.stub.Delete(gone)
    assert aws.read(GROUP, made.id, changed, longer).id == ""


def test_what_others_changed_is_read_into_arguments_and_state(
    aws: Client, account: emulated.Emulated
) -> None:
    """In the arguments that were given, and in no others."""
    inputs = aws.checked(GROUP, {"name": "/drift", "retentionInDays": 7, "skipDestroy": False})
    state = wire.read(aws.create(GROUP, inputs).properties)[0]
    group = {"logGroupName": "/drift"}
    account.cloud.call("logs", "put_retention_policy", **group, retentionInDays=90)
    account.cloud.call("logs", "tag_log_group", **group, tags={"by": "hand"})
    found = aws.read(GROUP, "/drift", state, inputs)
    assert wire.read(found.inputs)[0] == {
        **inputs,
        "retentionInDays": 90,
        "tagsAll": {"by": "hand"},
    }
    assert wire.read(found.properties)[0]["retentionInDays"] == 90
    account.cloud.call("logs", "delete_retention_policy", **group)
    found = aws.read(GROUP, "/drift", state, inputs)
    assert "retentionInDays" not in wire.read(found.inputs)[0]


def test_an_import_has_what_the_creation_had(aws: Client) -> None:
    """Also what moto itself has forgotten."""
    inputs = aws.checked(TOPIC, {"name": "bell", "signatureVersion": 2, "tags": {"a": "1"}})
    made = aws.create(TOPIC, inputs)
    found = aws.read(TOPIC, made.id, {}, {})
    assert wire.read(found.inputs)[0] == inputs
    assert found.properties == made.properties


def test_secrets_travel_marked_and_are_stored_as_they_are(
    aws: Client, account: emulated.Emulated
) -> None:
    """An argument that is secret is so in the state, and no secret of its own is bare either."""
    inputs = aws.checked(PARAMETER, {"name": "/secret", "type": "SecureString", "value": "hush"})
    inputs["description"] = "also secret"
    made = aws.create(PARAMETER, inputs, secret=("description",))
    state, secret = wire.read(made.properties)
    assert secret == {"value", "description"}
    assert state["value"] == "hush"
    asked = {"Name": "/secret", "WithDecryption": True}
    assert account.cloud.call("ssm", "get_parameter", **asked)["Parameter"]["Value"] == "hush"


def test_a_password_is_made_of_what_is_allowed(ports: dict[str, int]) -> None:
    """Of its length, with at least as many of each class as asked for."""
    client = Client(ports["random"])
    asked = {"length": 24, "upper": False, "minNumeric": 6, "minSpecial": 2, "overrideSpecial": "!"}
    result, secret = wire.read(client.create(GENERATED, asked).properties)
    password = result["result"]
    assert "result" in secret
    assert len(password) == 24
    assert sum(letter.isdigit() for letter in password) >= 6
    assert password.count("!") >= 2
    assert not any(letter.isupper() for letter in password)
    other = wire.read(client.create(GENERATED, asked).properties)[0]["result"]
    assert other != password
    client.connection.close()


# --- faults


def test_a_resource_that_is_half_made_is_told_with_its_state_and_completed_by_an_update() -> None:
    """The engine keeps it, so that nothing is made twice; secrets stay marked."""
    with stories.fresh("dev") as found:
        faulty = Faulty(
            endpoint=found.cloud.endpoint,
            region=emulated.REGION,
            account=found.cloud.account,
            refuses="put_retention_policy",
            refused=[],
        )
        with attached.serving(faulty) as ports:
            client = Client(ports["aws"])
            inputs = client.checked(GROUP, {"name": "/half", "retentionInDays": 7})
            with pytest.raises(grpc.RpcError, match="Rate exceeded") as failed:
                client.create(GROUP, inputs, secret=("retentionInDays",))
            half = _half_made(failed.value)
            state, secret = wire.read(half.properties)
            assert half.id == "/half"
            assert list(half.reasons) == ["Rate exceeded"]
            assert secret == {"retentionInDays"}

            done = client.stub.Update(
                provider_pb2.UpdateRequest(
                    id=half.id,
                    urn=urn(GROUP),
                    olds=half.properties,
                    news=wire.write(inputs),
                )
            )
            assert wire.read(done.properties)[0]["retentionInDays"] == state["retentionInDays"] == 7
            found_group = found.cloud.find("logs", "describe_log_groups", "logGroups")
            assert found_group is not None
            assert found_group["retentionInDays"] == 7
            client.connection.close()


def _half_made(error: Any) -> provider_pb2.ErrorResourceInitFailed:
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    half = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(half)
    return half


def test_what_aws_refuses_is_told_in_aws_s_words(aws: Client) -> None:
    """The operation, the code, and the reason."""
    inputs = aws.checked(GROUP, {"name": "/twice"})
    aws.create(GROUP, inputs)
    with pytest.raises(grpc.RpcError, match=r"ResourceAlreadyExistsException.*CreateLogGroup"):
        aws.create(GROUP, inputs)


def test_what_botocore_refuses_never_reaches_the_sandbox(aws: Client) -> None:
    """A value that AWS's own model does not allow."""
    inputs = aws.checked(GROUP, {"name": ""})
    with pytest.raises(grpc.RpcError, match="Parameter validation failed"):
        aws.create(GROUP, {**inputs, "name": ""})
