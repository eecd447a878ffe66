"""Reading a log group: requests, pages, directions, faults; and who may."""

import json
from collections.abc import Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]  # boto3 ships no types
import pytest
from moto import mock_aws

from perpetual.aws.permissions import needed
from perpetual.aws.session import Clients
from perpetual.errors import OperatorError
from perpetual.logs import release, requests
from perpetual.logs.follower import Reading
from perpetual.logs.reading import AbsentError, Reader, passing
from perpetual.logs.release import Options
from perpetual.logs.tail import now
from tests.status.given import HERE, Answers, Recorded, refusal, stack
from tests.support import iam
from tests.support.roles import documents
from tests.support.stacks import captured

pytestmark = pytest.mark.usefixtures("few_policies")

ALL = requests.source(stack(), task=None, pattern=None)
START = 1_796_000_000_000
OPEN = Reading(start=START, end=None, began=START, deep=False)
CLOSED = Reading(start=START, end=START + 60_000, began=START + 60_000, deep=True)


def raw(number: int, at: int, stream: str = "web/release/0af3") -> dict[str, Any]:
    """Return an event as CloudWatch shows it."""
    return {
        "logStreamName": stream,
        "timestamp": START + at,
        "message": f"{number}",
        "ingestionTime": START + at + 5,
        "eventId": f"{number}",
    }


def paged(*pages: list[dict[str, Any]]) -> Answers:
    """Answer with pages, each of which names the next."""

    def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        place = int(asked.get("nextToken", 0))
        more = {"nextToken": f"{place + 1}"} if place + 1 < len(pages) else {}
        return {"events": pages[place], **more}

    return {("logs", "FilterLogEvents"): answer}


# --- requests


def test_the_present_is_read_from_its_newest_page() -> None:
    """And history from its oldest, up to its end."""
    assert requests.read(ALL, OPEN).request == {
        "logGroupName": "/perpetual/prod/release",
        "startTime": START,
        "interleaved": True,
        "startFromHead": False,
    }
    asked = requests.read(ALL, CLOSED, "token").request
    assert (asked["endTime"], asked["nextToken"]) == (START + 60_000, "token")
    assert "startFromHead" not in asked


@pytest.mark.parametrize(
    "task",
    ["0AF3", " 0af3 ", "arn:aws:ecs:eu-west-1:123456789012:task/perpetual-prod/0af3"],
)
def test_a_task_is_a_beginning_of_stream_names(task: str) -> None:
    """By its id, or a part of it; reading and tailing alike."""
    one = requests.source(stack(), task=task, pattern="ERROR")
    assert one.streams == "web/release/0af3"
    assert requests.read(one, OPEN).request["logStreamNamePrefix"] == "web/release/0af3"
    assert requests.read(one, OPEN).request["filterPattern"] == "ERROR"
    assert requests.tail(one).request == {
        "logGroupIdentifiers": [HERE.arn("logs", "log-group:/perpetual/prod/release")],
        "logStreamNamePrefixes": ["web/release/0af3"],
        "logEventFilterPattern": "ERROR",
    }


@pytest.mark.parametrize("task", ["", "web", "0af3*", "0" * 33, "0af3/"])
def test_what_is_no_task_is_refused(task: str) -> None:
    """Before anything is asked."""
    with pytest.raises(OperatorError, match="is no task's id"):
        requests.source(stack(), task=task, pattern=None)


@pytest.mark.parametrize("role", [HERE.deployment_role, HERE.development_role])
def test_each_call_is_allowed(role: str) -> None:
    """To whoever deploys, and to whoever develops; and no other stack's lines."""
    found = documents(captured("prod", f"account={HERE.account}", known=True), role)
    calls = (requests.read(ALL, OPEN), requests.tail(ALL), requests.any_stream(ALL))
    for call in calls:
        (permission,) = needed(call, HERE)
        asked = iam.Call(permission.action, permission.resource, permission.context)
        assert found.decide(asked) is iam.Decision.ALLOWED, asked
        other = permission.resource.replace("/perpetual/prod/", "/perpetual/blue/")
        assert found.decide(iam.Call(permission.action, other)) is iam.Decision.IMPLICIT


# --- pages


def test_all_pages_are_read_in_the_order_of_time() -> None:
    """Newest first, as AWS answers; lines of one moment in the order in which they were written."""
    answers = paged([raw(6, 30), raw(5, 20), raw(4, 20)], [], [raw(3, 20), raw(2, 10), raw(1, 10)])
    found = Reader(Recorded(answers), ALL).whole(OPEN)
    assert [event.message for event in found] == ["1", "2", "3", "4", "5", "6"]


def test_an_emulator_without_directions_is_understood() -> None:
    """It is known by its first line that is younger than the one before."""
    reader = Reader(Recorded(paged([raw(1, 10), raw(2, 20)], [raw(3, 30), raw(4, 30)])), ALL)
    assert [event.message for event in reader.whole(OPEN)] == ["1", "2", "3", "4"]
    reader.clients = Recorded(paged([raw(1, 10), raw(2, 10)]))
    assert [event.message for event in reader.whole(OPEN)] == ["1", "2"]


def test_history_comes_page_by_page() -> None:
    """Empty pages are not its end."""
    answers = paged([raw(1, 10)], [], [raw(2, 20), raw(3, 20)])
    pages = list(Reader(Recorded(answers), ALL).pages(CLOSED))
    assert [[event.message for event in page] for page in pages] == [["1"], [], ["2", "3"]]


def test_a_token_that_leads_to_itself_ends_the_read() -> None:
    """Rather than reading for ever."""
    answers: Answers = {("logs", "FilterLogEvents"): {"events": [], "nextToken": "same"}}
    clients = Recorded(answers)
    assert list(Reader(clients, ALL).pages(CLOSED)) == [[], []]
    assert len(clients.calls) == 2


def test_only_the_task_s_streams_are_taken() -> None:
    """Whatever an emulator makes of the request."""
    one = requests.source(stack(), task="0af3", pattern=None)
    answers = paged([raw(1, 10), raw(2, 20, "web/release/1b2c"), raw(3, 30, "web/release/0af3ff")])
    found = list(Reader(Recorded(answers), one).pages(CLOSED))
    assert [event.message for event in found[0]] == ["1", "3"]


# --- faults


def test_a_missing_group_is_a_fault_of_its_own() -> None:
    """Following waits for it; anything else says how it comes to be."""
    answers: Answers = {
        ("logs", "FilterLogEvents"): refusal("FilterLogEvents", "ResourceNotFoundException")
    }
    with pytest.raises(AbsentError, match=r"is not there[\s\S]*pulumi up"):
        list(Reader(Recorded(answers), ALL).pages(CLOSED))


def test_a_pattern_that_is_none_is_named() -> None:
    """With what CloudWatch says, and two that are some."""
    answers: Answers = {
        ("logs", "FilterLogEvents"): refusal(
            "FilterLogEvents", "InvalidParameterException", "Invalid filter pattern"
        )
    }
    one = requests.source(stack(), task=None, pattern="{ $.x")
    with pytest.raises(OperatorError, match=r"does not take --filter '\{ \$\.x'") as raised:
        list(Reader(Recorded(answers), one).pages(CLOSED))
    assert "Invalid filter pattern" in raised.value.detail
    with pytest.raises(OperatorError, match="AWS refused FilterLogEvents"):
        list(Reader(Recorded(answers), ALL).pages(CLOSED))


def test_a_fault_midway_leaves_what_was_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The first page is there, and the sentence says that it is not all."""

    def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if "nextToken" in asked:
            raise refusal("FilterLogEvents", "ThrottlingException", "Rate exceeded")
        return {"events": [raw(1, 10)], "nextToken": "more"}

    options = Options(source=ALL, since=START, as_json=False)
    clients = Recorded({("logs", "FilterLogEvents"): answer})
    with pytest.raises(OperatorError, match="still refused FilterLogEvents after several tries"):
        release.history(clients, options, lambda _: None)
    assert capsys.readouterr().out.endswith("  1\n")


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("ThrottlingException", True),
        ("ExpiredTokenException", False),
        ("AccessDeniedException", False),
        ("ServiceUnavailableException", True),
    ],
)
def test_some_faults_pass_by_themselves(code: str, *, passes: bool) -> None:
    """Too many calls, and AWS's own; not what somebody has to put right."""
    error = refusal("FilterLogEvents", code)
    error.response["ResponseMetadata"] = {"HTTPStatusCode": 503 if "Service" in code else 400}
    with pytest.raises(OperatorError) as raised:
        list(Reader(Recorded({("logs", "FilterLogEvents"): error}), ALL).pages(CLOSED))
    assert passing(raised.value) is passes


# --- all of it, on moto


def written(*lines: tuple[str, str, int]) -> None:
    """Write lines to moto: task, message, and how many seconds ago."""
    client = boto3.client("logs", region_name=HERE.region)
    client.create_log_group(logGroupName=ALL.group)
    for task in sorted({task for task, _, _ in lines}):
        stream = f"web/release/{task}"
        client.create_log_stream(logGroupName=ALL.group, logStreamName=stream)
        events = [
            {"timestamp": now() - ago * 1_000, "message": message}
            for owner, message, ago in lines
            if owner == task
        ]
        client.put_log_events(logGroupName=ALL.group, logStreamName=stream, logEvents=events)


def shown(
    capsys: pytest.CaptureFixture[str], seconds: int = 600, **source: Any
) -> tuple[list[str], list[str]]:
    """Print the lines there are; return them, and what was said."""
    said: list[str] = []
    given = {"task": None, "pattern": None, **source}
    options = Options(
        source=requests.source(stack(), **given), since=now() - seconds * 1_000, as_json=True
    )
    assert release.history(Clients(region=HERE.region), options, said.append) == 0
    return [json.loads(one)["line"] for one in capsys.readouterr().out.splitlines()], said


@mock_aws
def test_all_tasks_lines_are_printed_by_time(capsys: pytest.CaptureFixture[str]) -> None:
    """From `since` on; by task, and by a word."""
    written(("aa", "one", 700), ("aa", "two", 30), ("bb", "three", 20), ("aa", "four ERROR", 10))
    assert shown(capsys) == (["two", "three", "four ERROR"], [])
    assert shown(capsys, 3_600)[0][:2] == ["one", "two"]
    assert shown(capsys, task="bb") == (["three"], [])
    assert shown(capsys, pattern="ERROR") == (["four ERROR"], [])


@mock_aws
def test_where_there_is_no_line_it_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """No task yet, no such task, no such line; and the group itself."""
    with pytest.raises(AbsentError):
        shown(capsys)
    written()
    assert shown(capsys)[1] == ["no task has written a line to /perpetual/prod/release yet"]
    client = boto3.client("logs", region_name=HERE.region)
    client.create_log_stream(logGroupName=ALL.group, logStreamName="web/release/aa")
    assert shown(capsys, task="bb")[1] == [
        "no such task has written a line to /perpetual/prod/release yet"
    ]
    ((text,)) = shown(capsys, pattern="ERROR")[1]
    assert text.startswith("no line that matches 'ERROR' since 20")
