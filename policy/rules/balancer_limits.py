"""What Elastic Load Balancing refuses: names, ports, times, weights and what goes with a protocol.

Figures: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/ of
API_CreateLoadBalancer, API_CreateTargetGroup, API_CreateListener, API_CreateRule and their
attributes.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from graph import UNKNOWN
from rules.balancer import BALANCERS, LISTENERS, TARGET_GROUPS
from rules.limits import LATE, outside, ranged, shown, spelled
from rules.rule import Rule, Severity
from rules.subject import (
    Fault,
    Subject,
    Test,
    elements,
    every,
    number,
    only_if,
    present,
    rule,
    unknown,
    within,
)

LISTENER_RULES: Final = (
    "aws:lb/listenerRule:ListenerRule",
    "aws:alb/listenerRule:ListenerRule",
)
_API: Final = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
_GUIDE: Final = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
_WORDS: Final = r"(?=.{1,32}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_SAID: Final = "up to 32 letters, digits and hyphens, no hyphen first or last"
_WEB: Final = frozenset({"HTTP", "HTTPS"})
_CODES: Final = re.compile(r"\d{1,3}(-\d{1,3})?(,\d{1,3}(-\d{1,3})?)*")
_LEAST_CODE: Final = 200
_MOST_CODE: Final = 599
_GROUPS: Final = 5
_SLOW_START: Final = (30, 900)


def _unless_lambda(test: Test) -> Test:
    return only_if(lambda subject: subject.at("targetType") != "lambda", test)


def _slow_start(subject: Subject) -> Iterator[Fault]:
    path = "slowStart"
    value = subject.at(path)
    if value is UNKNOWN or number(value):
        yield from outside(value, path, *_SLOW_START, "s, or 0")


def _matcher(subject: Subject) -> Iterator[Fault]:
    path = "healthCheck.matcher"
    value, protocol = subject.at(path), subject.at("healthCheck.protocol")
    if value in (None, ""):
        return
    if value is UNKNOWN:
        yield unknown(path)
    elif protocol == "TCP":
        yield Fault("matches the answers of a health check by TCP, which has none", path)
    elif not isinstance(value, str) or not _CODES.fullmatch(value):
        yield Fault(f"has the {path} {shown(value)}, not codes such as 200 or 200-299", path)
    elif subject.at("protocolVersion") != "GRPC":
        codes = [int(code) for code in re.findall(r"\d+", value)]
        if min(codes) < _LEAST_CODE or max(codes) > _MOST_CODE:
            yield Fault(f"has the {path} {value!r}, not codes from 200 to 599", path)


def _path(subject: Subject) -> Iterator[Fault]:
    path = "healthCheck.path"
    value, protocol = subject.at(path), subject.at("healthCheck.protocol")
    if value is UNKNOWN:
        yield unknown(path)
    elif present(value) and protocol == "TCP":
        yield Fault("has a path for a health check by TCP", path)
    elif present(value):
        yield from spelled(path, r"/\S{0,1023}", "a path that begins with a slash")(subject)


def _plain(subject: Subject) -> Iterator[Fault]:
    protocol = subject.at("protocol")
    if protocol is UNKNOWN:
        yield unknown("protocol")
    elif protocol in ("HTTP", "TCP", "UDP", "TCP_UDP"):
        for path in ("certificateArn", "sslPolicy"):
            if subject.at(path) is not UNKNOWN and present(subject.at(path)):
                yield Fault(f"speaks {protocol} and has a {path}", path)


def _actions(path: str) -> Test:
    def test(subject: Subject) -> Iterator[Fault]:
        actions, faults = elements(subject.at(path), path)
        yield from faults
        if not actions and not faults:
            yield Fault("has no action", path)
        for where, action in actions:
            yield from _action(where, action)

    return test


_NEEDS: Final = {"redirect": "redirect", "fixed-response": "fixedResponse"}


def _action(where: str, action: Any) -> Iterator[Fault]:
    kind = action.get("type")
    if kind is UNKNOWN:
        yield unknown(where)
        return
    if (block := _NEEDS.get(kind)) and action.get(block) is None:
        yield Fault(f"has the action {kind} and does not say which", where)
    if kind == "forward" and action.get("forward") is None and action.get("targetGroupArn") is None:
        yield Fault("forwards to no target group", where)
    groups, faults = elements(within(action, "forward.targetGroups"), f"{where}.forward")
    yield from faults
    if len(groups) > _GROUPS:
        yield Fault(f"forwards to {len(groups)} target groups, more than {_GROUPS}", where)
    for place, group in groups:
        yield from outside(group.get("weight"), f"{place}.weight", 0, 999)


NAMES: Final = rule(
    every(
        spelled("name", rf"(?!internal-){_WORDS}", f"{_SAID}, and no internal- first"),
        spelled("namePrefix", r"[A-Za-z0-9][A-Za-z0-9-]{0,5}", "up to 6 letters and digits"),
    ),
    *BALANCERS,
    *TARGET_GROUPS,
    name="elb-names-legal",
    title="Balancers and target groups have names that AWS takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="choose a shorter name, or leave it to Pulumi",
    url=f"{_API}API_CreateTargetGroup.html",
)
TIMES: Final = rule(
    every(
        ranged("idleTimeout", 1, 4000, "s"),
        ranged("clientKeepAlive", 60, 604800, "s"),
    ),
    *BALANCERS,
    name="alb-times-legal",
    title="Balancers keep connections as long as AWS allows",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set idle_timeout to 1 to 4000 s, and client_keep_alive to 60 to 604800",
    url=f"{_GUIDE}edit-load-balancer-attributes.html",
)
TARGETS: Final = rule(
    _unless_lambda(
        every(
            ranged("port", 1, 65535),
            ranged("deregistrationDelay", 0, 3600, "s"),
            ranged("healthCheck.healthyThreshold", 2, 10),
            ranged("healthCheck.unhealthyThreshold", 2, 10),
            ranged("healthCheck.timeout", 2, 120, "s"),
            ranged("stickiness.cookieDuration", 1, 604800, "s"),
            _slow_start,
            _matcher,
            _path,
        )
    ),
    *TARGET_GROUPS,
    name="target-group-legal",
    title="Target groups have ports, times and codes that AWS takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="keep to the ranges of API_CreateTargetGroup and of the target group's attributes",
    url=f"{_API}API_CreateTargetGroup.html",
)
LISTENER: Final = rule(
    every(ranged("port", 1, 65535), _plain, _actions("defaultActions")),
    *LISTENERS,
    name="alb-listener-legal",
    title="Listeners have what their protocol and actions need",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="give TLS listeners a certificate, others none, and each action what it does",
    url=f"{_API}API_CreateListener.html",
)
PRIORITY: Final = rule(
    every(ranged("priority", 1, 50000), _actions("actions")),
    *LISTENER_RULES,
    name="alb-rule-legal",
    title="Rules of listeners have a priority and actions that AWS takes",
    severity=Severity.MEDIUM,
    why=LATE,
    fix="set priority to 1 to 50000, weights to 0 to 999, and each action what it does",
    url=f"{_API}API_CreateRule.html",
)

RULES: Final[tuple[Rule, ...]] = (NAMES, TIMES, TARGETS, LISTENER, PRIORITY)
