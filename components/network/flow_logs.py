"""Flow logs: who talked to whom in the VPC."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract


def trust_policy(stack: contract.Stack) -> str:
    """Return who may assume the role: the flow logs service, for flow logs of this account.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": stack.arn("ec2", "vpc-flow-log/*")},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def delivery_policy(stack: contract.Stack) -> str:
    """Return what the role may do: write streams of the stack's flow log group, and list groups."""
    group = stack.arn("logs", f"log-group:{stack.log_group('flow')}")
    write = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": [group, f"{group}:*"],
    }
    # The service looks for its group by name; this action takes no narrower resource.
    find = {
        "Effect": "Allow",
        "Action": "logs:DescribeLogGroups",
        "Resource": stack.arn("logs", "log-group:*"),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [write, find]})


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Arguments of `FlowLogs`; `key_arn` is the KMS key that encrypts the log group."""

    stack: contract.Stack
    retention_days: int
    vpc_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class FlowLogs(Component):
    """A flow log of all traffic of the VPC, to an encrypted CloudWatch log group."""

    token = "perpetual:network:FlowLogs"

    def __init__(
        self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create log group, role and flow log."""
        super().__init__(name, opts)
        group = self._create_group(name, args)
        self._create_flow_log(name, args, group)
        self.register_outputs({"logGroup": group.name})

    def _create_group(self, name: str, args: FlowLogsArgs) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{name}-group",
            name=args.stack.log_group("flow"),
            kms_key_id=args.key_arn,
            retention_in_days=args.retention_days,
            opts=self._child(),
        )

    def _create_flow_log(
        self, name: str, args: FlowLogsArgs, group: aws.cloudwatch.LogGroup
    ) -> None:
        role = aws.iam.Role(
            f"{name}-role",
            name=args.stack.physical("flow", limit=contract.Limit.ROLE),
            description="Writes VPC flow logs",
            assume_role_policy=trust_policy(args.stack),
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="deliver",
            role=role.name,
            policy=delivery_policy(args.stack),
            opts=self._child(),
        )
        aws.ec2.FlowLog(
            f"{name}-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": args.stack.physical("flow")},
            opts=self._child(depends_on=[policy]),
        )
