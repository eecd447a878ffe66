"""Docker when it fails, is slow, or goes away: nothing dies silently, and nothing stays behind."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from docker.errors import APIError, DockerException  # type: ignore[import-untyped]
from werkzeug.wrappers import Request

from perpetual.errors import OperatorError
from perpetual.sandbox import process
from perpetual.sandbox.ecs import world
from perpetual.sandbox.ecs.world import Report, TaskStart
from perpetual.sandbox.runtime import alarms, api, control, docker_api, moto_app, parts
from perpetual.sandbox.runtime.containers import Place, Wanted
from perpetual.sandbox.runtime.docker_api import Failed
from perpetual.sandbox.runtime.happening import Events
from perpetual.sandbox.runtime.labels import Labels
from perpetual.sandbox.runtime.parts import Part, Site, Spec
from perpetual.sandbox.runtime.running import Running, Surroundings
from perpetual.sandbox.runtime.shipping import Shipper
from perpetual.sandbox.runtime.tasks import Tasks
from tests.sandbox.runtime.test_second_day import state

SECONDS = 30.0
"""Longest wait; nothing here takes long."""
LABELS = Labels("s")
BROKEN = urllib3.exceptions.ProtocolError("Connection broken: InvalidChunkLength")
"""What docker-py lets through where the daemon goes away in the middle of a stream."""
GONE = requests.exceptions.ConnectionError("Connection aborted.")


def refusal(status: int, said: str) -> APIError:
    """Return an answer of the daemon's that is an error."""
    response = requests.Response()
    response.status_code = status
    return APIError(said, response=response, explanation=said)


class Docker:
    """A daemon of what each test says; whatever else is asked of it is an error."""

    def __init__(self, **answers: Any) -> None:
        """Keep them: a value is returned, an exception raised, a function called."""
        self.answers = answers
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a request of docker-py's."""

        def answer(*given: Any, **more: Any) -> Any:
            self.asked.append(name)
            found = self.answers[name]
            if isinstance(found, Exception):
                raise found
            return found(*given, **more) if callable(found) else found

        return answer


def wanted() -> Wanted:
    """Return a container to run."""
    return Wanted(container="web", name="n", token="", body={"HostConfig": {}})


class TestRemoval:
    """Containers that somebody else removes, and those that nobody may forget."""

    @pytest.mark.parametrize("status", [404, 409])
    def test_what_is_gone_or_going_is_none_the_worse(self, status: int) -> None:
        """The engine's thread, a lost host and the end of the sandbox may meet."""
        docker = Docker(remove_container=refusal(status, "removal is already in progress"))
        docker_api.remove(docker, "c")

    def test_what_cannot_be_removed_is_said(self) -> None:
        """It would stay behind."""
        with pytest.raises(APIError, match="device busy"):
            docker_api.remove(Docker(remove_container=refusal(500, "device busy")), "c")

    def test_a_start_without_an_answer_leaves_no_container(self) -> None:
        """The daemon may start it yet, and nobody would know of it."""
        docker = Docker(
            create_container_from_config={"Id": "c"},
            start=requests.exceptions.ReadTimeout("timed out"),
            remove_container=None,
        )
        with pytest.raises(requests.exceptions.ReadTimeout):
            docker_api.run(docker, wanted())
        assert docker.asked[-1] == "remove_container"

    def test_a_start_that_is_refused_is_the_reason(self) -> None:
        """Also where the container is gone already."""
        docker = Docker(
            create_container_from_config={"Id": "c"},
            start=refusal(500, "no such program"),
            remove_container=refusal(404, "no such container"),
        )
        with pytest.raises(Failed, match=r"CannotStartContainerError.*no such program"):
            docker_api.run(docker, wanted())

    def test_a_network_goes_after_a_container_that_somebody_else_removes(self) -> None:
        """Docker refuses before: it has endpoints."""
        one = {"Id": "c", "Names": ["/c"], "Ports": []}
        left = [[one], [one], [one], []]

        def remove_network(_name: str) -> None:
            assert not left, "something is still on it"

        docker = Docker(
            containers=lambda **_: left.pop(0),
            remove_container=refusal(409, "removal is already in progress"),
            images=[],
            networks=[{"Id": "n", "Name": "net"}],
            remove_network=remove_network,
            volumes={"Volumes": None},
        )
        assert docker_api.sweep(docker, LABELS) == ["c", "net"]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("Bind for 127.0.0.1:8443 failed: port is already allocated", "8080 and 8443"),
        ("listen tcp4 127.0.0.1:8080: bind: address already in use", "--https-port"),
        ("no space left on device", "^$"),
    ],
)
def test_a_port_that_is_taken_is_said_with_the_way_out(said: str, hint: str) -> None:
    """By another project's sandbox, or by any program."""
    docker = Docker(
        inspect_image={},
        create_container_from_config={"Id": "c"},
        start=refusal(500, said),
        remove_container=None,
    )
    site = Site(client=docker, labels=LABELS, network="net")
    spec = Spec(part=Part.BALANCER, command="true", ports={80: 8080, 443: 8443, 1: 0})
    with pytest.raises(OperatorError) as raised:
        parts.start(site, spec)
    assert raised.match(said)

    assert re.search(hint, raised.value.hint)


class _Stream:
    """A stream that may be closed while it is read."""

    def __init__(self, found: Iterator[Any]) -> None:
        self._found = found

    def __iter__(self) -> Iterator[Any]:
        return self._found

    def close(self) -> None:
        """End it."""


class TestEvents:
    """The thread that follows what happens."""

    @pytest.mark.parametrize("fault", [BROKEN, GONE, DockerException("no"), ValueError("closed")])
    def test_it_goes_on_whatever_breaks_off(self, fault: Exception) -> None:
        """A daemon that was started anew is asked again."""
        seen, over = self.follow([[{"timeNano": 1}, fault], [{"timeNano": 2}]])
        assert over
        assert seen == [1, 2]

    def test_an_event_that_is_not_taken_costs_no_other(self) -> None:
        """Whatever it was."""
        seen, over = self.follow([[{"timeNano": 0}, {"timeNano": 2}]])
        assert over
        assert seen == [0, 2]

    @staticmethod
    def follow(streams: list[list[Any]]) -> tuple[list[int], bool]:
        """Follow streams one after another until the event 2; return the events seen."""
        seen: list[int] = []
        over = threading.Event()

        def stream(**_: Any) -> Iterator[Any]:
            for one in streams.pop(0) if streams else ():
                if isinstance(one, Exception):
                    raise one
                yield one

        def happened(event: Any) -> None:
            seen.append(event["timeNano"])
            if seen[-1] == 0:
                raise KeyError("Actor")
            if seen[-1] == 2:
                over.set()

        # docker-py's streams are closed from another thread, which a generator is not.
        docker = Docker(events=lambda **_: _Stream(stream()))
        events = Events(docker, LABELS, happened)
        events.start()
        found = over.wait(SECONDS)
        events.close()
        return seen, found


class TestTasks:
    """Tasks whose containers Docker is asked about in vain."""

    START = TaskStart(
        task="arn:aws:ecs:eu-west-1:4:task/c/0123",
        cluster="c",
        host="i-1",
        definition={},
        containers=({"name": "web", "image": "i"},),
        group="service:web",
    )

    def tasks(self, docker: Docker, reports: list[Report]) -> tuple[Tasks, Running]:
        """Return tasks of which one runs."""
        place = Place(labels=LABELS, network="net", registry="r", metadata="m")
        around = Surroundings(
            place=place,
            secrets=lambda _: {},
            names=lambda _: (),
            shipping=SimpleNamespace(finish=lambda _: None),
        )
        self.pool = ThreadPoolExecutor(1)
        tasks = Tasks(docker, around, reports.append, self.pool)
        running = Running(start=self.START, ids={"web": "docker-id"}, told=True)
        tasks._tasks[self.START.task] = running  # noqa: SLF001 - as if it had been started
        return tasks, running

    def die(self, tasks: Tasks) -> None:
        """Let Docker tell that the container has ended."""
        about = {LABELS.TASK: self.START.task, LABELS.CONTAINER: "web", "exitCode": "3"}
        event = {"Action": "die", "Actor": {"ID": "docker-id", "Attributes": about}}
        tasks._happened(event)  # noqa: SLF001 - as the thread of events does
        self.pool.shutdown()

    @pytest.mark.parametrize("fault", [GONE, refusal(500, "busy")])
    def test_an_end_is_told_even_if_nobody_can_say_why(self, fault: Exception) -> None:
        """It is told once; a control plane that missed it would wait for ever."""
        reports: list[Report] = []
        docker = Docker(inspect_container=fault, remove_container=None)
        tasks, _ = self.tasks(docker, reports)
        self.die(tasks)
        ended, released = reports
        assert isinstance(ended, world.Exited)
        assert (ended.exit_code, ended.reason) == (3, None)
        assert released == world.Released(task=self.START.task)

    def test_a_host_has_its_room_again_whatever_docker_says(self) -> None:
        """A container that cannot be removed is no task any more."""
        reports: list[Report] = []
        docker = Docker(
            inspect_container={"State": {}}, remove_container=refusal(500, "device busy")
        )
        tasks, _ = self.tasks(docker, reports)
        self.die(tasks)
        assert reports[-1] == world.Released(task=self.START.task)

    def test_a_stop_without_an_answer_ends_by_force(self) -> None:
        """As with one that is refused."""
        docker = Docker(stop=requests.exceptions.ReadTimeout("timed out"), remove_container=None)
        tasks, _ = self.tasks(docker, [])
        tasks.stop(self.START.task, {"web": 1.0})
        self.pool.shutdown()
        assert docker.asked == ["stop", "remove_container"]

    def test_a_host_is_lost_while_a_task_starts_on_it(self) -> None:
        """Another of its containers comes while those before are removed."""

        def remove(container: str, **_: Any) -> None:
            if container == "docker-id":
                running.ids["late"] = "late-id"

        docker = Docker(remove_container=remove)
        tasks, running = self.tasks(docker, [])
        tasks.lose("i-1")
        assert tasks.all == []


def test_output_that_breaks_off_is_asked_for_again() -> None:
    """And what was read before is not sent twice."""
    first, second = (f"2026-11-29T05:00:0{number}.000000000Z {number}\n" for number in (1, 2))
    sent: list[str] = []

    def output() -> Iterator[Iterator[bytes]]:
        yield broken()
        yield iter([(first + second).encode()])

    def broken() -> Iterator[bytes]:
        yield first.encode()
        raise BROKEN

    def put(*, logEvents: list[dict[str, Any]], **_: Any) -> None:  # noqa: N803 - boto3's spelling
        sent.extend(event["message"] for event in logEvents)

    streams, states = output(), iter([True, False])
    docker = Docker(
        logs=lambda *_, **__: next(streams),
        inspect_container=lambda _: {"State": {"Running": next(states)}},
    )
    shipper = Shipper(docker, lambda _: SimpleNamespace(put_log_events=put))
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "p"}
    definition = {
        "name": "web",
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    shipper.follow(TestTasks.START, definition, "docker-id")
    shipper.finish("docker-id")
    assert sent == ["1", "2"]


def test_a_command_says_that_docker_is_gone() -> None:
    """And the way out; a name of an exception is neither."""

    def beyond(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return [b""]

    def status(_asked: Any) -> Any:
        raise GONE

    with api.serving(control.application({"status": status}, beyond)) as port:
        here = state(endpoint=f"http://127.0.0.1:{port}")
        with pytest.raises(OperatorError, match="Docker does not do") as raised:
            process.ask(here, "status")
    assert "perpetual sandbox down" in raised.value.hint


def test_an_answer_that_breaks_off_is_said_with_the_way_out() -> None:
    """The sandbox was ended while it answered."""

    def cut(environ: Any, start_response: Any) -> list[bytes]:
        # Werkzeug would wait for the end of what is not read, as the client does for the answer's.
        Request(environ).get_data()
        start_response("200 OK", [("Content-Length", "100")])
        return [json.dumps({}).encode()]

    with api.serving(cut) as port, pytest.raises(OperatorError, match="does not answer"):
        process.ask(state(endpoint=f"http://127.0.0.1:{port}"), "status")


def test_alarms_are_looked_at_again_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a deployment would never be told that one rings."""
    found: list[Any] = [RuntimeError("dictionary changed size during iteration")]
    told = threading.Event()

    def backend(*_: Any) -> Any:
        if found:
            raise found.pop()
        return SimpleNamespace(alarms={"bell": SimpleNamespace(state_value="ALARM")})

    monkeypatch.setattr(alarms, "PERIOD", 0.01)
    monkeypatch.setattr(moto_app, "backend", backend)
    watch = alarms.Alarms(("4", "eu-west-1"), lambda _: told.set())
    watch.start()
    assert told.wait(SECONDS)
    watch.close()
