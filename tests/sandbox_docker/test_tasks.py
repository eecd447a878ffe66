"""Tasks as containers of a real Docker daemon: every way that they start, run and end."""

import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perpetual.sandbox.ecs.world import (
    ContainerHealth,
    Exited,
    Pulled,
    Released,
    Started,
    StartFailed,
    TaskStart,
)
from perpetual.sandbox.runtime.containers import Place
from perpetual.sandbox.runtime.docker_api import Client, Failed
from perpetual.sandbox.runtime.labels import Labels
from perpetual.sandbox.runtime.network import Network
from perpetual.sandbox.runtime.registry import Registry
from perpetual.sandbox.runtime.running import Surroundings
from perpetual.sandbox.runtime.shipping import Shipper
from perpetual.sandbox.runtime.tasks import OUT_OF_MEMORY, Tasks
from tests.sandbox_docker.support import (
    ECR,
    LOGS,
    RUNNER,
    Reports,
    of_containers,
    push,
    task,
    until,
)

SLEEPS = "trap 'echo stopping; exit 7' TERM; echo ready; while true; do sleep 0.05; done"
NAME = "web.dev.perpetual.internal"


class Logs:
    """CloudWatch Logs as far as the shipper knows it: groups, streams and events."""

    class exceptions:  # noqa: N801 - as boto3's clients name it
        """Errors of the service."""

        class ResourceAlreadyExistsException(Exception):  # noqa: N818 - AWS's own name
            """There is one of that name."""

    def __init__(self) -> None:
        """Begin without streams."""
        self._lock = threading.Lock()
        self._events: dict[str, list[dict[str, Any]]] = {}

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803 - AWS's own names
        """Make a stream."""
        assert logGroupName == LOGS["options"]["awslogs-group"]
        self._events[logStreamName] = []

    def put_log_events(
        self,
        *,
        logGroupName: str,  # noqa: N803 - AWS's own names
        logStreamName: str,  # noqa: N803
        logEvents: list[dict[str, Any]],  # noqa: N803
    ) -> None:
        """Take events."""
        assert logGroupName == LOGS["options"]["awslogs-group"]
        with self._lock:
            self._events[logStreamName] += logEvents

    def lines(self, start: TaskStart, container: str = "release") -> list[str]:
        """Return what a task's container wrote."""
        name = f"web/{container}/{start.task.rpartition('/')[2]}"
        with self._lock:
            return [one["message"] for one in self._events.get(name, [])]


@pytest.fixture
def logs() -> Logs:
    """Return a service for logs."""
    return Logs()


@pytest.fixture
def reports() -> Reports:
    """Return what notes the reports."""
    return Reports()


@pytest.fixture(scope="module")
def base(client: Client, images: Registry) -> str:
    """Push the runner's image, and return its digest."""
    return push(client, images, RUNNER, "perpetual/dev", "base")


@pytest.fixture
def tasks(  # noqa: PLR0913, PLR0917 - one parameter per fixture
    client: Client,
    labels: Labels,
    net: Network,
    images: Registry,
    base: str,  # noqa: ARG001 - it has to be there
    logs: Logs,
    reports: Reports,
    folder: Path,
) -> Iterator[Tasks]:
    """Return a world of tasks; whatever they leave is removed with the module's labels."""

    def secrets(definition: Mapping[str, Any]) -> Mapping[str, str]:
        wanted = [one["name"] for one in definition.get("secrets", ())]
        if "MISSING" in wanted:
            raise Failed("ResourceInitializationError: Fetching secret data: MISSING")
        return dict.fromkeys(wanted, "a secret value")

    authority = folder / "ca.pem"
    authority.write_text("the authorities of the sandbox\n")
    place = Place(
        labels=labels,
        network=net.name,
        registry=images.address,
        metadata="http://metadata.invalid",
        authority=authority,
    )
    around = Surroundings(
        place=place,
        secrets=secrets,
        names=lambda start: (NAME,) if start.group.startswith("service:") else (),
        shipping=Shipper(client, lambda _: logs),
    )
    with ThreadPoolExecutor(max_workers=16) as pool:
        made = Tasks(client, around, reports, pool)
        made.watch()
        yield made
        made.close()


def test_a_task_lives_from_its_start_to_its_release(
    tasks: Tasks, reports: Reports, logs: Logs, base: str, client: Client
) -> None:
    """It is attached, pulled by its digest, started with an address, stopped by SIGTERM, gone."""
    one = task(1, SLEEPS, image=f"{ECR}/perpetual/dev@{base}")
    tasks.start(one)
    started = reports.await_one(one, Started)
    assert reports.await_one(one, Pulled).digests == {"release": base}
    assert len(started.addresses) == 1
    until("it has set its trap", lambda: logs.lines(one) == ["ready"])
    tasks.stop(one.task, {"release": 20.0})
    exited = reports.await_one(one, Exited)
    reports.await_one(one, Released)
    assert (exited.container, exited.exit_code, exited.reason) == ("release", 7, None)
    assert reports.kinds(one) == [
        "Attached",
        "Pulling",
        "Pulled",
        "Started",
        "Exited",
        "Released",
    ]
    assert logs.lines(one) == ["ready", "stopping"]
    assert not client.containers(all=True, filters={"id": started.runtime_ids["release"]})
    assert tasks.all == []


def test_what_does_not_heed_sigterm_is_killed(tasks: Tasks, reports: Reports, logs: Logs) -> None:
    """SIGKILL follows after the container's own time, and the exit code says so."""
    one = task(2, "trap '' TERM; echo ready; while true; do sleep 0.05; done")
    tasks.start(one)
    until("it has set its trap", lambda: logs.lines(one) == ["ready"])
    tasks.stop(one.task, {"release": 1.0})
    assert reports.await_one(one, Exited).exit_code == 137


def test_a_task_that_ends_at_once_is_told_in_order(
    tasks: Tasks, reports: Reports, logs: Logs
) -> None:
    """However fast it ends, it has started before; its last line is shipped."""
    several = [task(10 + number, "echo last words; exit 3") for number in range(5)]
    for one in several:
        tasks.start(one)
    for one in several:
        reports.await_one(one, Released)
        assert reports.kinds(one)[3:] == ["Started", "Exited", "Released"]
        assert reports.await_one(one, Exited).exit_code == 3
        assert logs.lines(one) == ["last words"]


def test_memory_runs_out(tasks: Tasks, reports: Reports) -> None:
    """The kernel kills what takes more than its limit, and the report says why."""
    one = task(20, "head -c 400000000 /dev/zero | tail", memory=32)
    tasks.start(one)
    exited = reports.await_one(one, Exited)
    assert (exited.exit_code, exited.reason) == (137, OUT_OF_MEMORY)


@pytest.mark.parametrize(
    ("number", "changes", "reason"),
    [
        (30, {"image": f"{ECR}/perpetual/dev:unknown"}, "CannotPullContainerError: .*unknown"),
        (31, {"image": f"{ECR}/perpetual/other:base"}, "CannotPullContainerError: .*"),
        (32, {"command": ["/nothing"]}, "CannotStartContainerError: .*/nothing"),
        (33, {"user": "nobody-at-all"}, "CannotStartContainerError: .*nobody-at-all"),
        (
            35,
            {"mountPoints": [{"sourceVolume": "a", "containerPath": "/a"}]},
            "CannotCreateContainerError: the sandbox has no mountPoints",
        ),
        (34, {"secrets": [{"name": "MISSING", "valueFrom": "m"}]}, "ResourceInitializationError"),
    ],
)
def test_what_cannot_start_says_so_in_the_agents_words(  # noqa: PLR0913, PLR0917 - likewise
    tasks: Tasks,
    reports: Reports,
    client: Client,
    labels: Labels,
    number: int,
    changes: Mapping[str, Any],
    reason: str,
) -> None:
    """Nothing of it is left, and it never ran."""
    one = task(number, SLEEPS, **changes)
    tasks.start(one)
    failed = reports.await_one(one, StartFailed)
    reports.await_one(one, Released)
    assert re.match(reason, failed.reason), failed.reason
    assert "Started" not in reports.kinds(one)
    mine = {"label": [labels.filter, f"{Labels.TASK}={one.task}"]}
    assert not client.containers(all=True, filters=mine)


def test_a_task_stopped_before_it_runs_never_does(tasks: Tasks, reports: Reports) -> None:
    """Stop overtakes start; whatever came of it has ended, and is released."""
    several = [task(40 + number, SLEEPS) for number in range(3)]
    for one in several:
        tasks.start(one)
        tasks.stop(one.task, {"release": 5.0})
    for one in several:
        reports.await_one(one, Released)
        assert "StartFailed" not in reports.kinds(one)
    assert tasks.all == []


def test_what_a_container_is_given(tasks: Tasks, reports: Reports, logs: Logs) -> None:
    """Variables, secrets, user, limits, authorities, and a root that is not writable."""
    one = task(
        50,
        "echo $PLAIN, $SECRET, $ECS_CONTAINER_METADATA_URI_V4",
        "id -un",
        "cat $PGSSLROOTCERT",
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null",
        "touch /forbidden 2>/dev/null || echo not writable",
        environment=[
            {"name": "PLAIN", "value": "plain"},
            {"name": "PGSSLROOTCERT", "value": "/app/bundle.pem"},
        ],
        secrets=[{"name": "SECRET", "valueFrom": "/perpetual/dev/secrets/SECRET"}],
        user="nobody",
        readonlyRootFilesystem=True,
        linuxParameters={"initProcessEnabled": True},
        # More than some daemons may give: the task runs all the same.
        ulimits=[{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
    )
    tasks.start(one)
    reports.await_one(one, Released)
    token = f"{one.task.rpartition('/')[2]}-release"
    lines = logs.lines(one)
    assert lines[:4] == [
        f"plain, a secret value, http://metadata.invalid/v4/{token}",
        "nobody",
        "the authorities of the sandbox",
        str(64 * 1_048_576),
    ]
    assert lines[-1] == "not writable"


def test_tasks_find_each_other_by_name(tasks: Tasks, reports: Reports, logs: Logs) -> None:
    """The name of the Cloud Map service has the address of each running task, and no other."""
    first, second = task(60, SLEEPS), task(61, SLEEPS)
    addresses = set()
    for one in (first, second):
        tasks.start(one)
        addresses |= set(reports.await_one(one, Started).addresses)
    asker = task(62, f"getent ahostsv4 {NAME} | cut -d' ' -f1")
    asker = replace(asker, group="family:perpetual-dev-migrate")
    tasks.start(asker)
    reports.await_one(asker, Released)
    assert set(logs.lines(asker)) == addresses
    for one in (first, second):
        tasks.stop(one.task, {"release": 5.0})
        reports.await_one(one, Released)


def test_containers_of_one_task_share_its_network(
    tasks: Tasks, reports: Reports, logs: Logs
) -> None:
    """One address, ports on localhost between them, and dependencies that are waited for."""
    image = f"{ECR}/perpetual/dev:base"
    shell = ["/bin/sh", "-c"]
    first = {"name": "first", "image": image, "memory": 64, "logConfiguration": LOGS}
    check = {"command": ["CMD-SHELL", "test -e /tmp/ready"], "interval": 5, "startPeriod": 0}
    one = of_containers(
        70,
        {
            **first,
            "name": "last",
            "command": [*shell, "hostname -i"],
            "dependsOn": [{"containerName": "healthy", "condition": "HEALTHY"}],
        },
        {**first, "name": "healthy", "command": [*shell, f"touch /tmp/ready; {SLEEPS}"]}
        | {
            "healthCheck": check,
            "dependsOn": [{"containerName": "set-up", "condition": "SUCCESS"}],
        },
        {**first, "name": "set-up", "command": [*shell, "hostname -i"]},
    )
    tasks.start(one)
    started = reports.await_one(one, Started)
    assert set(started.runtime_ids) == {"last", "healthy", "set-up"}
    assert len(started.addresses) == 1
    assert reports.await_one(one, ContainerHealth).status == "HEALTHY"
    until("the last one has looked", lambda: logs.lines(one, "last"))
    assert logs.lines(one, "last")
    tasks.stop(one.task, {"healthy": 5.0})
    reports.await_one(one, Released)


def test_a_lost_host_takes_its_tasks_without_a_word(
    tasks: Tasks, reports: Reports, client: Client
) -> None:
    """Those of other hosts run on."""
    lost, kept = task(80, SLEEPS, host="i-lost"), task(81, SLEEPS, host="i-kept")
    for one in (lost, kept):
        tasks.start(one)
        reports.await_one(one, Started)
    before = reports.kinds(lost)
    tasks.lose("i-lost")
    gone = reports.await_one(lost, Started).runtime_ids["release"]
    assert not client.containers(all=True, filters={"id": gone})
    assert [one.start.task for one in tasks.all] == [kept.task]
    tasks.stop(kept.task, {"release": 5.0})
    reports.await_one(kept, Released)
    assert reports.kinds(lost) == before
