"""moto's Auto Scaling groups spread over their subnets: by itself it launches all in the first.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html
"""

from collections import Counter
from functools import wraps
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup


def teach() -> None:
    """Make moto, in this process, launch where a group has fewest; again changes nothing."""
    launch = FakeAutoScalingGroup.replace_autoscaling_group_instances
    if hasattr(launch, "__wrapped__"):
        return

    @wraps(launch)
    def spread(group: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        subnets = group.vpc_zone_identifier
        try:
            for _ in range(count_needed):
                group.vpc_zone_identifier = emptiest(subnets, group.instance_states)
                launch(group, 1, dict(propagated_tags))
        finally:
            group.vpc_zone_identifier = subnets

    FakeAutoScalingGroup.replace_autoscaling_group_instances = spread  # type: ignore[assignment,method-assign]


def emptiest(subnets: str | None, states: Any) -> str | None:
    """Return the subnet with fewest instances; `subnets` are joined by commas, as AWS has them."""
    if not subnets:
        return subnets
    used = Counter(state.instance.subnet_id for state in states)
    return min(subnets.split(","), key=lambda subnet: used[subnet])
