"""Resources through the provider protocol: their lives, their secrets, and what goes wrong."""

from typing import Any, Final

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from perpetual.sandbox.fronts import attached, wire
from tests.sandbox.resources import emulated, stories
from tests.sandbox.resources.client import GROUP, Client, urn
from tests.sandbox.resources.emulated import Faulty

TOPIC: Final = "aws:sns/topic:Topic"
PARAMETER: Final = "aws:ssm/parameter:Parameter"
GENERATED: Final = "random:index/randomPassword:RandomPassword"


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
