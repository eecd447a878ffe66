"""Alarms on service and database, the topic they go to, and the dashboard."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.data import names
from components.ecs import dashboard, watches
from components.ecs.balancer import Balancer
from components.ecs.watches import Watch
from perpetual import contract
from settings import models

PERIOD_SECONDS: Final = 60
"""Every alarm looks at whole minutes, the finest that these metrics come in."""


class Monitored(Protocol):
    """What alarms need to know of a database: its names."""

    @property
    def identifier(self) -> str:
        """The instance's identifier."""

    @property
    def replica_identifiers(self) -> Sequence[str]:
        """The identifiers of this stack's read replicas."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Arguments of `Alarms`; `service` gives the memory limits that thresholds derive from."""

    stack: contract.Stack
    settings: models.Alarms
    service: models.Service
    key_arn: pulumi.Input[str]
    balancer: Balancer
    database: Monitored


class Alarms(Component):
    """An encrypted topic with its subscribers, the alarms that publish to it, and a dashboard.

    An alarm tells when it fires and when it is over. Those in `rollback_names` also undo a
    deployment that sets them off. A database of another stack is that stack's to watch.
    """

    token = "perpetual:ecs:Alarms"

    topic_arn: pulumi.Output[str]
    rollback_names: list[pulumi.Output[str]]
    """Names of the alarms a deployment must not set off; known at preview, and a dependency."""

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create topic, subscriptions, alarms and dashboard."""
        super().__init__(name, opts)
        self.topic_arn = self._create_topic(name, args)
        watched = _watched(args)
        alarms = {
            watch.key: self._create_alarm(name, args.stack, watch)
            for watch in watches.watches(args.settings, args.service, watched)
        }
        self._create_dashboard(name, args)

        self.rollback_names = [alarms[key].name for key in watches.ROLLBACK]
        self.register_outputs({"topicArn": self.topic_arn, "rollback": self.rollback_names})

    def _create_topic(self, name: str, args: AlarmsArgs) -> pulumi.Output[str]:
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=topic_name(args.stack),
            kms_master_key_id=args.key_arn,
            signature_version=2,
            opts=self._child(),
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-topic-policy",
            arn=topic.arn,
            policy=topic_policy(args.stack),
            opts=self._child(),
        )
        for address in args.settings.emails:
            # SNS asks each address to confirm; until then it is told nothing.
            aws.sns.TopicSubscription(
                f"{name}-to-{address}",
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=self._child(),
            )
        return policy.arn

    def _create_alarm(
        self, name: str, stack: contract.Stack, watch: Watch
    ) -> aws.cloudwatch.MetricAlarm:
        # CloudWatch takes one metric by its name, or an expression over a list of them.
        only = None if watch.expression else next(iter(watch.metrics.values()))
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{watch.key}",
            name=stack.physical(watch.key),
            alarm_description=watch.description,
            comparison_operator=watch.comparison,
            threshold=watch.threshold,
            evaluation_periods=watch.minutes,
            datapoints_to_alarm=watch.minutes,
            treat_missing_data=watch.missing,
            namespace=only.namespace if only else None,
            metric_name=only.name if only else None,
            dimensions=only.dimensions if only else None,
            statistic=only.statistic if only else None,
            period=PERIOD_SECONDS if only else None,
            metric_queries=None if only else _queries(watch),
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            opts=self._child(),
        )

    def _create_dashboard(self, name: str, args: AlarmsArgs) -> None:
        # The balancer's name for CloudWatch ends in an id, so the body is unknown at preview. A
        # search by name would not be, but finds the balancer of every stack with a like name.
        body = pulumi.Output.all(args.balancer.arn_suffix, args.balancer.target_group_suffix).apply(
            lambda suffixes: json.dumps(
                dashboard.body(
                    args.stack,
                    balancer=suffixes[0],
                    targets=suffixes[1],
                    database=args.database.identifier,
                    replicas=args.database.replica_identifiers,
                )
            )
        )
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=args.stack.prefix,
            dashboard_body=body,
            opts=self._child(),
        )


def topic_name(stack: contract.Stack) -> str:
    """Return the topic's name."""
    return stack.physical("alarms")


def topic_policy(stack: contract.Stack) -> str:
    """Return the topic's policy: this account's alarms may publish, and nobody without TLS."""
    topic = stack.arn("sns", topic_name(stack))
    statements = [
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": stack.arn("cloudwatch", "alarm:*")},
            },
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _watched(args: AlarmsArgs) -> watches.Watched:
    own = args.database.identifier == names.identifier(args.stack)
    return watches.Watched(
        cluster=args.stack.cluster,
        service=args.stack.service,
        balancer=args.balancer.arn_suffix,
        targets=args.balancer.target_group_suffix,
        database=args.database.identifier if own else None,
        replicas=tuple(args.database.replica_identifiers),
    )


def _queries(watch: Watch) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Return the metrics of a watch, and the expression over them that is its value."""
    metrics = [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=key,
            return_data=False,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=metric.dimensions,
                stat=metric.statistic,
                period=PERIOD_SECONDS,
            ),
        )
        for key, metric in watch.metrics.items()
    ]
    value = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="value", expression=watch.expression, label=watch.description, return_data=True
    )
    return [*metrics, value]
