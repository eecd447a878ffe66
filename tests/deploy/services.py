"""Doubles of the services beside ECS and SSM's parameters: as little of each as a release asks."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from perpetual.aws.published import Published
from tests.deploy.doubles import refusal


@cache
def _addresses() -> dict[str, str]:
    return {}


def address(task: str) -> str:
    """Return a task's own address."""
    known = _addresses()
    return known.setdefault(task, f"10.0.{len(known) // 250}.{len(known) % 250 + 1}")


class Services:
    """Answers by operation; a test changes what they answer from."""

    contract: Published

    def __init__(self) -> None:
        """Begin with nothing."""
        self.health: dict[str, str] = {}
        self.alarms: dict[str, str] = {}
        self.images: dict[str, str] = {}
        self.logs: dict[str, list[str]] = {}
        self.pulls: dict[str, list[str]] = {}
        self.pull_status = "Success"
        self.most_hosts = 9

    def instances(self) -> list[str]:
        """Return the hosts' ids."""
        raise NotImplementedError

    def _describe_target_health(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "TargetHealthDescriptions": [
                {
                    "Target": {"Id": address(task), "Port": self.contract.service.port},
                    "TargetHealth": {"State": state},
                }
                for task, state in self.health.items()
                if state != "unused"
            ]
        }

    def _describe_alarms(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": self.alarms.get(name, "OK")}
                for name in request["AlarmNames"]
            ],
            "CompositeAlarms": [],
        }

    def _describe_auto_scaling_groups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        (name,) = request["AutoScalingGroupNames"]
        group = {
            "AutoScalingGroupName": name,
            "MaxSize": self.most_hosts,
            "Instances": [{"InstanceId": name} for name in self.instances()],
        }
        return {"AutoScalingGroups": [group]}

    def _batch_get_image(self, request: Mapping[str, Any]) -> dict[str, Any]:
        (wanted,) = request["imageIds"]
        for digest, tag in self.images.items():
            if wanted.get("imageDigest") == digest or wanted.get("imageTag") == tag:
                return {"images": [{"imageId": {"imageDigest": digest, "imageTag": tag}}]}
        return {"images": [], "failures": [{"imageId": wanted, "failureCode": "ImageNotFound"}]}

    def _get_authorization_token(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = f"https://{self.contract.repository.split('/')[0]}"
        return {
            "authorizationData": [{"authorizationToken": "QVdTOng=", "proxyEndpoint": endpoint}]
        }

    def _send_command(self, request: Mapping[str, Any]) -> dict[str, Any]:
        identity = f"{len(self.pulls):036x}"
        self.pulls[identity] = list(request["InstanceIds"])
        return {"Command": {"CommandId": identity}}

    def _list_command_invocations(self, request: Mapping[str, Any]) -> dict[str, Any]:
        hosts = self.pulls[request["CommandId"]]
        return {
            "CommandInvocations": [
                {"InstanceId": host, "Status": self.pull_status} for host in hosts
            ]
        }

    def _get_log_events(self, request: Mapping[str, Any]) -> dict[str, Any]:
        stream = request["logStreamName"]
        task = stream.rpartition("/")[2]
        if task not in self.logs and "*" not in self.logs:
            raise refusal("ResourceNotFoundException", "GetLogEvents")
        lines = self.logs.get(task) or self.logs["*"]
        return {"events": [{"message": line} for line in lines[-request["limit"] :]]}
