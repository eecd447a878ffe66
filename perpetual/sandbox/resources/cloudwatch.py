"""CloudWatch: log groups, alarms and dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
"""

from collections.abc import Mapping
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_LOGS: Final = "logs"
_METRICS: Final = "cloudwatch"


# --- log groups

_GROUP_NAMES: Final = {"name": "logGroupName", "tagsAll": "tags"}


def _create_group(aws: Cloud, inputs: Values) -> str:
    wanted = "name kmsKeyId logGroupClass deletionProtectionEnabled tagsAll"
    aws.call(_LOGS, "create_log_group", inputs, wanted, _GROUP_NAMES)
    return str(inputs["name"])


def _settle_group(aws: Cloud, identifier: str, inputs: Values) -> None:
    group = {"logGroupName": identifier}
    if inputs.get("retentionInDays"):
        aws.call(_LOGS, "put_retention_policy", inputs, "retentionInDays", **group)
    else:
        aws.ask(_LOGS, "delete_retention_policy", **group)


def _group(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    found = aws.ask(_LOGS, "describe_log_groups", logGroupNamePrefix=identifier) or {}
    groups = found.get("logGroups", ())
    return next((item for item in groups if item["logGroupName"] == identifier), None)


def _read_group(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _group(aws, identifier)
    if found is None:
        return None
    arn = str(found["arn"]).removesuffix(":*")
    tags = aws.call(_LOGS, "list_tags_for_resource", resourceArn=arn)["tags"]
    return {
        **aws.told(_LOGS, "LogGroup", found, _GROUP_NAMES),
        # The provider leaves out the `:*` that stands for the group's streams.
        "arn": arn,
        "tagsAll": tagging.read(tags),
    }


def _update_group(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    group = {"logGroupName": identifier}
    _settle_group(aws, identifier, inputs)
    if state.get("kmsKeyId") != inputs.get("kmsKeyId"):
        if inputs.get("kmsKeyId"):
            aws.call(_LOGS, "associate_kms_key", inputs, "kmsKeyId", **group)
        else:
            aws.call(_LOGS, "disassociate_kms_key", **group)


def _delete_group(aws: Cloud, identifier: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        aws.call(_LOGS, "delete_log_group", logGroupName=identifier)


LOG_GROUP: Final = Kind(
    "aws:cloudwatch/logGroup:LogGroup",
    inputs=names("name kmsKeyId logGroupClass retentionInDays deletionProtectionEnabled"),
    own=names("skipDestroy"),
    outputs=names("arn"),
    create=_create_group,
    settle=_settle_group,
    read=_read_group,
    update=_update_group,
    delete=_delete_group,
    retag=tagging.by(_LOGS),
    name="name",
)


# --- alarms

_ALARM: Final = (
    "alarmActions okActions insufficientDataActions actionsEnabled alarmDescription "
    "comparisonOperator datapointsToAlarm dimensions evaluationPeriods extendedStatistic "
    "metricName metricQueries namespace period statistic threshold treatMissingData unit"
)
_ALARM_NAMES: Final = {
    "name": "AlarmName",
    "arn": "AlarmArn",
    "metricQueries": "Metrics",
    "metric": "MetricStat",
    "okActions": "OKActions",
}


def _put_alarm(aws: Cloud, inputs: Values, *, tags: Mapping[str, str]) -> None:
    said = {
        **{key: value for key, value in inputs.items() if key in _ALARM.split()},
        "dimensions": _pairs(inputs.get("dimensions")),
        "metricQueries": [_query(item) for item in inputs.get("metricQueries") or ()] or None,
        "tagsAll": tags or None,
    }
    wanted = f"{_ALARM} tagsAll"
    aws.call(_METRICS, "put_metric_alarm", said, wanted, _ALARM_NAMES, AlarmName=inputs["name"])


def _pairs(dimensions: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    found = [{"name": key, "value": value} for key, value in (dimensions or {}).items()]
    return found or None


def _query(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a query in AWS's order of words: the metric inside of what is asked of it."""
    found = dict(item)
    if item.get("metric"):
        metric = dict(item["metric"])
        what = {
            "namespace": metric.pop("namespace"),
            "metricName": metric.pop("metricName"),
            "dimensions": _pairs(metric.pop("dimensions", None)),
        }
        found["metric"] = {"metric": what, **metric}
    return found


def _told_query(item: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(item)
    if item.get("metric"):
        about = dict(item["metric"])
        what = about.pop("metricStat", None) or about.pop("metric")
        dimensions = {pair["name"]: pair["value"] for pair in what.pop("dimensions", None) or ()}
        found["metric"] = {**what, **about, "dimensions": dimensions}
    return found


def _create_alarm(aws: Cloud, inputs: Values) -> str:
    _put_alarm(aws, inputs, tags=inputs.get("tagsAll") or {})
    return str(inputs["name"])


def _update_alarm(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    _put_alarm(aws, inputs, tags={})


def _read_alarm(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_METRICS, "describe_alarms", "MetricAlarms", AlarmNames=[identifier])
    if found is None:
        return None
    said = aws.told(_METRICS, "MetricAlarm", found, _ALARM_NAMES)
    tags = aws.call(_METRICS, "list_tags_for_resource", ResourceARN=found["AlarmArn"])["Tags"]
    dimensions = {item["name"]: item["value"] for item in said.get("dimensions") or ()}
    return {
        **said,
        "dimensions": dimensions or None,
        "metricQueries": [_told_query(item) for item in said.get("metricQueries") or ()] or None,
        "tagsAll": tagging.read(tags),
    }


def _delete_alarm(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_METRICS, "delete_alarms", AlarmNames=[identifier])


ALARM: Final = Kind(
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    inputs=names(f"name {_ALARM}"),
    outputs=names("arn"),
    create=_create_alarm,
    read=_read_alarm,
    update=_update_alarm,
    delete=_delete_alarm,
    retag=tagging.by(_METRICS),
    name="name",
)


# --- dashboards


def _put_dashboard(aws: Cloud, inputs: Values) -> str:
    aws.call(_METRICS, "put_dashboard", inputs, "dashboardName dashboardBody")
    return str(inputs["dashboardName"])


def _rewrite_dashboard(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    _put_dashboard(aws, inputs)


def _read_dashboard(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.ask(_METRICS, "get_dashboard", DashboardName=identifier)
    return found and aws.told(_METRICS, "GetDashboardOutput", found)


def _delete_dashboard(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_METRICS, "delete_dashboards", DashboardNames=[identifier])


DASHBOARD: Final = Kind(
    "aws:cloudwatch/dashboard:Dashboard",
    inputs=names("dashboardName dashboardBody"),
    outputs=names("dashboardArn"),
    create=_put_dashboard,
    read=_read_dashboard,
    update=_rewrite_dashboard,
    delete=_delete_dashboard,
)

KINDS: Final = (LOG_GROUP, ALARM, DASHBOARD)
