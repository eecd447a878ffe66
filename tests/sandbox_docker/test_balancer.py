"""HAProxy in the load balancer's place: health, weights, draining, TLS, and no request lost."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from perpetual.release.web import Client as Web
from perpetual.release.web import Load
from perpetual.sandbox.ecs.world import Health, Target, TargetHealth
from perpetual.sandbox.runtime.authority import Authority
from perpetual.sandbox.runtime.balancer import config, driver
from perpetual.sandbox.runtime.balancer.driver import Proxy, Traffic
from perpetual.sandbox.runtime.balancer.model import (
    NONE,
    Action,
    Balancer,
    Check,
    Group,
    Listener,
)
from perpetual.sandbox.runtime.network import Network
from perpetual.sandbox.runtime.parts import Site
from tests.sandbox_docker.backend import Backend
from tests.sandbox_docker.support import ACCOUNT, REGION, until

ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup"
GROUP = Group(
    arn=f"{ARN}/web/1",
    check=Check(path="/health", matcher="200", interval=1, timeout=1, healthy=2, unhealthy=2),
    algorithm="least_outstanding_requests",
    deregistration_seconds=2,
)
OTHER = replace(GROUP, arn=f"{ARN}/other/2")
REDIRECT = Action(kind="redirect", protocol="https", port="443", status="301")
FORWARD = Action(kind="forward", weights=((GROUP.arn, 1),))


def balancer(action: Action = FORWARD, groups: Sequence[Group] = (GROUP,)) -> Balancer:
    """Return a balancer as the program makes it, that forwards as told."""
    return Balancer(
        idle_seconds=60,
        drop_invalid_headers=True,
        listeners=(
            Listener(port=80, tls=False, action=REDIRECT),
            Listener(
                port=443,
                tls=True,
                action=action,
                hsts="max-age=31536000",
                domain="shop.example",
            ),
        ),
        groups=tuple(groups),
    )


class Stage:
    """A balancer with its reports, and backends that come and go."""

    def __init__(self, proxy: Proxy, authority: Authority, host: str) -> None:
        """Serve `balancer()` from the start."""
        self.proxy = proxy
        self.authority = authority
        self.host = host
        self.wanted = balancer()
        self.reports: list[TargetHealth] = []
        self.backends: list[Backend] = []
        self.traffic = Traffic(proxy, authority, lambda: self.wanted, self.reports.append)
        self.traffic.refresh()
        self.traffic.start()

    @property
    def web(self) -> Web:
        """Return a client of the HTTPS listener."""
        return Web(port=self.proxy.ports[443], ca_file=self.authority.file)

    def target(self, backend: Backend, group: Group = GROUP) -> Target:
        """Return a backend as a target."""
        return Target(group=group.arn, task=backend.name, container="release", port=backend.port)

    def add(self, name: str, group: Group = GROUP, *, status: int = 200) -> Backend:
        """Start a backend that answers for its health with a status, and register it."""
        backend = Backend(self.host, name)
        backend.health = status
        self.backends.append(backend)
        self.traffic.register(self.target(backend, group), self.host)
        return backend

    def states(self, backend: Backend) -> list[tuple[Health, str]]:
        """Return the states of a backend so far, each with its reason."""
        return [(one.state, one.reason) for one in self.reports if one.target.task == backend.name]

    def becomes(self, backend: Backend, state: Health) -> None:
        """Wait until a backend is in a state."""
        until(
            f"{backend.name} is {state}",
            lambda: self.states(backend)[-1:] and self.states(backend)[-1][0] is state,
        )

    def healthy(self, name: str, group: Group = GROUP) -> Backend:
        """Return a backend that takes requests."""
        backend = self.add(name, group)
        self.becomes(backend, Health.HEALTHY)
        return backend


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority of this module's own."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def proxy(site: Site, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Proxy:
    """Return a running HAProxy."""
    return driver.start(site, tmp_path_factory.mktemp("balancer"), authority, (0, 0))


@pytest.fixture
def stage(proxy: Proxy, authority: Authority, net: Network) -> Iterator[Stage]:
    """Return a balancer without targets; afterwards it has none again."""
    made = Stage(proxy, authority, net.gateway)
    until("the listener serves", lambda: made.web.status("/") is not None)
    yield made
    made.traffic.close()
    proxy.reload(config.render(NONE, {}, {}))
    for backend in made.backends:
        backend.close()


def test_a_target_takes_requests_after_one_success(stage: Stage) -> None:
    """Until then the balancer has nobody; the states are told in order, in AWS's words."""
    assert stage.web.status("/") == 503
    backend = stage.healthy("a")
    assert stage.states(backend) == [
        (Health.INITIAL, "Elb.RegistrationInProgress"),
        (Health.HEALTHY, ""),
    ]
    answer = stage.web.ask("/some/path?and=query")
    assert (answer.status, answer.body) == (200, "a")
    described = [one.described() for one in stage.traffic.targets(GROUP.arn)]
    assert [one["TargetHealth"] for one in described] == [{"State": "healthy"}]


def test_a_target_of_bad_health_never_takes_any(stage: Stage) -> None:
    """It is unhealthy after as many failures as the group says, and healthy once it recovers."""
    backend = stage.add("a", status=500)
    stage.becomes(backend, Health.UNHEALTHY)
    assert [reason for _, reason in stage.states(backend)] == [
        "Elb.RegistrationInProgress",
        "Elb.InitialHealthChecking",
        "Target.ResponseCodeMismatch",
    ]
    assert "[500]" in stage.reports[-1].description
    assert stage.web.status("/") == 503
    backend.health = 200
    stage.becomes(backend, Health.HEALTHY)
    assert stage.web.status("/") == 200
    backend.health = 503
    stage.becomes(backend, Health.UNHEALTHY)
    assert stage.web.status("/") == 503


def test_a_target_that_does_not_answer_says_why(stage: Stage) -> None:
    """Nobody listens, or nobody answers in time: AWS tells them apart."""
    closed = stage.add("closed")
    closed.close()
    mute = stage.add("mute")
    mute.pause = 3.0
    for backend, reason in (
        (closed, "Target.FailedHealthChecks"),
        (mute, "Target.Timeout"),
    ):
        stage.becomes(backend, Health.UNHEALTHY)
        assert stage.states(backend)[-1][1] == reason


def test_how_a_request_came_is_told_and_bad_headers_are_dropped(stage: Stage) -> None:
    """The client's address is appended; what is no header's name does not get through."""
    backend = stage.healthy("a")
    answer = stage.web.ask(
        "/", headers={"X-Forwarded-For": "203.0.113.7", "bad_name": "1", "Good-Name": "2"}
    )
    got = backend.requests[-1]
    assert got["x-forwarded-for"].startswith("203.0.113.7, ")
    assert (got["x-forwarded-proto"], got["x-forwarded-port"]) == ("https", "443")
    assert got["good-name"] == "2"
    assert "bad_name" not in got
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_plain_http_is_sent_to_https(stage: Stage) -> None:
    """With path and query, to the port on loopback at which HTTPS really is."""
    answer = Web(port=stage.proxy.ports[80]).ask("/some/path?and=query")
    where = f"https://localhost:{stage.proxy.ports[443]}/some/path?and=query"
    assert (answer.status, answer.headers["location"]) == (301, where)


def test_a_draining_target_ends_what_it_has_and_takes_no_more(stage: Stage) -> None:
    """A request in flight is answered; new ones go elsewhere; then the target is gone."""
    slow, other = stage.healthy("slow"), stage.healthy("other")
    slow.pause, other.pause = 1.0, 0.0
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(stage.web.ask("/").body)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    until("the slow one is busy", lambda: slow.busy)
    stage.traffic.deregister(stage.target(slow))
    stage.becomes(slow, Health.DRAINING)
    for thread in threads:
        thread.join()
    assert "slow" in answers
    assert len(answers) == 4
    assert {stage.web.ask("/").body for _ in range(8)} == {"other"}
    stage.becomes(slow, Health.UNUSED)
    until("it is forgotten", lambda: len(stage.traffic.targets(GROUP.arn)) == 1)
    assert [state for state, _ in stage.states(slow)][-2:] == [Health.DRAINING, Health.UNUSED]


def test_requests_are_split_by_weight(stage: Stage) -> None:
    """Two groups share the listener's requests about as their weights say."""
    stage.wanted = balancer(
        Action(kind="forward", weights=((GROUP.arn, 3), (OTHER.arn, 1))), (GROUP, OTHER)
    )
    stage.traffic.refresh()
    stage.healthy("three")
    stage.healthy("one", OTHER)
    answers = [stage.web.ask("/").body for _ in range(200)]
    # A binomial of 200 and 1/4 is beyond these bounds once in some 100 million runs.
    assert 15 < answers.count("one") < 100


def test_no_request_is_lost_while_targets_and_listeners_change(stage: Stage) -> None:
    """Under load: targets come and go, a group's delay changes, HAProxy reads it all again."""
    first = stage.healthy("first")
    with Load(stage.web, "/", 50) as load:
        second = stage.healthy("second")
        stage.traffic.deregister(stage.target(first))
        stage.becomes(first, Health.DRAINING)
        stage.wanted = balancer(groups=(replace(GROUP, deregistration_seconds=1),))
        stage.traffic.refresh()
        stage.becomes(first, Health.UNUSED)
        third = stage.healthy("third")
        stage.traffic.deregister(stage.target(second))
        stage.becomes(second, Health.UNUSED)
    assert load.lost == []
    assert load.sent > 100
    assert stage.states(third)[-1] == (Health.HEALTHY, "")


def test_the_certificate_is_for_the_stacks_domain(stage: Stage, authority: Authority) -> None:
    """Issued by the sandbox's authority, and for this machine's own names as well."""
    trust = ssl.create_default_context(cafile=authority.file)
    for name in ("shop.example", "localhost"):
        with (
            socket.create_connection(("127.0.0.1", stage.proxy.ports[443])) as plain,
            trust.wrap_socket(plain, server_hostname=name) as secured,
        ):
            assert secured.version() == "TLSv1.3"
