"""What moto keeps and does not tell, or does not know: the alarms' past, and scaling."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.wire import Call

KIND: Final = "StateUpdate"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class State(NamedTuple):
    """A state that an alarm was in, why, and since when."""

    value: str
    reason: str
    since: datetime


def handlers(alarms: Callable[[], Mapping[str, Any]]) -> dict[Key, Handler]:
    """Return the handlers; `alarms` returns moto's alarms by their names.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
    """

    def history(call: Call) -> Mapping[str, Any]:
        wanted = call.parameters
        items = [
            item
            for name, alarm in alarms().items()
            if wanted.get("AlarmName", name) == name
            for item in _changes(name, _states(alarm))
            if wanted.get("StartDate", _LONG_AGO)
            <= item["Timestamp"]
            <= wanted.get("EndDate", _NEVER)
        ]
        if wanted.get("HistoryItemType", KIND) != KIND:
            items = []
        latest_first = wanted.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        items.sort(key=lambda item: item["Timestamp"], reverse=latest_first)
        return {"AlarmHistoryItems": items[: wanted.get("MaxRecords", len(items))]}

    def scaling(_call: Call) -> Mapping[str, Any]:
        # Nothing measures CPU here, so that nothing is ever scaled.
        return {"ScalingActivities": []}

    return {
        ("cloudwatch", "DescribeAlarmHistory"): history,
        ("application-autoscaling", "DescribeScalingActivities"): scaling,
    }


def _states(alarm: Any) -> Iterator[State]:
    for _, reason, _, value, since in alarm.history:
        yield State(value, reason, _utc(since))
    yield State(alarm.state_value, alarm.state_reason, _utc(alarm.state_updated_timestamp))


def _changes(name: str, states: Iterator[State]) -> Iterator[dict[str, Any]]:
    for before, now in pairwise(states):
        if before.value == now.value:
            continue
        data = {
            "version": "1.0",
            "oldState": {"stateValue": before.value, "stateReason": before.reason},
            "newState": {"stateValue": now.value, "stateReason": now.reason},
        }
        yield {
            "AlarmName": name,
            "AlarmType": "MetricAlarm",
            "Timestamp": now.since,
            "HistoryItemType": KIND,
            "HistorySummary": f"Alarm updated from {before.value} to {now.value}",
            "HistoryData": json.dumps(data),
        }


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
