"""The stack's CloudWatch dashboard, as a document."""

from collections.abc import Sequence
from typing import Any, Final

from perpetual import contract

WIDTH: Final = 12
HEIGHT: Final = 6
COLUMNS: Final = 24 // WIDTH
"""A dashboard is 24 units wide.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

Line = list[Any]
"""A metric as dashboards spell it: namespace, name, dimensions in pairs, and options."""


def body(
    stack: contract.Stack,
    *,
    balancer: str,
    targets: str,
    database: str,
    replicas: Sequence[str],
) -> dict[str, Any]:
    """Return the dashboard's body.

    `balancer` and `targets` are the suffixes by which CloudWatch knows them; `database` may be
    another stack's, which is then shown without its replicas.
    """
    charts = [
        *_traffic(balancer, targets),
        *_service(stack),
        *_database(database, replicas),
    ]
    return {
        "widgets": [
            _widget(stack.region, index, title, statistic, lines)
            for index, (title, statistic, lines) in enumerate(charts)
        ]
    }


Chart = tuple[str, str, list[Line]]
"""Title, default statistic and lines."""


def _traffic(balancer: str, targets: str) -> list[Chart]:
    elb = ["AWS/ApplicationELB"]
    by_balancer = ["LoadBalancer", balancer]
    by_target = ["TargetGroup", targets, *by_balancer]
    times = [
        [*elb, "TargetResponseTime", *by_balancer, {"stat": stat, "label": stat}]
        for stat in ("p50", "p95", "p99")
    ]
    names = ("RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count")
    return [
        ("Requests and errors", "Sum", [[*elb, name, *by_balancer] for name in names]),
        ("Response time, s", "p50", times),
        (
            "Targets",
            "Maximum",
            [[*elb, name, *by_target] for name in ("HealthyHostCount", "UnHealthyHostCount")],
        ),
    ]


def _service(stack: contract.Stack) -> list[Chart]:
    service = ["ClusterName", stack.cluster, "ServiceName", stack.service]
    tasks = ("DesiredTaskCount", "RunningTaskCount", "PendingTaskCount")
    hosts = ["AWS/AutoScaling", "GroupInServiceInstances"]
    return [
        (
            "Tasks and hosts",
            "Maximum",
            [
                *(["ECS/ContainerInsights", name, *service] for name in tasks),
                [*hosts, "AutoScalingGroupName", stack.physical("hosts")],
            ],
        ),
        (
            "CPU and memory of the service, % of the reservation",
            "Average",
            [["AWS/ECS", name, *service] for name in ("CPUUtilization", "MemoryUtilization")],
        ),
    ]


def _database(database: str, replicas: Sequence[str]) -> list[Chart]:
    def line(name: str, identifier: str = database) -> Line:
        return ["AWS/RDS", name, "DBInstanceIdentifier", identifier]

    charts: list[Chart] = [
        ("CPU of the database, %", "Average", [line("CPUUtilization")]),
        ("Connections", "Maximum", [line("DatabaseConnections")]),
        ("Free storage, bytes", "Minimum", [line("FreeStorageSpace")]),
    ]
    if replicas:
        lags = [line("ReplicaLag", replica) for replica in replicas]
        charts.append(("Replica lag, s", "Maximum", lags))
    return charts


def _widget(
    region: str, index: int, title: str, statistic: str, lines: list[Line]
) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": index % COLUMNS * WIDTH,
        "y": index // COLUMNS * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "stat": statistic,
            "period": 60,
            "metrics": lines,
        },
    }
