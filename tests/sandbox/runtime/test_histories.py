"""What alarms went through, out of moto's own memory; and scaling, of which there is none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto import mock_aws

from perpetual.sandbox.runtime import moto_app
from perpetual.sandbox.runtime.answers import histories
from tests.sandbox.runtime.test_answers import ask

ACCOUNT, REGION = "123456789012", "eu-west-1"


class Handlers:
    """Answers about moto's alarms."""

    def __init__(self) -> None:
        """Look at what moto holds."""
        backend = moto_app.backend("cloudwatch", ACCOUNT, REGION)
        self.handlers = histories.handlers(lambda: dict(backend.alarms))


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a client of moto, with an alarm that was rung and is over."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nothing")
    with mock_aws():
        client = boto3.client("cloudwatch", region_name=REGION)
        client.put_metric_alarm(
            AlarmName="errors",
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1,
            MetricName="Errors",
            Namespace="Test",
            Period=60,
            Statistic="Sum",
        )
        for state in ("ALARM", "ALARM", "OK"):
            client.set_alarm_state(AlarmName="errors", StateValue=state, StateReason=f"to {state}")
        yield client


@pytest.mark.usefixtures("cloudwatch")
def test_an_alarm_s_changes_are_told_the_latest_first() -> None:
    """With both states in each; the same state once more is no change."""
    said = ask(Handlers(), "cloudwatch", "DescribeAlarmHistory")["AlarmHistoryItems"]
    assert [one["HistorySummary"] for one in said] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
    ]
    assert '"stateReason": "to OK"' in said[0]["HistoryData"]
    first = ask(Handlers(), "cloudwatch", "DescribeAlarmHistory", MaxRecords=1)
    assert first["AlarmHistoryItems"] == said[:1]


@pytest.mark.usefixtures("cloudwatch")
def test_what_was_not_asked_for_is_left_out() -> None:
    """By name, by time, and by kind."""
    later = datetime.now(UTC) + timedelta(minutes=1)
    for wanted in ({"AlarmName": "x"}, {"StartDate": later}, {"HistoryItemType": "Action"}):
        said = ask(Handlers(), "cloudwatch", "DescribeAlarmHistory", **wanted)
        assert said == {"AlarmHistoryItems": []}


def test_nothing_was_ever_scaled() -> None:
    """There is no CPU use to scale by."""
    said = ask(Handlers(), "application-autoscaling", "DescribeScalingActivities")
    assert said == {"ScalingActivities": []}
