"""What a host does at first boot: the agent's configuration, and the watch over its disk."""

import json
from importlib import resources
from typing import Any, Final

LIMIT: Final = 16_384
"""Longest user data EC2 accepts, bytes before base64.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
"""

CHECK: Final = "/usr/local/sbin/perpetual-disk-check"
UNIT: Final = "/etc/systemd/system/perpetual-disk-check"

SERVICE: Final = """\
[Unit]
Description=Report this host unhealthy once its disk is full

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -I {check} {percent}
TimeoutStartSec=50
"""

TIMER: Final = """\
[Unit]
Description=Look at the disk every minute

[Timer]
OnBootSec=2min
OnUnitActiveSec=1min
AccuracySec=5s

[Install]
WantedBy=timers.target
"""


def agent_config(cluster: str) -> dict[str, str]:
    """Return the ECS agent's settings for a host of `cluster`.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    return {
        "ECS_CLUSTER": cluster,
        "ECS_LOGLEVEL": "info",
        "ECS_ENABLE_TASK_IAM_ROLE": "true",
        # Tasks have their own role; the host's is none of their business.
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        "ECS_DISABLE_PRIVILEGED": "true",
        # For containers that name no `stopTimeout`; the release names its own.
        "ECS_CONTAINER_STOP_TIMEOUT": "30s",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        # For the agent, Docker and the SSM agent, so that tasks do not take the last of it, MiB.
        "ECS_RESERVED_MEMORY": "256",
        # Not `prefer-cached`: that turns image cleanup off, and every deploy leaves an image, so
        # the disk would fill. Releases run by digest, so what was pulled once never changes.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pull-behavior.html
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        # Stopped containers and unused images go soon, but the previous release stays at hand
        # long enough for a rollback.
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "15m",
        "ECS_IMAGE_CLEANUP_INTERVAL": "15m",
        "ECS_IMAGE_MINIMUM_CLEANUP_AGE": "6h",
        "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "5",
    }


def docker_config() -> dict[str, Any]:
    """Return Docker's settings: containers that name no log driver can not fill the disk."""
    return {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}


def user_data(cluster: str, disk_full_percent: int) -> str:
    """Return the cloud-config of a host of `cluster`, as text not yet in base64.

    JSON is YAML, so that nothing here needs a shell's quoting. Files are written before Docker
    starts, and the ECS agent waits for cloud-init to finish.
    """
    agent = "".join(f"{key}={value}\n" for key, value in agent_config(cluster).items())
    check = resources.files("components.ecs").joinpath("disk_check.py").read_text()
    service = SERVICE.format(check=CHECK, percent=disk_full_percent)
    document = {
        "write_files": [
            _file("/etc/ecs/ecs.config", agent, "0600"),
            _file("/etc/docker/daemon.json", json.dumps(docker_config()) + "\n"),
            _file(CHECK, check, "0755"),
            _file(f"{UNIT}.service", service),
            _file(f"{UNIT}.timer", TIMER),
        ],
        "runcmd": [
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", "perpetual-disk-check.timer"],
        ],
    }
    return f"#cloud-config\n{json.dumps(document, indent=1)}\n"


def _file(path: str, content: str, permissions: str = "0644") -> dict[str, str]:
    return {"path": path, "permissions": permissions, "content": content}
