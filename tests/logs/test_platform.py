"""AWS's several logs about a stack as one: merged, followed, and honest about what is missing."""

import json
import os
import signal
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpetual.aws.calls import Call
from perpetual.aws.permissions import needed
from perpetual.errors import OperatorError
from perpetual.logs import document, entries, platform
from perpetual.logs.entries import Entry, Level, Source
from perpetual.logs.platform import Following, Options
from perpetual.logs.sources import sources
from perpetual.status.together import Unread
from tests.status.given import (
    HERE,
    NOW,
    Answers,
    Recorded,
    alarm,
    event,
    healthy,
    host,
    listed,
    minutes,
    refusal,
    rollout,
    service,
    stack,
    stopped,
)
from tests.support import iam
from tests.support.roles import documents
from tests.support.stacks import captured

HOUR = timedelta(hours=1)
SCHEMA = json.loads(Path(document.__file__).with_name("schema.json").read_text())


def activity(number: int, begun: float, ended: float | None, **changes: Any) -> dict[str, Any]:
    """Return what the hosts' group did."""
    found = {
        "ActivityId": f"{number}",
        "AutoScalingGroupName": stack().host_group,
        "Description": f"Launching a new EC2 instance: i-{number}",
        "Cause": "At 2026-11-29T09:00:00Z a monitor alarm was triggered",
        "StartTime": minutes(begun),
        "StatusCode": "InProgress" if ended is None else "Successful",
        **changes,
    }
    return found if ended is None else {**found, "EndTime": minutes(ended)}


def change(name: str, ago: float, state: str = "ALARM") -> dict[str, Any]:
    """Return an alarm's change of state."""
    data = {"newState": {"stateValue": state, "stateReason": "Threshold Crossed"}}
    return {
        "AlarmName": name,
        "AlarmType": "MetricAlarm",
        "Timestamp": minutes(ago),
        "HistoryItemType": "StateUpdate",
        "HistorySummary": f"Alarm updated from OK to {state}",
        "HistoryData": json.dumps(data),
    }


def happened(identifier: str, ago: float, message: str, *categories: str) -> dict[str, Any]:
    """Return what happened to an instance of the database."""
    return {
        "SourceIdentifier": identifier,
        "SourceType": "db-instance",
        "Message": message,
        "EventCategories": list(categories),
        "Date": minutes(ago),
    }


def eventful() -> Answers:
    """Return answers about an hour in which something of each kind happened."""
    answers = healthy()
    gone = stopped(9, 30, "Essential container in task exited")
    failed = rollout(
        "ROLLBACK_SUCCESSFUL", 20, rollback={"reason": "alarm", "startedAt": minutes(22)}
    )
    answers |= {
        ("ecs", "DescribeServices"): {
            "services": [
                service(
                    events=[
                        event("was unable to place a task because of CPU.", 10),
                        event("has started 1 tasks: (task 0af3).", 40),
                        event("has reached a steady state.", 300),
                    ]
                )
            ]
        },
        ("ecs", "ListServiceDeployments"): {"serviceDeployments": [listed(failed)]},
        ("ecs", "DescribeServiceDeployments"): {"serviceDeployments": [failed]},
        ("ecs", "ListTasks"): {"taskArns": [gone["taskArn"]]},
        ("ecs", "DescribeTasks"): {"tasks": [gone]},
        ("ecs", "DescribeContainerInstances"): {
            "containerInstances": [
                host(0, registeredAt=minutes(25)),
                host(1, status="DRAINING", runningTasksCount=2),
            ]
        },
        ("autoscaling", "DescribeScalingActivities"): {
            "Activities": [
                activity(2, 28, None),
                activity(1, 50, 45, StatusCode="Failed", StatusMessage="no capacity"),
                activity(0, 9_000, 8_999),
            ]
        },
        ("application-autoscaling", "DescribeScalingActivities"): {
            "ScalingActivities": [
                {
                    "ActivityId": "s1",
                    "ServiceNamespace": "ecs",
                    "ResourceId": f"service/{HERE.cluster}/{HERE.service}",
                    "ScalableDimension": "ecs:service:DesiredCount",
                    "Description": "Setting desired count to 4.",
                    "Cause": "monitor alarm",
                    "StartTime": minutes(35),
                    "StatusCode": "Successful",
                }
            ]
        },
        ("cloudwatch", "DescribeAlarmHistory"): {
            "AlarmHistoryItems": [
                change("perpetual-prod-target-errors", 23),
                change("perpetual-prod-target-errors", 15, "OK"),
                change("somebody-elses", 14),
            ]
        },
        ("rds", "DescribeEvents"): lambda asked: {
            "Events": []
            if "replica" in asked["SourceIdentifier"]
            else [
                happened(asked["SourceIdentifier"], 33, "Multi-AZ failover", "failover"),
                happened(asked["SourceIdentifier"], 32, "DB instance restarted"),
                happened(asked["SourceIdentifier"], 32, "DB instance restarted"),
            ]
        },
    }
    return answers


def run(
    answers: Answers, since: timedelta = HOUR, *, as_json: bool = True
) -> tuple[int, list[str]]:
    """Print what happened; return the exit code and what was said beside it."""
    said: list[str] = []
    options = Options(since=NOW - since, as_json=as_json)
    code = platform.history(Recorded(answers), stack(), options, said.append, NOW)
    return code, said


def test_all_sources_are_merged_in_the_order_of_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its subject, its level and its own words; and nothing older or of others."""
    assert run(eventful()) == (0, [])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for item in found:
        jsonschema.validate(item, SCHEMA)
    assert [item["at"] for item in found] == sorted(item["at"] for item in found)
    told = [(item["source"], item["level"], item["text"][:40]) for item in found]
    assert told == [
        ("group", "info", "Launching a new EC2 instance: i-1: At 20"),
        ("group", "error", "Launching a new EC2 instance: i-1 ended "),
        ("service", "info", "has started 1 tasks: (task 0af3)."),
        ("scaling", "info", "Setting desired count to 4.: monitor ala"),
        ("database", "error", "Multi-AZ failover"),
        ("database", "info", "DB instance restarted"),
        ("database", "info", "DB instance restarted"),
        ("tasks", "error", "task of perpetual-prod-web:42 stopped: E"),
        ("group", "info", "Launching a new EC2 instance: i-2: At 20"),
        ("hosts", "info", "joined the cluster"),
        ("deployments", "info", "begun, to revision 42"),
        ("alarms", "error", "Alarm updated from OK to ALARM: Threshol"),
        ("deployments", "error", "rolled back: alarm"),
        ("deployments", "error", "ended as rollback successful"),
        ("alarms", "info", "Alarm updated from OK to OK: Threshold C"),
        ("service", "warning", "was unable to place a task because of CP"),
        ("hosts", "warning", "drains, with 2 tasks left"),
    ]
    assert found[1]["text"].endswith("ended as Failed: no capacity")
    assert found[7]["text"].endswith("Essential container in task exited; release: exit code 1")
    assert len({item["id"] for item in found}) == len(found)
    assert found[11]["subject"] == "target-errors"


def test_people_see_time_source_subject_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    assert run(eventful(), as_json=False) == (0, [])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 17
    assert lines[2] == (
        "2026-11-29T09:20:00  service      perpetual-prod-web  has started 1 tasks: (task 0af3)."
    )


def test_words_of_several_lines_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Reasons of registries and of Docker have line feeds at times."""
    answers = eventful()
    gone = stopped(9, 30, "CannotPullContainerError: no\n  such host")
    answers["ecs", "DescribeTasks"] = {"tasks": [gone]}
    assert run(answers, as_json=False) == (0, [])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 17
    assert "CannotPullContainerError: no such host; release: exit code 1" in lines[7]


def test_a_source_that_cannot_be_read_is_told_and_hides_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code tells a script that something is missing."""
    answers = eventful()
    answers["rds", "DescribeEvents"] = refusal("DescribeEvents")
    answers["ecs", "DescribeServices"] = {"services": []}
    code, said = run(answers)
    assert code == platform.INCOMPLETE
    assert any(text.startswith("database could not be read: ") for text in said)
    assert any("service perpetual-prod-web is not there" in text for text in said)
    assert len(capsys.readouterr().out.splitlines()) == 17 - 3 - 2


def test_where_no_source_can_be_read_it_could_not_run() -> None:
    """One sentence, not eight."""
    answers: Answers = {key: refusal(key[1], "ExpiredTokenException") for key in eventful()}
    with pytest.raises(OperatorError, match="credentials have expired"):
        run(answers)


def test_what_aws_does_not_keep_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Silence about last month's tasks is no sign that none failed."""
    answers = eventful()
    # Of moments in JSON boto3 makes such of this machine's zone.
    there = timezone(timedelta(hours=5))
    many = [
        event(f"has begun {number}", 0) | {"createdAt": minutes(number / 10).astimezone(there)}
        for number in range(100)
    ]
    answers["ecs", "DescribeServices"] = {"services": [service(events=many)]}
    asked: list[datetime] = []

    def events(request: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(request["StartTime"])
        return {"Events": []}

    answers["rds", "DescribeEvents"] = events
    code, said = run(answers, timedelta(days=60))
    assert code == 0
    assert [text.split(":")[0] for text in said] == [
        "tasks",
        "group",
        "scaling",
        "alarms",
        "database",
        "service",
    ]
    assert said[0] == "tasks: AWS keeps what happened for 60 min only"
    assert "ECS keeps the last 100 events only, here those since 2026-11-29T09:50" in said[-1]
    assert all(NOW - moment < timedelta(days=14) for moment in asked)
    assert capsys.readouterr().out


def test_a_quiet_time_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Rather than nothing at all."""
    answers = eventful() | healthy()
    answers["cloudwatch", "DescribeAlarmHistory"] = {"AlarmHistoryItems": []}
    answers["rds", "DescribeEvents"] = {"Events": []}
    assert run(answers, timedelta(seconds=1)) == (
        0,
        ["nothing happened since 2026-11-29T09:59:59 UTC"],
    )
    assert capsys.readouterr().out == ""


def test_a_change_of_the_number_of_tasks_is_told_when_it_ends() -> None:
    """At its own time, which is long after its beginning where there is no room on the hosts."""
    raw = {
        "ActivityId": "s1",
        "ResourceId": f"service/{HERE.cluster}/{HERE.service}",
        "Description": "Setting desired count to 4.",
        "Cause": "monitor alarm",
        "StartTime": minutes(35),
        "StatusCode": "InProgress",
    }
    [begun] = entries.scalings([raw])
    late = {"EndTime": minutes(5), "StatusCode": "Unfulfilled", "StatusMessage": "no room"}
    same, ended = entries.scalings([raw | late])
    assert same == begun
    assert (ended.at, ended.level) == (minutes(5), Level.ERROR)
    assert ended.text == "Setting desired count to 4. ended as Unfulfilled: no room"
    assert ended.ident != begun.ident


@pytest.mark.parametrize("status", ["STOP_REQUESTED", "ROLLBACK_IN_PROGRESS"])
def test_a_deployment_on_its_way_back_has_not_ended(status: str) -> None:
    """Though it was stopped at a moment that is known."""
    back = {"reason": "alarm", "startedAt": minutes(3)}
    going = {**rollout(status, 20, rollback=back), "stoppedAt": minutes(3)}
    going.pop("finishedAt", None)
    over = going | {"status": "ROLLBACK_SUCCESSFUL", "finishedAt": minutes(1)}
    said = [item.text for item in entries.deployments([going])]
    assert said == ["begun, to revision 42", "rolled back: alarm"]
    *before, last = entries.deployments([over])
    assert [item.text for item in before] == said
    assert (last.text, last.at) == ("ended as rollback successful", minutes(1))


def test_how_a_task_ended_is_told_after_it_was_told_to() -> None:
    """Its exit code is known only then, and tells whether it was killed in the end."""
    told = {"stopCode": "ServiceSchedulerInitiated", "containers": [{"name": "release"}]}
    gone = stopped(9, 1, "Scaling activity initiated by deployment ecs-svc/1", **told)
    stopping = gone | {"lastStatus": "DEACTIVATING", "stoppingAt": minutes(2)}
    del stopping["stoppedAt"]
    gone["containers"] = [{"name": "release", "exitCode": 137}]
    [first], [second] = (list(entries.stopped([raw], HERE.service)) for raw in (stopping, gone))
    assert (first.at, second.at) == (minutes(2), minutes(1))
    assert "is stopping: Scaling activity" in first.text
    assert second.text.endswith("release: exit code 137")
    assert first.ident != second.ident


# --- following


def entry(text: str, at: datetime, source: Source = Source.SERVICE) -> Entry:
    """Return an entry that its text identifies."""
    return Entry(at=at, source=source, level=Level.INFO, subject="s", text=text, ident=text)


class Stage:
    """Sources that say what a test wants, and what was printed of it."""

    def __init__(self) -> None:
        """Begin with silent sources."""
        self.tells: dict[Source, list[Entry] | OperatorError] = {source: [] for source in Source}
        self.asked: list[tuple[Source, datetime]] = []
        self.shown: list[str] = []
        self.said: list[str] = []
        self.following = Following(
            looks={source: self._look(source) for source in Source},
            since=NOW,
            show=self._show,
            say=self.said.append,
        )

    def _look(self, source: Source) -> Any:
        def look(since: datetime, _now: datetime) -> list[Entry]:
            self.asked.append((source, since))
            told = self.tells[source]
            if isinstance(told, OperatorError):
                raise told
            return told

        return look

    def _show(self, found: list[Entry]) -> bool:
        self.shown += [item.text for item in found]
        return True

    def look(self, seconds: float) -> list[str]:
        """Look so long after the start; return what was printed."""
        self.shown = []
        assert self.following.look(NOW + timedelta(seconds=seconds))
        return self.shown


def test_each_entry_is_printed_once_however_late_and_often_it_is_told() -> None:
    """And those of one look in the order of time."""
    stage = Stage()
    one, two = entry("1", NOW + timedelta(seconds=1)), entry("2", NOW + timedelta(seconds=2))
    late = entry("late", NOW)
    stage.tells[Source.SERVICE] = [two, one]
    assert stage.look(3) == ["1", "2"]
    stage.tells[Source.SERVICE] = [two, one, late]
    assert stage.look(8) == ["late"]
    assert stage.look(13) == []
    assert stage.look(3_000) == []
    assert stage.look(6_000) == []


def test_what_was_before_is_not_printed() -> None:
    """ECS always tells the last hundred events."""
    stage = Stage()
    stage.tells[Source.SERVICE] = [entry("old", NOW - timedelta(seconds=1))]
    assert stage.look(0) == []


def test_a_source_that_was_silent_for_long_misses_nothing() -> None:
    """It is said when it falls silent, and when it speaks again; each once."""
    stage = Stage()
    stage.look(0)
    stage.tells[Source.DATABASE] = OperatorError("AWS cannot be reached from here")
    for seconds in range(5, 7_200, 5):
        stage.look(seconds)
    assert stage.said == [
        "database could not be read: AWS cannot be reached from here: trying again"
    ]
    stage.tells[Source.DATABASE] = [
        entry("failover", NOW + timedelta(seconds=600), Source.DATABASE)
    ]
    assert [text for seconds in range(7_200, 7_220, 5) for text in stage.look(seconds)] == [
        "failover"
    ]
    assert stage.said[1:] == ["database: read again"]


def test_a_fault_with_another_way_out_is_told() -> None:
    """Too many calls pass, and credentials that expire meanwhile do not."""
    stage = Stage()
    busy = OperatorError("too many calls", hint="Wait.")
    expired = OperatorError("the AWS credentials have expired", hint="Sign in again.")
    for seconds, fault in enumerate([busy, busy, expired, busy, expired]):
        stage.tells[Source.SERVICE] = fault
        stage.look(seconds)
    assert stage.said == [
        "service could not be read: too many calls: trying again",
        "service could not be read: the AWS credentials have expired: trying again",
    ]
    stage.tells[Source.SERVICE] = []
    stage.look(5)
    stage.tells[Source.SERVICE] = busy
    stage.look(6)
    assert stage.said[2:] == ["service: read again", stage.said[0]]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (timedelta(hours=1), []),
        (timedelta(hours=2), ["tasks: AWS keeps what happened for 60 min only"]),
    ],
)
def test_following_tells_once_what_aws_does_not_keep(since: timedelta, said: list[str]) -> None:
    """As without it; and not where the hour was over by the time of the first look."""
    stage = Stage()
    stage.following.since = NOW - since
    stage.look(3)
    stage.look(8)
    assert stage.said == said


def test_a_state_of_a_host_is_told_again_when_it_comes_again() -> None:
    """A drain, an agent's absence: each time they begin, however long they last."""
    stage = Stage()

    def drains(seconds: float) -> list[str]:
        told = entry("drains", NOW + timedelta(seconds=seconds), Source.HOSTS)
        stage.tells[Source.HOSTS] = [told]
        return stage.look(seconds)

    assert drains(0) == ["drains"]
    assert [drains(seconds) for seconds in range(5, 3_000, 50)] == [[]] * 60
    stage.tells[Source.HOSTS] = OperatorError("no")
    stage.look(3_000)
    assert drains(3_005) == []
    stage.tells[Source.HOSTS] = []
    stage.look(3_010)
    assert drains(3_015) == ["drains"]


def test_sources_that_change_seldom_are_asked_seldom() -> None:
    """AWS limits some of their calls for the whole account."""
    stage = Stage()
    for seconds in range(0, 60, 5):
        stage.look(seconds)
    counts = {source: sum(asked is source for asked, _ in stage.asked) for source in Source}
    assert counts[Source.SERVICE] == counts[Source.HOSTS] == 12
    assert counts[Source.ALARMS] == counts[Source.DATABASE] == 4


def test_following_goes_on_until_a_signal_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was is printed first, then each look's news; the exit code has the signal's number."""
    monkeypatch.setattr(platform, "POLL", 0.01)
    answers = eventful()
    looks: list[int] = []

    def events(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
        looks.append(1)
        if len(looks) > 2:
            os.kill(os.getpid(), signal.SIGTERM)
        told = [
            {**event(f"has begun {number}.", 1), "id": f"{number}"} for number in range(len(looks))
        ]
        return {"services": [service(events=told)]}

    answers["ecs", "DescribeServices"] = events
    said: list[str] = []
    begin = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
    # Moments of the answers are before the clock's, which is that of this machine here.
    monkeypatch.setattr(platform, "datetime", Clock)
    options = Options(since=begin, as_json=False)
    assert platform.follow(Recorded(answers), stack(), options, said.append) == 143
    shown = capsys.readouterr().out
    assert shown.count("has begun 0.") == shown.count("has begun 1.") == 1
    assert shown.index("has begun 0.") < shown.index("has begun 1.")
    assert said == []


class Clock(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> "Clock":
        """Return the same moment always."""
        return cls(2026, 11, 29, 10, 0, tzinfo=tz)


def test_following_ends_when_nobody_reads() -> None:
    """Without a word."""
    stage = Stage()
    stage.tells[Source.SERVICE] = [entry("x", NOW)]
    stage.following.show = lambda _: False
    assert not stage.following.look(NOW)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 3_000), st.integers(0, 890), st.sampled_from(Source)), max_size=30
    ),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 2_000)), max_size=3),
)
def test_every_entry_of_every_source_is_printed_exactly_once(
    happenings: list[tuple[int, int, Source]], outages: list[tuple[int, int]]
) -> None:
    """Told up to a quarter of an hour late, by sources that are silent at times."""
    stage = Stage()
    told = [
        (at + late, entry(f"{number}", NOW + timedelta(seconds=at), source))
        for number, (at, late, source) in enumerate(happenings)
    ]
    shown: list[str] = []
    for seconds in range(0, 6_000, 100):
        out = any(begin <= seconds < begin + length for begin, length in outages)
        for source in Source:
            stage.tells[source] = (
                OperatorError("out")
                if out
                else [item for when, item in told if when <= seconds and item.source is source]
            )
        shown += stage.look(seconds)
    assert sorted(shown) == sorted(item.text for _, item in told)


# --- rights


@cache
def made() -> tuple[Call, ...]:
    """Return the calls of one look at everything."""
    answers = eventful()
    answers["cloudwatch", "DescribeAlarms"] = {"MetricAlarms": [alarm("target-errors")]}
    clients = Recorded(answers)
    for look in sources(clients, stack()).values():
        found = look(NOW - HOUR, NOW)
        assert not isinstance(found, Unread)
    return tuple(clients.calls)


OPERATIONS = {
    ("application-autoscaling", "DescribeScalingActivities"),
    ("autoscaling", "DescribeScalingActivities"),
    ("cloudwatch", "DescribeAlarmHistory"),
    ("cloudwatch", "DescribeAlarms"),
    ("ecs", "DescribeContainerInstances"),
    ("ecs", "DescribeServiceDeployments"),
    ("ecs", "DescribeServices"),
    ("ecs", "DescribeTasks"),
    ("ecs", "ListContainerInstances"),
    ("ecs", "ListServiceDeployments"),
    ("ecs", "ListTasks"),
    ("rds", "DescribeEvents"),
}
"""What `perpetual logs platform` asks of AWS."""


def test_these_are_the_calls() -> None:
    """Another one needs a line here, and a right."""
    assert {(call.service, call.operation) for call in made()} == OPERATIONS


@pytest.mark.parametrize("role", [HERE.deployment_role, HERE.development_role])
def test_each_call_is_allowed(role: str) -> None:
    """To whoever deploys, and to whoever develops."""
    found = documents(captured("prod", f"account={HERE.account}", known=True), role)
    for call in made():
        for permission in needed(call, HERE):
            asked = iam.Call(permission.action, permission.resource, permission.context)
            assert found.decide(asked) is iam.Decision.ALLOWED, asked


def test_moments_are_utc() -> None:
    """Whatever zone AWS's answers are in."""
    zone = datetime(2026, 11, 29, 12, tzinfo=UTC).astimezone()
    assert json.loads(document.entry(entry("x", zone)))["at"] == "2026-11-29T12:00:00.000Z"
