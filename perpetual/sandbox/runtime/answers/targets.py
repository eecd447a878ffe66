"""ELBv2's DescribeTargetHealth, from what HAProxy's checks really find."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.balancer import targets
from perpetual.sandbox.runtime.balancer.targets import Tracked
from perpetual.sandbox.runtime.secret_values import Clients
from perpetual.sandbox.runtime.wire import Call, Refused


def handlers(clients: Clients, found: Callable[[str], Sequence[Tracked]]) -> dict[Key, Handler]:
    """Return the handler; `found` returns the targets of a group, by its ARN.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
    """

    def describe(call: Call) -> Mapping[str, Any]:
        group = call.parameters["TargetGroupArn"]
        try:
            clients("elbv2").describe_target_groups(TargetGroupArns=[group])
        except ClientError as error:
            raise Refused("TargetGroupNotFound", f"Target groups '{group}' not found") from error
        described = [one.described() for one in found(group)]
        wanted = call.parameters.get("Targets")
        if wanted:
            described = [_one(one, described) for one in wanted]
        return {"TargetHealthDescriptions": described}

    return {("elbv2", "DescribeTargetHealth"): describe}


def _one(wanted: Mapping[str, Any], described: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for one in described:
        target = one["Target"]
        if target["Id"] == wanted["Id"] and wanted.get("Port", target["Port"]) == target["Port"]:
            return one
    return targets.unregistered(wanted)
