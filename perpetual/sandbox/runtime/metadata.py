"""The task metadata endpoint, version 4, as ECS's agent serves it to a task's containers.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from werkzeug.wrappers import Response

from perpetual.sandbox.runtime.running import Running

PREFIXES: Final = ("/v4/", "/v3/")

Zones = Callable[[str], str]
"""The availability zone of a host."""


def application(tasks: Callable[[], Sequence[Running]], zone: Zones) -> Any:
    """Return a WSGI application that knows the tasks there are."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = respond(environ.get("PATH_INFO", ""), tasks(), zone)
        status = 200 if found is not None else 404
        body = json.dumps(found if found is not None else {"error": "no such container"})
        response = Response(body, status=status, content_type="application/json")
        return response(environ, start_response)

    return answer


def respond(path: str, tasks: Sequence[Running], zone: Zones) -> dict[str, Any] | None:
    """Return the answer for a path such as `/v4/<token>/task`, None where there is none."""
    prefix = next((one for one in PREFIXES if path.startswith(one)), None)
    if prefix is None:
        return None
    token, _, rest = path.removeprefix(prefix).partition("/")
    for running in tasks:
        name = running.tokens.get(token)
        if name is None:
            continue
        if rest in ("task", "taskWithTags"):
            return _task(running, zone)
        return _container(running, name) if not rest else None
    return None


def _task(running: Running, zone: Zones) -> dict[str, Any]:
    start = running.start
    names = sorted(set(running.tokens.values()))
    return {
        "Cluster": start.cluster,
        "TaskARN": start.task,
        "Family": start.definition.get("family"),
        "Revision": str(start.definition.get("revision", "")),
        "DesiredStatus": "STOPPED" if running.stopping else "RUNNING",
        "KnownStatus": "RUNNING" if running.told else "PENDING",
        "Limits": {},
        "AvailabilityZone": zone(start.host),
        "LaunchType": "EC2",
        "ServiceName": (start.service or "").rpartition("/")[2],
        "Containers": [_container(running, name) for name in names],
    }


def _container(running: Running, name: str) -> dict[str, Any]:
    start = running.start
    definition: Mapping[str, Any] = next(one for one in start.containers if one["name"] == name)
    ended = name in running.exited
    known = "STOPPED" if ended else "RUNNING" if name in running.ids else "PENDING"
    return {
        "DockerId": running.ids.get(name, ""),
        "Name": name,
        "DockerName": name,
        "Image": definition["image"],
        "Labels": {
            "com.amazonaws.ecs.cluster": start.cluster,
            "com.amazonaws.ecs.container-name": name,
            "com.amazonaws.ecs.task-arn": start.task,
            "com.amazonaws.ecs.task-definition-family": str(start.definition.get("family", "")),
            "com.amazonaws.ecs.task-definition-version": str(start.definition.get("revision", "")),
        },
        "DesiredStatus": "STOPPED" if running.stopping else "RUNNING",
        "KnownStatus": known,
        "Limits": {
            "CPU": max(2, definition.get("cpu", 0)),
            "Memory": definition.get("memory", 0),
        },
        "Type": "NORMAL",
        "Networks": [
            {
                "NetworkMode": start.definition.get("networkMode", "bridge"),
                "IPv4Addresses": [running.address] if running.address else [],
            }
        ],
    }
