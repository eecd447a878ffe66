"""The number of tasks, following their CPU use."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract
from settings import models

NAMESPACE: Final = "ecs"
DIMENSION: Final = "ecs:service:DesiredCount"

SCALE_OUT_SECONDS: Final = 60
"""Pause after adding tasks: a started release shows in the metric within a minute."""
SCALE_IN_SECONDS: Final = 300
"""Pause after removing tasks: every removal cuts open sockets, so it may be slow."""


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """Arguments of `Scaling`."""

    stack: contract.Stack
    settings: models.Service


class Scaling(Component):
    """A scalable target and its target-tracking policy.

    The least number of tasks is `service.desired`, so that no quiet night scales the release away.
    Registering the target lifts a service that runs fewer at once: a new stack starts its tasks
    before its database is set up, and the circuit breaker gives them up until the first deploy.
    Turn autoscaling on after that deploy to spare the stack its first failure.
    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """

    token = "perpetual:ecs:Scaling"

    def __init__(
        self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create target and policy."""
        super().__init__(name, opts)
        target = self._create_target(name, args)
        self._create_policy(name, args, target)
        self.register_outputs({})

    def _create_target(self, name: str, args: ScalingArgs) -> aws.appautoscaling.Target:
        return aws.appautoscaling.Target(
            f"{name}-target",
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=_resource(args.stack),
            min_capacity=args.settings.desired,
            max_capacity=args.settings.autoscaling_maximum,
            opts=self._child(),
        )

    def _create_policy(
        self, name: str, args: ScalingArgs, target: aws.appautoscaling.Target
    ) -> aws.appautoscaling.Policy:
        tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
        metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs  # noqa: E501 - the provider's name
        return aws.appautoscaling.Policy(
            f"{name}-cpu",
            name=args.stack.physical("cpu"),
            policy_type="TargetTrackingScaling",
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=_resource(args.stack),
            target_tracking_scaling_policy_configuration=tracking(
                predefined_metric_specification=metric(
                    predefined_metric_type="ECSServiceAverageCPUUtilization"
                ),
                target_value=float(args.settings.autoscaling_cpu_percent),
                scale_out_cooldown=SCALE_OUT_SECONDS,
                scale_in_cooldown=SCALE_IN_SECONDS,
            ),
            opts=self._child(depends_on=[target]),
        )


def _resource(stack: contract.Stack) -> str:
    return f"service/{stack.cluster}/{stack.service}"
