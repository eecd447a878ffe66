"""The dashboard's document."""

import json
from typing import Any

import pytest

from components.ecs.dashboard import body
from perpetual import contract

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
BALANCER = "app/perpetual-prod/0123456789abcdef"
TARGETS = "targetgroup/perpetual-prod-web-5000/0123456789abcdef"


def widgets(*replicas: str) -> list[dict[str, Any]]:
    """Return the widgets of a dashboard with these replicas."""
    document = body(
        STACK,
        balancer=BALANCER,
        targets=TARGETS,
        database="perpetual-prod-postgres",
        replicas=replicas,
    )
    found: list[dict[str, Any]] = json.loads(json.dumps(document))["widgets"]
    return found


def lines(*replicas: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return every metric of the dashboard as namespace, name and dimensions."""
    found = []
    for widget in widgets(*replicas):
        for namespace, name, *rest in widget["properties"]["metrics"]:
            pairs = [item for item in rest if isinstance(item, str)]
            dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
            found.append((namespace, name, dimensions))
    return found


@pytest.mark.parametrize("replicas", [(), ("one",), ("one", "two", "three")])
def test_widgets_tile_without_gap_or_overlap(replicas: tuple[str, ...]) -> None:
    """Two columns on a grid of 24, filled from the top left."""
    places = [(item["y"], item["x"]) for item in widgets(*replicas)]
    expected = [(row * 6, column * 12) for row in range(len(places)) for column in range(2)]
    assert places == expected[: len(places)]
    assert {(item["width"], item["height"]) for item in widgets(*replicas)} == {(12, 6)}


def test_every_widget_names_region_and_what_it_shows() -> None:
    """A widget without a region shows the viewer's own."""
    for widget in widgets("one"):
        assert widget["type"] == "metric"
        assert widget["properties"]["region"] == "eu-central-1"
        assert widget["properties"]["title"]
        assert widget["properties"]["metrics"]


def test_the_dashboard_shows_this() -> None:
    """Traffic, tasks and hosts, use, database; each by its full name."""
    balancer = {"LoadBalancer": BALANCER}
    targets = {"TargetGroup": TARGETS, **balancer}
    service = {"ClusterName": "perpetual-prod", "ServiceName": "perpetual-prod-web"}
    database = {"DBInstanceIdentifier": "perpetual-prod-postgres"}
    assert lines() == [
        ("AWS/ApplicationELB", "RequestCount", balancer),
        ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer),
        ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer),
        ("AWS/ApplicationELB", "TargetResponseTime", balancer),
        ("AWS/ApplicationELB", "TargetResponseTime", balancer),
        ("AWS/ApplicationELB", "TargetResponseTime", balancer),
        ("AWS/ApplicationELB", "HealthyHostCount", targets),
        ("AWS/ApplicationELB", "UnHealthyHostCount", targets),
        ("ECS/ContainerInsights", "DesiredTaskCount", service),
        ("ECS/ContainerInsights", "RunningTaskCount", service),
        ("ECS/ContainerInsights", "PendingTaskCount", service),
        (
            "AWS/AutoScaling",
            "GroupInServiceInstances",
            {"AutoScalingGroupName": "perpetual-prod-hosts"},
        ),
        ("AWS/ECS", "CPUUtilization", service),
        ("AWS/ECS", "MemoryUtilization", service),
        ("AWS/RDS", "CPUUtilization", database),
        ("AWS/RDS", "DatabaseConnections", database),
        ("AWS/RDS", "FreeStorageSpace", database),
    ]


def test_each_replica_has_a_line_of_lag() -> None:
    """And without replicas there is no empty chart."""
    extra = lines("one", "two")[len(lines()) :]
    assert extra == [
        ("AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": "one"}),
        ("AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": "two"}),
    ]
    assert len(widgets("one", "two")) == len(widgets()) + 1
