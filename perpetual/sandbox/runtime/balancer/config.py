"""HAProxy's configuration as a pure function of the balancer and its targets.

What an Application Load Balancer does with a request:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html
What HAProxy is told: https://docs.haproxy.org/3.0/configuration.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perpetual.sandbox.runtime.balancer.model import (
    FIXED,
    REDIRECT,
    Balancer,
    Check,
    Group,
    Listener,
)

ADMIN: Final = 9999
"""Port of HAProxy's own commands, inside its container."""

MASTER: Final = 9998
"""Port of the commands to HAProxy's master, which reads the configuration again."""

FOLDER: Final = "/etc/perpetual"
CERTIFICATE: Final = "balancer.pem"

CONNECT_SECONDS: Final = 10
"""Longest time to a connection with a target.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

_ALGORITHMS: Final = {
    "least_outstanding_requests": "leastconn",
    "round_robin": "roundrobin",
    "weighted_random": "random",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A target as a server of HAProxy; only those that serve take new requests."""

    name: str
    address: str
    port: int
    serves: bool = True

    def options(self, check: Check) -> str:
        """Return its address and checks, as configuration and runtime command spell them."""
        return (
            f"{self.address}:{self.port} check inter {check.interval}s "
            f"rise {check.healthy} fall {check.unhealthy}"
        )


def render(
    balancer: Balancer, servers: Mapping[str, Sequence[Server]], ports: Mapping[int, int]
) -> str:
    """Return the configuration; `servers` by their group's ARN, `ports` on loopback by listener's.

    Reading it again drops no connection: those of before are served by the process of before.
    """
    return "\n".join(
        [
            "global",
            f"    stats socket ipv4@:{ADMIN} level admin",
            "    log stdout format raw local0",
            "    spread-checks 0",
            f"    hard-stop-after {balancer.idle_seconds}s",
            "",
            *_defaults(balancer),
            "",
            # Without any section of its kind HAProxy does not start.
            "backend nothing",
            "",
            *(
                line
                for listener in balancer.listeners
                for line in (*_frontend(balancer, listener, ports), "")
            ),
            *(
                line
                for group in balancer.groups
                for line in (*_backend(group, servers.get(group.arn, ())), "")
            ),
        ]
    )


def _defaults(balancer: Balancer) -> list[str]:
    idle = balancer.idle_seconds
    return [
        "defaults",
        "    mode http",
        "    log global",
        "    option httplog",
        "    option dontlognull",
        # A request that a target did not take is not sent to another one: neither does AWS.
        "    retries 0",
        f"    timeout connect {CONNECT_SECONDS}s",
        f"    timeout client {idle}s",
        f"    timeout server {idle}s",
        f"    timeout http-request {idle}s",
        f"    timeout http-keep-alive {idle}s",
        f"    timeout tunnel {idle}s",
    ]


def _frontend(balancer: Balancer, listener: Listener, ports: Mapping[int, int]) -> list[str]:
    tls = f" ssl crt {FOLDER}/{CERTIFICATE} alpn h2,http/1.1 ssl-min-ver TLSv1.2"
    lines = [
        f"frontend listener-{listener.port}",
        f"    bind :{listener.port}{tls if listener.tls else ''}",
    ]
    if balancer.drop_invalid_headers:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
        lines.append("    http-request del-header [^-A-Za-z0-9] -m reg")
    action = listener.action
    if action.kind == REDIRECT:
        port = ports.get(int(action.port), int(action.port))
        where = f"{action.protocol}://%[req.hdr(host),field(1,:)]:{port}%[pathq]"
        lines.append(f"    http-request redirect location {where} code {action.status}")
        return lines
    if action.kind == FIXED:
        body = action.body.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(
            f"    http-request return status {action.status} content-type text/plain "
            f'string "{body}"'
        )
        return lines
    lines += _forwarded(listener)
    if listener.hsts:
        lines.append(f'    http-response set-header Strict-Transport-Security "{listener.hsts}"')
    return [*lines, *_choice(balancer, action.weights)]


def _forwarded(listener: Listener) -> list[str]:
    """Say how the request came; the address is appended to those that it came with.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    there = "{ req.hdr(x-forwarded-for) -m found }"
    appended = '"%[req.fhdr(x-forwarded-for)], %[src]"'
    protocol = "https" if listener.tls else "http"
    return [
        f"    http-request set-header X-Forwarded-For {appended} if {there}",
        f"    http-request set-header X-Forwarded-For %[src] unless {there}",
        f"    http-request set-header X-Forwarded-Proto {protocol}",
        f"    http-request set-header X-Forwarded-Port {listener.port}",
    ]


def _choice(balancer: Balancer, weights: Iterable[tuple[str, int]]) -> list[str]:
    """Choose a group at random, by weight; with every weight 0 nobody serves."""
    names = {group.arn: group.name for group in balancer.groups}
    positive = [(names[arn], weight) for arn, weight in weights if weight and arn in names]
    if not positive:
        return ["    http-request return status 503"]
    if len(positive) == 1:
        return [f"    default_backend {positive[0][0]}"]
    total = sum(weight for _, weight in positive)
    lines = [f"    http-request set-var(txn.ticket) rand({total})"]
    below = 0
    for name, weight in positive[:-1]:
        below += weight
        lines.append(f"    use_backend {name} if {{ var(txn.ticket) -m int lt {below} }}")
    return [*lines, f"    default_backend {positive[-1][0]}"]


def _backend(group: Group, servers: Sequence[Server]) -> list[str]:
    """Return a target group; targets are also added and taken away while HAProxy runs.

    A target that does not serve yet, or no more, begins disabled: HAProxy believes a new one to be
    healthy until its first check says otherwise.
    """
    check = group.check
    asked = f"meth GET uri {check.path} ver HTTP/1.1"
    headers = f"hdr Host {group.name} hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close"
    return [
        f"backend {group.name}",
        f"    balance {_ALGORITHMS[group.algorithm]}",
        "    option httpchk",
        f"    http-check send {asked} {headers}",
        f"    http-check expect status {check.matcher}",
        f"    timeout check {check.timeout}s",
        *(
            f"    server {one.name} {one.options(check)}{'' if one.serves else ' disabled'}"
            for one in servers
        ),
    ]
