"""SSM's Run Command: the one document that a stack has, and that really pulls an image.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.runtime.api import Handler, Key
from perpetual.sandbox.runtime.docker_api import Failed
from perpetual.sandbox.runtime.secret_values import Clients
from perpetual.sandbox.runtime.wire import Call, Refused

PULL: Final = re.compile(r'docker .*\bpull\b.* "(?P<repository>[^"@]+)@\{\{ ?digest ?\}\}"')
"""The command by which the stack's document pulls: components/access/pull.py."""

PLUGIN: Final = "pull"


class Hosts(Protocol):
    """The hosts that SSM's agent runs on."""

    def online(self) -> Mapping[str, Mapping[str, str]]:
        """Return the instances, by id, each with its tags."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """A command on one host."""

    command: str
    instance: str
    document: str
    comment: str
    sent: float
    status: str = "Pending"
    code: int = -1
    output: str = ""
    error: str = ""

    def listed(self) -> dict[str, Any]:
        """Return what ListCommandInvocations says of it."""
        return {
            "CommandId": self.command,
            "InstanceId": self.instance,
            "Comment": self.comment,
            "DocumentName": self.document,
            "RequestedDateTime": self.sent,
            "Status": self.status,
            "StatusDetails": self.status,
            "CommandPlugins": [
                {
                    "Name": PLUGIN,
                    "Status": self.status,
                    "ResponseCode": self.code,
                    "Output": self.output or self.error,
                }
            ],
        }

    def told(self) -> dict[str, Any]:
        """Return what GetCommandInvocation says of it."""
        return {
            "CommandId": self.command,
            "InstanceId": self.instance,
            "Comment": self.comment,
            "DocumentName": self.document,
            "PluginName": PLUGIN,
            "Status": self.status,
            "StatusDetails": self.status,
            "ResponseCode": self.code,
            "StandardOutputContent": self.output,
            "StandardErrorContent": self.error,
        }


@dataclass(kw_only=True)
class Commands:
    """Commands and what became of them; `pull` brings an image onto a host."""

    clients: Clients
    hosts: Hosts
    pull: Callable[[str, str], None]
    pool: Executor
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _all: dict[tuple[str, str], Invocation] = field(default_factory=dict)

    @property
    def handlers(self) -> dict[Key, Handler]:
        """Return the handlers, by operation."""
        return {
            ("ssm", "SendCommand"): self._send,
            ("ssm", "GetCommandInvocation"): self._get,
            ("ssm", "ListCommandInvocations"): self._list,
            ("ssm", "DescribeInstanceInformation"): self._instances,
        }

    def _send(self, call: Call) -> Mapping[str, Any]:
        wanted = call.parameters
        name = wanted["DocumentName"]
        document = self._document(name)
        given = {key: values[0] for key, values in wanted.get("Parameters", {}).items() if values}
        _check(document, given)
        instances = self._instances_of(wanted)
        sent = [
            Invocation(
                command=str(uuid.uuid4()) if not index else "",
                instance=instance,
                document=name,
                comment=wanted.get("Comment", ""),
                sent=time.time(),
            )
            for index, instance in enumerate(instances)
        ]
        command = sent[0].command if sent else str(uuid.uuid4())
        for one in sent:
            self._put(replace(one, command=command))
            self.pool.submit(self._run, command, one.instance, document, given)
        return {
            "Command": {
                "CommandId": command,
                "DocumentName": name,
                "Comment": wanted.get("Comment", ""),
                "Parameters": wanted.get("Parameters", {}),
                "InstanceIds": instances,
                "RequestedDateTime": time.time(),
                "Status": "Pending",
                "StatusDetails": "Pending",
                "TargetCount": len(instances),
            }
        }

    def _run(
        self, command: str, instance: str, document: Mapping[str, Any], given: Mapping[str, str]
    ) -> None:
        self._change(command, instance, status="InProgress")
        lines = [line for step in document["mainSteps"] for line in step["inputs"]["runCommand"]]
        found = next((match for line in lines if (match := PULL.search(line))), None)
        if found is None:
            error = "the sandbox has no shell on its hosts: it runs the stack's document alone\n"
            self._change(command, instance, status="Failed", code=1, error=error)
            return
        image = f"{found['repository']}@{given['digest']}"
        try:
            self.pull(instance, image)
        except Failed as error:
            self._change(command, instance, status="Failed", code=1, error=f"{error}\n")
        except Exception as error:  # noqa: BLE001 - whatever it is, the command must not hang
            said = f"{type(error).__name__}\n"
            self._change(command, instance, status="Failed", code=1, error=said)
        else:
            self._change(command, instance, status="Success", code=0, output=f"{image}\n")

    def _get(self, call: Call) -> Mapping[str, Any]:
        key = call.parameters["CommandId"], call.parameters["InstanceId"]
        with self._lock:
            found = self._all.get(key)
        if found is None:
            raise Refused("InvocationDoesNotExist", "")
        return found.told()

    def _list(self, call: Call) -> Mapping[str, Any]:
        command, instance = (call.parameters.get(key) for key in ("CommandId", "InstanceId"))
        with self._lock:
            found = list(self._all.values())
        chosen = [
            one.listed()
            for one in found
            if command in (None, one.command) and instance in (None, one.instance)
        ]
        if command and not chosen:
            raise Refused("InvalidCommandId", "")
        return {"CommandInvocations": chosen}

    def _instances(self, _call: Call) -> Mapping[str, Any]:
        told = {"PingStatus": "Online", "PlatformType": "Linux", "ResourceType": "EC2Instance"}
        return {
            "InstanceInformationList": [
                {"InstanceId": instance, **told} for instance in self.hosts.online()
            ]
        }

    def _document(self, name: str) -> Mapping[str, Any]:
        try:
            content = self.clients("ssm").get_document(Name=name)["Content"]
        except ClientError as error:
            raise Refused(
                "InvalidDocument", f"Document with name {name} does not exist."
            ) from error
        found: Mapping[str, Any] = json.loads(content)
        return found

    def _instances_of(self, wanted: Mapping[str, Any]) -> list[str]:
        online = self.hosts.online()
        ids: list[str] = list(wanted.get("InstanceIds", ()))
        unknown = [one for one in ids if one not in online]
        if unknown:
            raise Refused(
                "InvalidInstanceId",
                f"Instances [[{', '.join(unknown)}]] not in a valid state for account",
            )
        for target in wanted.get("Targets", ()):
            tag = str(target["Key"]).removeprefix("tag:")
            ids += [one for one, tags in online.items() if tags.get(tag) in target["Values"]]
        return sorted(set(ids))

    def _change(self, command: str, instance: str, **changes: Any) -> None:
        with self._lock:
            self._all[command, instance] = replace(self._all[command, instance], **changes)

    def _put(self, invocation: Invocation) -> None:
        with self._lock:
            self._all[invocation.command, invocation.instance] = invocation


def _check(document: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Refuse parameters that the document does not take."""
    known = document.get("parameters", {})
    for name, value in given.items():
        if name not in known:
            raise Refused("InvalidParameters", f"The parameter {name} is not in the document.")
        pattern = known[name].get("allowedPattern")
        if pattern and not re.fullmatch(pattern, value):
            raise Refused(
                "InvalidParameters",
                f"Parameter '{name}' with value '{value}' does not match {pattern}",
            )
    missing = [name for name, one in known.items() if "default" not in one and name not in given]
    if missing:
        raise Refused("InvalidParameters", f"Missing parameters: {', '.join(missing)}")
