"""HAProxy's configuration and a target's life, as pure functions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from perpetual.sandbox.ecs.world import Health, Target
from perpetual.sandbox.runtime.balancer import config, control, model, targets
from perpetual.sandbox.runtime.balancer.config import Server
from perpetual.sandbox.runtime.balancer.control import Row
from perpetual.sandbox.runtime.balancer.model import Action, Balancer, Check, Group, Listener
from perpetual.sandbox.runtime.balancer.targets import Tracked

ARN = "arn:aws:elasticloadbalancing:eu-west-1:444455556666:targetgroup"
CHECK = Check(path="/health", matcher="200-299", interval=5, timeout=4, healthy=2, unhealthy=3)
GROUP = Group(
    arn=f"{ARN}/web-5000/1",
    check=CHECK,
    algorithm="least_outstanding_requests",
    deregistration_seconds=30,
)
OTHER = replace(GROUP, arn=f"{ARN}/other/2", algorithm="round_robin")
FORWARD = Action(kind="forward", weights=((GROUP.arn, 1),))
TRACKED = Tracked(
    target=Target(group=GROUP.arn, task="arn:task/c/0123", container="release", port=5000),
    address="172.20.0.5",
    present=True,
)
OK = Row(status="DRAIN", check="L7OK", code=200)
BAD = Row(status="DOWN", check="L7STS", code=500)


def rendered(
    action: Action = FORWARD,
    *,
    tls: bool = True,
    servers: Mapping[str, list[Server]] | None = None,
    **fields: Any,
) -> list[str]:
    """Return the configuration of one listener and two groups, as lines without their indent."""
    settings: dict[str, Any] = {"idle_seconds": 60, "drop_invalid_headers": True}
    listener = Listener(port=443 if tls else 80, tls=tls, action=action, hsts="max-age=9")
    balancer = Balancer(**{**settings, **fields}, listeners=(listener,), groups=(GROUP, OTHER))
    text = config.render(balancer, servers or {}, {443: 8443})
    return [line.strip() for line in text.splitlines()]


def test_a_listener_ends_tls_and_tells_how_requests_came() -> None:
    """In the headers that AWS sets, with the listener's own port."""
    lines = rendered()
    assert "bind :443 ssl crt /etc/perpetual/balancer.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2" in (
        lines
    )
    assert "http-request set-header X-Forwarded-Proto https" in lines
    assert "http-request set-header X-Forwarded-Port 443" in lines
    assert 'http-response set-header Strict-Transport-Security "max-age=9"' in lines
    assert "default_backend web-5000" in lines


def test_a_redirect_leads_to_the_port_on_loopback() -> None:
    """Port 443 of the balancer is another one here."""
    redirect = Action(kind="redirect", protocol="https", port="443", status="301")
    where = "https://%[req.hdr(host),field(1,:)]:8443%[pathq]"
    assert f"http-request redirect location {where} code 301" in rendered(redirect, tls=False)


def test_a_fixed_response_is_quoted() -> None:
    """Whatever its body holds."""
    fixed = Action(kind="fixed-response", status="503", body='say "no"\nnow')
    line = 'http-request return status 503 content-type text/plain string "say \\"no\\"\\nnow"'
    assert line in rendered(fixed)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (((GROUP.arn, 1),), ["default_backend web-5000"]),
        (((GROUP.arn, 0), (OTHER.arn, 1)), ["default_backend other"]),
        (((GROUP.arn, 0),), ["http-request return status 503"]),
        (
            ((GROUP.arn, 9), (OTHER.arn, 1)),
            [
                "http-request set-var(txn.ticket) rand(10)",
                "use_backend web-5000 if { var(txn.ticket) -m int lt 9 }",
                "default_backend other",
            ],
        ),
    ],
)
def test_groups_share_requests_by_weight(
    weights: tuple[tuple[str, int], ...], expected: list[str]
) -> None:
    """A weight of 0 takes none; where all have none, nobody serves."""
    lines = rendered(Action(kind="forward", weights=weights))
    assert [line for line in lines if line in expected] == expected


def test_a_group_is_checked_with_its_own_figures() -> None:
    """Interval, timeout, thresholds, path, matcher; and balanced by its algorithm."""
    server = Server(name="a", address="172.20.0.5", port=5000)
    lines = rendered(servers={GROUP.arn: [server, replace(server, name="b", serves=False)]})
    assert "http-check expect status 200-299" in lines
    assert "timeout check 4s" in lines
    assert "balance leastconn" in lines
    assert "balance roundrobin" in lines
    assert "server a 172.20.0.5:5000 check inter 5s rise 2 fall 3" in lines
    assert "server b 172.20.0.5:5000 check inter 5s rise 2 fall 3 disabled" in lines


def test_invalid_headers_pass_where_they_may() -> None:
    """It is an attribute of the balancer."""
    dropping = "http-request del-header [^-A-Za-z0-9] -m reg"
    assert dropping in rendered()
    assert dropping not in rendered(drop_invalid_headers=False)


# --- a target's life


def test_one_success_makes_a_new_target_healthy() -> None:
    """Even after failures, whatever the threshold of the way back is."""
    found = targets.judge(TRACKED, BAD, GROUP, 10.0)
    assert (found.state, found.reason) == (Health.INITIAL, "Elb.InitialHealthChecking")
    found = targets.judge(found, OK, GROUP, 15.0)
    assert (found.state, found.reason, found.failing) == (Health.HEALTHY, "", None)
    assert targets.commands(TRACKED, found, "web") == [
        "set server web/0123-5000 health up",
        "set server web/0123-5000 state ready",
    ]


def test_a_new_target_is_unhealthy_after_as_many_failures_as_the_group_says() -> None:
    """Three failures five seconds apart take ten seconds."""
    found = targets.judge(TRACKED, BAD, GROUP, 10.0)
    found = targets.judge(found, BAD, GROUP, 19.9)
    assert found.state is Health.INITIAL
    found = targets.judge(found, BAD, GROUP, 20.0)
    assert (found.state, found.reason) == (Health.UNHEALTHY, "Target.ResponseCodeMismatch")
    assert found.description == "Health checks failed with these codes: [500]"


def test_a_target_that_nobody_checked_yet_waits() -> None:
    """Nothing is known, so nothing changes."""
    row = Row(status="DRAIN", check="INI", code=0)
    assert targets.judge(TRACKED, row, GROUP, 99.0) is TRACKED


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (BAD, "Target.ResponseCodeMismatch"),
        (replace(BAD, check="L7TOUT", code=0), "Target.Timeout"),
        (replace(BAD, check="L4TOUT", code=0), "Target.Timeout"),
        (replace(BAD, check="L4CON", code=0), "Target.FailedHealthChecks"),
    ],
)
def test_the_reason_is_aws_own(row: Row, reason: str) -> None:
    """One of its codes, and its sentence."""
    assert targets.why(row)[0] == reason
    assert targets.why(row)[1]


def test_haproxy_decides_over_a_target_that_serves() -> None:
    """It counts failures and successes by the group's thresholds itself."""
    healthy = replace(TRACKED, state=Health.HEALTHY)
    assert targets.judge(healthy, replace(OK, status="UP 1/2"), GROUP, 1.0) == healthy
    down = targets.judge(healthy, BAD, GROUP, 1.0)
    assert down.state is Health.UNHEALTHY
    assert targets.judge(down, replace(OK, status="UP"), GROUP, 2.0).state is Health.HEALTHY


def test_a_draining_target_leaves_after_the_groups_delay() -> None:
    """Not before, whatever its health."""
    draining = TRACKED.now(Health.DRAINING, "Target.DeregistrationInProgress", 100.0)
    assert targets.judge(draining, BAD, GROUP, 129.9) == draining
    gone = targets.judge(draining, BAD, GROUP, 130.0)
    assert gone.state is Health.UNUSED
    assert targets.commands(draining, gone, "web")[0] == "set server web/0123-5000 state maint"


def test_a_fresh_haproxy_is_told_what_the_one_before_knew() -> None:
    """It has every target from its configuration, and believes all of them healthy."""
    assert targets.again(TRACKED, "web") == ["set server web/0123-5000 state drain"]
    unhealthy = replace(TRACKED, state=Health.UNHEALTHY)
    assert targets.again(unhealthy, "web")[0] == "set server web/0123-5000 health down"
    assert targets.again(replace(TRACKED, state=Health.HEALTHY), "web") == []


def test_a_target_is_described_as_aws_does() -> None:
    """With the reason as long as there is one."""
    assert replace(TRACKED, zone="eu-west-1a").described() == {
        "Target": {"Id": "172.20.0.5", "Port": 5000, "AvailabilityZone": "eu-west-1a"},
        "HealthCheckPort": "5000",
        "TargetHealth": {
            "State": "initial",
            "Reason": "Elb.RegistrationInProgress",
            "Description": "Target registration is in progress",
        },
    }
    healthy = TRACKED.now(Health.HEALTHY, "", 1.0).described()
    assert healthy["TargetHealth"] == {"State": "healthy"}


def test_what_haproxy_prints_is_read_by_its_header() -> None:
    """A check under way has a star; one that never ran has nothing."""
    said = (
        "# pxname,svname,status,check_status,check_code\n"
        "web,a,UP,* L7OK,200\n"
        "web,b,DRAIN -1/2,,\n\n"
    )
    assert control.parse(said) == {
        ("web", "a"): Row(status="UP", check="L7OK", code=200),
        ("web", "b"): Row(status="DRAIN -1/2", check="", code=0),
    }


# --- from what ELBv2 describes


class Described:
    """ELBv2 and ACM with one balancer, as they describe it."""

    def describe_load_balancers(self) -> Any:
        """Return the balancer."""
        return {"LoadBalancers": [{"LoadBalancerArn": "lb"}]}

    def describe_load_balancer_attributes(self, **_: str) -> Any:
        """Return its attributes."""
        return attributes(
            {
                "idle_timeout.timeout_seconds": "75",
                "routing.http.drop_invalid_header_fields.enabled": "true",
            }
        )

    def describe_target_groups(self) -> Any:
        """Return a group."""
        group = {
            "TargetGroupArn": GROUP.arn,
            "HealthCheckPath": "/health",
            "Matcher": {"HttpCode": "200-299"},
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 4,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 3,
        }
        return {"TargetGroups": [group]}

    def describe_target_group_attributes(self, **_: str) -> Any:
        """Return its attributes."""
        return attributes(
            {
                "deregistration_delay.timeout_seconds": "30",
                "load_balancing.algorithm.type": "least_outstanding_requests",
            }
        )

    def describe_listeners(self, **_: str) -> Any:
        """Return both listeners."""
        redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        return {
            "Listeners": [
                {
                    "ListenerArn": "a",
                    "Port": 80,
                    "Protocol": "HTTP",
                    "DefaultActions": [{"Type": "redirect", "RedirectConfig": redirect}],
                },
                {
                    "ListenerArn": "b",
                    "Port": 443,
                    "Protocol": "HTTPS",
                    "Certificates": [{"CertificateArn": "c"}],
                    "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP.arn}],
                },
            ]
        }

    def describe_listener_attributes(self, **_: str) -> Any:
        """Return their attributes."""
        name = "routing.http.response.strict_transport_security.header_value"
        return attributes({name: "max-age=1"})

    def describe_certificate(self, **_: str) -> Any:
        """Return the certificate."""
        return {"Certificate": {"DomainName": "shop.example"}}


def attributes(found: Mapping[str, str]) -> Any:
    """Return attributes as ELBv2 lists them."""
    return {"Attributes": [{"Key": key, "Value": value} for key, value in found.items()]}


def test_the_balancer_is_read_from_what_aws_describes() -> None:
    """Every figure that HAProxy needs comes from the emulated resources."""
    found = model.read(Described(), Described())
    assert (found.idle_seconds, found.drop_invalid_headers) == (75, True)
    assert found.groups == (GROUP,)
    redirect, forward = found.listeners
    assert redirect.action == Action(kind="redirect", protocol="https", port="443", status="301")
    assert forward.action == FORWARD
    assert (forward.tls, forward.hsts, forward.domain) == (True, "max-age=1", "shop.example")
