"""Spellings, comparisons, tags and marks: what stands between Pulumi's values and AWS's."""

import json
from typing import Any, Final

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from perpetual.errors import OperatorError
from perpetual.offline.capture import UNKNOWN
from perpetual.sandbox.fronts import wire
from perpetual.sandbox.fronts.mocks import ignoring
from perpetual.sandbox.fronts.provider import default_tags
from perpetual.sandbox.resources import spelling, tagging, values
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.dropped import Kept

NOWHERE: Final = Cloud(endpoint="http://127.0.0.1:1", region="eu-west-1", account="111122223333")
"""An account that nobody answers for."""


def shape(service: str, name: str) -> Any:
    """Return botocore's model of a structure."""
    return NOWHERE.shape(service, name)


# --- spelling


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("CidrBlock", "cidrBlock"),
        ("KMSKeyId", "kmsKeyId"),
        ("enableECSManagedTags", "enableEcsManagedTags"),
        ("MultiAZ", "multiAz"),
        ("SSEAlgorithm", "sseAlgorithm"),
        ("CidrIpv4", "cidrIpv4"),
        ("arn", "arn"),
    ],
)
def test_a_name_of_aws_is_the_same_words_in_pulumi(name: str, spelled: str) -> None:
    """With other capitals."""
    assert spelling.camel(name) == spelled


def test_a_request_is_spelled_as_aws_s_model_has_it() -> None:
    """Names, types, blocks that stand alone, and tags by name."""
    given = {
        "serviceName": "web",
        "enableEcsManagedTags": "true",
        "desiredCount": 2.0,
        "serviceRegistries": {"registryArn": "arn"},
        "placementStrategies": [{"field": "instanceId", "type": "spread"}],
        "tagsAll": {"a": "1"},
        "launchType": None,
    }
    said = spelling.request(
        shape("ecs", "CreateServiceRequest"), given, {"placementStrategies": "placementStrategy"}
    )
    assert said == {
        "serviceName": "web",
        "enableECSManagedTags": True,
        "desiredCount": 2,
        "serviceRegistries": [{"registryArn": "arn"}],
        "placementStrategy": [{"field": "instanceId", "type": "spread"}],
        "tags": [{"key": "a", "value": "1"}],
    }


def test_an_answer_is_spelled_as_pulumi_has_it_and_back() -> None:
    """Renamed at every depth, but names in maps stay as they are."""
    structure = shape("cloudwatch", "MetricAlarm")
    answer = {"AlarmName": "a", "Metrics": [{"Id": "m", "MetricStat": {"Stat": "Sum"}}]}
    rename = {"name": "AlarmName", "metricQueries": "Metrics", "metric": "MetricStat"}
    told = spelling.told(structure, answer, rename)
    assert told == {"name": "a", "metricQueries": [{"id": "m", "metric": {"stat": "Sum"}}]}
    assert spelling.request(structure, told, rename) == answer
    options = {"Options": {"awslogs-group": "x"}}
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "x"}}
    assert spelling.told(shape("ecs", "LogConfiguration"), log, {}) == log
    assert options["Options"] == log["options"]


def test_an_argument_without_a_place_in_aws_s_model_is_an_error() -> None:
    """Rather than lost."""
    with pytest.raises(spelling.UnspeakableError, match="CreateVpcRequest has no member for size"):
        spelling.request(shape("ec2", "CreateVpcRequest"), {"size": 1}, {})


# --- comparison


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (5, "5"),
        (5.0, 5),
        (True, "true"),
        (["a", "b"], ["b", "a"]),
        ('{"a": [1, 2]}', {"a": [2, 1]}),
        ({"a": None, "b": 1}, {"b": 1}),
    ],
)
def test_two_spellings_of_a_value_are_equal(one: Any, other: Any) -> None:
    """Numbers, booleans, documents, sets, and what is not set."""
    assert values.equal(one, other)
    assert values.equal(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [(1, 2), ({"a": 1}, {}), ([1], [1, 1]), (None, ""), ('{"a": 1}', '{"a": 2}')]
)
def test_two_values_are_not(one: Any, other: Any) -> None:
    """One more, one less, one other."""
    assert not values.equal(one, other)
    assert not values.equal(other, one)


def test_where_order_matters_it_is_compared() -> None:
    """Such as which subnet of a policy comes first."""
    assert not values.equal(["a", "b"], ["b", "a"], ordered=True)
    assert not values.covers(["a", "b"], ["b", "a"], ordered=True)
    assert values.covers(["a", "b"], ["b", "a"])


def test_defaults_that_aws_adds_are_no_difference() -> None:
    """A block may have more in it, and each item of a list may; a list may not."""
    given = {"a": 1, "list": [{"x": 1}, {"y": 2}]}
    assert values.covers({"a": 1, "b": 2, "list": [{"y": 2, "z": 0}, {"x": 1}]}, given)
    assert not values.covers({"a": 1, "list": [{"y": 2}, {"x": 1}, {"z": 0}]}, given)
    assert not values.covers({"a": 2, "list": []}, given)
    assert not values.covers(None, given)


@pytest.mark.parametrize("nothing", [None, [], {}, "", False])
def test_what_is_empty_may_be_missing(nothing: Any) -> None:
    """AWS does not tell what is not there."""
    assert values.covers(None, nothing)


def test_what_was_given_is_brought_up_to_date_without_what_nobody_gave() -> None:
    """In blocks, lists and documents, as deep as they are alike."""
    given = {"a": 1, "block": {"b": 1}, "list": [{"c": 1}], "gone": 1}
    found = {"a": 1, "block": {"b": 2, "x": 0}, "list": [{"c": 3, "y": 0}], "z": 0}
    assert values.refreshed(found, given) == {"a": 1, "block": {"b": 2}, "list": [{"c": 3}]}
    document = values.refreshed('{"image": "two", "cpu": 0}', '{"image": "one"}')
    assert json.loads(document) == {"image": "two"}
    assert values.refreshed([1, 2], [1]) == [1, 2]
    assert values.refreshed({"b": 1, "c": 2}, {"b": 1}) == {"b": 1}


def test_an_unknown_value_is_found_however_deep() -> None:
    """In a list in a block."""
    assert values.unknown({"a": [{"b": UNKNOWN}]})
    assert not values.unknown({"a": [{"b": "c"}]})


# --- the wire


def test_values_travel_with_their_marks() -> None:
    """A secret anywhere in an argument makes it secret; every kind of unknown is one."""
    secret = {rpc._special_sig_key: rpc._special_secret_sig, "value": "hush"}  # noqa: SLF001 - wire constants
    raw = {
        "plain": 1,
        "deep": {"list": [secret]},
        "number": "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "none": None,
    }
    read, hidden = wire.read(json_format.ParseDict(raw, struct_pb2.Struct()))
    assert read == {"plain": 1, "deep": {"list": ["hush"]}, "number": UNKNOWN}
    assert hidden == {"deep"}
    assert wire.read(wire.write(read, hidden)) == (read, hidden)


# --- tags


@pytest.mark.parametrize(
    "found",
    [
        {"a": "1", "aws:b": "2"},
        [{"Key": "a", "Value": "1"}, {"Key": "aws:b", "Value": "2"}],
        [{"key": "a", "value": "1"}],
        [{"TagKey": "a", "TagValue": "1"}],
    ],
)
def test_tags_of_any_form_are_read_without_aws_s_own(found: Any) -> None:
    """By name."""
    assert tagging.read(found) == {"a": "1"}


def test_tags_change_by_what_differs() -> None:
    """What is set, and what is removed."""
    before, after = {"tagsAll": {"a": "1", "b": "2"}}, {"tagsAll": {"b": "3", "c": "4"}}
    assert tagging.changes(before, after) == ({"b": "3", "c": "4"}, ["a"])


@pytest.mark.parametrize("given", [{"tags": {"a": "1"}}, '{"tags": {"a": "1"}}'])
def test_default_tags_are_read_as_the_sdk_sends_them(given: Any) -> None:
    """As a structure, or as JSON."""
    assert default_tags({"defaultTags": given}) == {"a": "1"}
    assert default_tags({}) == {}


# --- others


def test_changes_that_are_ignored_stay_as_they_were() -> None:
    """Also where there was nothing."""
    assert ignoring({"a": 2, "b": 2}, {"a": 1}, ["a", "b", "c"]) == {"a": 1}


def test_what_moto_forgets_is_known_by_the_store_and_by_the_state() -> None:
    """The store goes first, for it knows the last change."""
    token = "aws:sns/topic:Topic"  # noqa: S105 - a type
    kept = Kept()
    kept.remember(token, "one", {"signatureVersion": 2, "name": "x"})
    assert kept.recall(token, "one", {"signatureVersion": 1}) == {"signatureVersion": 2}
    assert kept.recall(token, "two", {"signatureVersion": 1}) == {"signatureVersion": 1}
    kept.forget(token, "one")
    assert kept.recall(token, "one", {}) == {}


@pytest.mark.parametrize(
    "endpoint", ["https://ec2.eu-west-1.amazonaws.com", "http://192.0.2.1:5000", "localhost:5000"]
)
def test_the_table_touches_no_aws_but_the_sandbox_s(endpoint: str) -> None:
    """It deletes without asking."""
    with pytest.raises(OperatorError, match="is not on this machine"):
        Cloud(endpoint=endpoint, region="eu-west-1", account="111122223333")
