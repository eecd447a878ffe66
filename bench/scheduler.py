"""What rollouts cost the sandbox's control plane in simulated time, over more and more tasks."""

import time
from itertools import pairwise
from statistics import median
from typing import Any, Final

from perpetual.sandbox.ecs.simulated import Behaviour
from perpetual.sandbox.ecs.simulation import Simulation
from perpetual.sandbox.ecs.states import Rollout
from perpetual.sandbox.ecs.world import Host

TASKS: Final = (50, 500, 2000)
ROUNDS: Final = 3
TARGET_TASKS: Final = 500
TARGET_SECONDS: Final = 2.0
"""What the rollout of 500 tasks may take."""
RELEASES: Final = {
    "good, all alike": Behaviour(),
    "good, each in its own time": Behaviour(spread=20),
    "crashing, and rolled back": Behaviour(crash=1, spread=5),
}
CLUSTER: Final = "bench"
GROUP: Final = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
)


def report() -> None:
    """Print what a rollout costs by how it goes, and by how many tasks it has."""
    print("a rollout in simulated time, 150 % at most and 50 % at least,")
    print(f"median of {ROUNDS} rounds:")
    for label, behaviour in RELEASES.items():
        points = []
        for tasks in TASKS:
            runs = [rollout(tasks, behaviour) for _ in range(ROUNDS)]
            seconds, simulated = median(run[0] for run in runs), runs[0][1]
            points.append((tasks, seconds))
            print(f"  {label:27} {tasks:5} tasks {seconds:6.2f} s for {simulated:6.0f} s")
        for (few, before), (many, after) in pairwise(points):
            ratio = (after / before) / (many / few)
            print(f"    {many // few} times the tasks: {ratio:.2f} times the time of each")
    print(f"  aim: {TARGET_SECONDS:g} s for {TARGET_TASKS} tasks")


def rollout(tasks: int, behaviour: Behaviour) -> tuple[float, float]:
    """Return the seconds that the rollout of a release takes here, and there."""
    sim = Simulation({"new": behaviour})
    sim.call("CreateCluster", clusterName=CLUSTER)
    for number in range(tasks):
        sim.join(CLUSTER, _host(number))
    for image in ("old", "new"):
        sim.call("RegisterTaskDefinition", **_definition(image))
    sim.call("CreateService", **_service(tasks))
    service = next(iter(sim.plane.state.services.values()))
    sim.run_until(lambda: service.primary.rollout is Rollout.COMPLETED)
    sim.run(600)
    before = time.perf_counter()
    sim.call("UpdateService", cluster=CLUSTER, service="web", taskDefinition="web:2")
    simulated = sim.run_until(lambda: service.primary.rollout is Rollout.COMPLETED)
    return time.perf_counter() - before, simulated


def _host(number: int) -> Host:
    return Host(
        instance=f"i-{number:017x}",
        zone=f"eu-west-1{'abc'[number % 3]}",
        cpu=2048,
        memory=3800,
        interfaces=2,
    )


def _definition(image: str) -> dict[str, Any]:
    container = {
        "name": "release",
        "image": image,
        "memoryReservation": 896,
        "portMappings": [{"containerPort": 5000}],
    }
    return {"family": "web", "networkMode": "awsvpc", "containerDefinitions": [container]}


def _service(tasks: int) -> dict[str, Any]:
    balancer = {"targetGroupArn": GROUP, "containerName": "release", "containerPort": 5000}
    return {
        "cluster": CLUSTER,
        "serviceName": "web",
        "taskDefinition": "web:1",
        "desiredCount": tasks,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b", "c"]}},
        "loadBalancers": [balancer],
        "availabilityZoneRebalancing": "DISABLED",
        "placementStrategy": [
            {"type": "spread", "field": "attribute:ecs.availability-zone"},
            {"type": "spread", "field": "instanceId"},
        ],
        "deploymentConfiguration": {
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    }


if __name__ == "__main__":
    report()
