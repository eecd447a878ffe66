"""ECS: cluster and hosts, balancer, the release's service, alarms."""

from components.ecs.alarms import Alarms, AlarmsArgs
from components.ecs.balancer import Balancer, BalancerArgs
from components.ecs.cluster import Cluster, ClusterArgs
from components.ecs.service import Service, ServiceArgs

__all__ = [
    "Alarms",
    "AlarmsArgs",
    "Balancer",
    "BalancerArgs",
    "Cluster",
    "ClusterArgs",
    "Service",
    "ServiceArgs",
]
