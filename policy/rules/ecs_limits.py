"""What ECS refuses in a task definition: sizes, ports, names, logs, secrets, health checks.

Figures: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from graph import UNKNOWN
from graph.tokens import TASK_DEFINITION
from rules.containers import Container, containers, each_container
from rules.limits import LATE, outside, shown, spelled
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, Test, elements, number, rule, unknown, within

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_PARAMETERS: Final = f"{_GUIDE}task_definition_parameters.html"
_NAME: Final = (r"[A-Za-z0-9_-]{1,255}", "up to 255 letters, digits, underscores and hyphens")
_LEAST_MEMORY: Final = 6
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(vcpu|gb)?\s*", re.IGNORECASE)


def units(value: object) -> float | None:
    """Return CPU units or MiB, also of `1 vCPU` and `2 GB`; `None` for anything else."""
    if not isinstance(value, str):
        return number(value)
    match = _SIZE.fullmatch(value)
    return float(match[1]) * (1024 if match[2] else 1) if match else None


def _unknown_size(path: str, item: Container) -> str | None:
    keys = ("cpu", "memory", "memoryReservation")
    return next((f"{path}.{key}" for key in keys if item.get(key) is UNKNOWN), None)


def _one_size(path: str, item: Container, *, task: float | None) -> Iterator[Fault]:
    called = f"container {item.get('name', path)}"
    hard, soft = number(item.get("memory")), number(item.get("memoryReservation"))
    if hard is None and soft is None and task is None:
        yield Fault(f"gives {called} no memory, nor itself", f"{path}.memory")
    if hard is not None and soft is not None and soft > hard:
        yield Fault(
            f"reserves {soft:g} MiB for {called} and allows it {hard:g}",
            f"{path}.memoryReservation",
        )
    for key, value in (("memory", hard), ("memoryReservation", soft)):
        if value is not None and value < _LEAST_MEMORY:
            yield Fault(f"gives {called} {value:g} MiB, not 6 or more", f"{path}.{key}")
        elif value is not None and task is not None and value > task:
            yield Fault(f"gives {called} {value:g} MiB of its own {task:g}", f"{path}.{key}")


def _sizes(subject: Subject) -> Iterator[Fault]:
    found, faults = containers(subject)
    yield from faults
    totals = {key: subject.at(key) for key in ("cpu", "memory")}
    lost = [key for key, value in totals.items() if value is UNKNOWN]
    lost += [where for path, item in found if (where := _unknown_size(path, item))]
    if lost:
        yield unknown(lost[0])
        return
    cpu, memory = units(totals["cpu"]), units(totals["memory"])
    for path, item in found:
        yield from _one_size(path, item, task=memory)
    asked = sum(number(item.get("cpu")) or 0 for _, item in found)
    if cpu is not None and asked > cpu:
        yield Fault(f"gives its containers {asked:g} CPU units of its {cpu:g}", "cpu")
    held = sum(
        number(item.get("memoryReservation")) or number(item.get("memory")) or 0
        for _, item in found
    )
    if memory is not None and held > memory:
        yield Fault(f"reserves {held:g} MiB for its containers, of its {memory:g}", "memory")


def _names(subject: Subject) -> Iterator[Fault]:
    yield from spelled("family", *_NAME)(subject)
    found, faults = containers(subject)
    yield from faults
    for path, item in found:
        name = item.get("name")
        if name is UNKNOWN:
            yield unknown(f"{path}.name")
        elif not isinstance(name, str) or not re.fullmatch(_NAME[0], name):
            says = f"has a container named {shown(name)}, which ECS refuses: it takes {_NAME[1]}"
            yield Fault(says, f"{path}.name")
    counted = Counter(str(item.get("name")) for _, item in found)
    for name, times in counted.items():
        if times > 1:
            yield Fault(f"has {times} containers named {name}", "containerDefinitions")
    if found and all(item.get("essential") is False for _, item in found):
        yield Fault("has no essential container", "containerDefinitions")


def _ports(subject: Subject) -> Iterator[Fault]:
    mode = subject.at("networkMode")
    found, faults = containers(subject)
    yield from faults
    taken: Counter[tuple[str, str]] = Counter()
    for path, item in found:
        mappings, lost = elements(item.get("portMappings"), f"{path}.portMappings")
        yield from lost
        for where, held in mappings:
            port, host = held.get("containerPort"), held.get("hostPort")
            if UNKNOWN in (port, host, mode):
                yield unknown(where)
                continue
            if port is not None:
                yield from outside(port, f"{where}.containerPort", 1, 65535)
            if mode in ("awsvpc", "host") and host not in (None, 0, port):
                yield Fault(
                    f"maps port {shown(port)} to {shown(host)}, which {mode} does not do", where
                )
            if used := number(port if mode == "awsvpc" else host):
                taken[f"{used:g}", str(held.get("protocol") or "tcp")] += 1
    for (called, protocol), times in taken.items():
        if times > 1:
            yield Fault(f"maps {protocol} port {called} {times} times", "containerDefinitions")


# --- logs and secrets

_DRIVERS: Final = frozenset(
    {
        "awsfirelens",
        "awslogs",
        "fluentd",
        "gelf",
        "journald",
        "json-file",
        "logentries",
        "none",
        "splunk",
        "syslog",
    }
)


def fargate(subject: Subject) -> bool:
    """Tell whether a task definition says that it runs on Fargate."""
    value = subject.at("requiresCompatibilities")
    return isinstance(value, list) and "FARGATE" in value


def _log_options(subject: Subject) -> Iterator[Fault]:
    found, faults = containers(subject)
    yield from faults
    for path, item in found:
        where = f"{path}.logConfiguration"
        held = item.get("logConfiguration")
        driver, options = within(held, "logDriver"), within(held, "options")
        if UNKNOWN in (held, driver, options):
            yield unknown(where)
        elif held is not None:
            yield from _driver(where, driver, options or {}, fargate=fargate(subject))


def _driver(where: str, driver: object, options: Any, *, fargate: bool) -> Iterator[Fault]:
    if driver not in _DRIVERS:
        yield Fault(f"names the log driver {shown(driver)}, which ECS does not have", where)
    elif driver == "awslogs":
        wanted = ["awslogs-group", "awslogs-region"]
        wanted += ["awslogs-stream-prefix"] if fargate else []
        for name in wanted:
            if within(options, name) in (None, ""):
                yield Fault(f"has a log of awslogs without {name}", f"{where}.options")
    buffer, mode = within(options, "max-buffer-size"), within(options, "mode")
    if mode not in (None, UNKNOWN, "blocking", "non-blocking"):
        yield Fault(f"has the log mode {shown(mode)}, not blocking or non-blocking", where)
    elif buffer is not None and mode == "blocking":
        yield Fault("has a buffer for a log that blocks, which Docker refuses", where)


_REFERENCE: Final = re.compile(
    r"arn:aws[\w-]*:(ssm:[\w-]+:\d{12}:parameter/[\w./-]+|secretsmanager:[\w-]+:\d{12}:secret:.+)"
)
_PLAIN: Final = re.compile(r"/?[\w.-]+(/[\w.-]+)*")


def _secrets(path: str, called: str, item: Container) -> Iterator[Fault]:
    secrets, lost = elements(item.get("secrets"), f"{path}.secrets")
    plain, lost_too = elements(item.get("environment"), f"{path}.environment")
    yield from (*lost, *lost_too)
    variables = [entry.get("name") for _, entry in plain]
    for where, entry in secrets:
        name, value = entry.get("name"), entry.get("valueFrom")
        if name is not UNKNOWN and name in variables:
            yield Fault(f"gives {called} {name} twice, as variable and as secret", where)
        if value is UNKNOWN:
            continue  # what this `up` makes has its ARN when ECS asks for it
        if not isinstance(value, str) or not value:
            yield Fault(f"gives {called} the secret {name} from nowhere", where)
        elif not (_REFERENCE if value.startswith("arn:") else _PLAIN).fullmatch(value):
            yield Fault(
                f"gives {called} the secret {name} by a valueFrom that is neither the ARN nor the "
                "name of a parameter, nor the ARN of a secret",
                where,
            )


# --- health checks

_HEALTH: Final = (
    ("interval", 5, 300),
    ("timeout", 2, 60),
    ("retries", 1, 10),
    ("startPeriod", 0, 300),
)


def _health(path: str, called: str, item: Container) -> Iterator[Fault]:
    where, held = f"{path}.healthCheck", item.get("healthCheck")
    if held is None:
        return
    command = within(held, "command")
    if UNKNOWN in (held, command):
        yield unknown(where)
        return
    first = command[0] if isinstance(command, list) and command else None
    if first not in ("CMD", "CMD-SHELL", "NONE", UNKNOWN):
        yield Fault(f"checks {called} by a command without CMD or CMD-SHELL in front", where)
    for key, low, high in _HEALTH:
        yield from outside(within(held, key), f"{where}.{key}", low, high)


def _limit(test: Test, name: str, title: str, fix: str, url: str = _PARAMETERS) -> Rule:
    """Return the rule that ECS itself enforces, later."""
    return rule(
        test,
        TASK_DEFINITION,
        name=name,
        title=title,
        severity=Severity.MEDIUM,
        why=LATE,
        fix=fix,
        url=url,
    )


RULES: Final[tuple[Rule, ...]] = (
    _limit(
        _sizes,
        "ecs-resources-fit",
        "Containers fit into their task",
        "raise the task's cpu and memory, or lower what the containers get of it",
    ),
    _limit(
        _names,
        "ecs-names-legal",
        "Task definitions and containers have names that ECS takes",
        "use letters, digits, underscores and hyphens, each name once, one container essential",
    ),
    _limit(
        _ports,
        "ecs-ports-legal",
        "Ports are mapped as the network mode does",
        "leave hostPort out with awsvpc, and map each port once",
    ),
    _limit(
        _log_options,
        "ecs-log-options",
        "Log drivers have the options that they need",
        "set awslogs-group and awslogs-region, and awslogs-stream-prefix on Fargate",
        f"{_GUIDE}using_awslogs.html",
    ),
    _limit(
        each_container(_secrets),
        "ecs-secret-references",
        "Secrets are references to parameters or secrets",
        "set valueFrom to the ARN of a parameter or secret, and each name once",
        f"{_GUIDE}specifying-sensitive-data.html",
    ),
    _limit(
        each_container(_health),
        "ecs-health-check-legal",
        "Health checks of containers are ones that ECS takes",
        "start the command with CMD-SHELL; interval 5-300, timeout 2-60, retries 1-10, start 0-300",
    ),
)
