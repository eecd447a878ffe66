"""Plain or unverified connections: to Postgres, to the balancer, to buckets and topics."""

from functools import partial
from typing import Any, Final

from graph.tokens import DB_INSTANCE, DB_PARAMETERS
from tests.mutants.bad.network import BALANCER
from tests.mutants.documents import Container, each_statement, tasks, with_containers
from tests.mutants.operators import Made, is_set, operator, operators, weaken
from tests.mutants.stack import DROP, Ref, Stack, within

LISTENER: Final = "aws:lb/listener:Listener"
TARGETS: Final = "aws:lb/targetGroup:TargetGroup"


def parameters(stack: Stack, name: str) -> list[tuple[Any, int]]:
    """Return where the parameter of this name stands: group and position."""
    return [
        (group, at)
        for group in stack.of(DB_PARAMETERS)
        for at, item in enumerate(within(group, "parameters"))
        if item["name"] == name
    ]


@operator("TLS", "Postgres takes plain connections")
def take_plain_connections(stack: Stack) -> Made:
    """Turn `rds.force_ssl` off, in each spelling."""
    for group, at in parameters(stack, "rds.force_ssl"):
        for value in ("0", "off", "false", 0):
            yield f"{group.name} {value!r}", stack.put(group, f"parameters.{at}.value", value)


@operator("TLS", "before version 15 nothing forces TLS but the parameter")
def rely_on_an_old_default(stack: Stack) -> Made:
    """Take `rds.force_ssl` away from a group whose version does not force it by default."""
    for group, at in parameters(stack, "rds.force_ssl"):
        for family in ("postgres14", "postgres11"):
            old = stack.put(group, "family", family)
            for item in stack.of(DB_INSTANCE):
                if is_set(within(item, "engineVersion")):
                    old = old.put(item, "engineVersion", family.removeprefix("postgres"))
            yield f"{group.name} {family}", old.put(group, f"parameters.{at}", DROP)


@operator("TLS", "the group that is really used takes plain connections")
def use_another_parameter_group(stack: Stack) -> Made:
    """Give each database a parameter group of its own that does not force TLS."""
    for item in stack.of(DB_INSTANCE):
        off = [{"name": "rds.force_ssl", "value": "0", "applyMethod": "pending-reboot"}]
        made = stack.plus(DB_PARAMETERS, "lax", family="postgres17", name="lax", parameters=off)
        own = [old.urn for old in stack.targets(item, "parameterGroupName", DB_PARAMETERS)]
        lax = Ref(made.named("lax").urn, "name")
        yield item.name, made.put(item, "parameterGroupName", lax, own)
        elsewhere = stack.put(item, "parameterGroupName", "somebody-elses", own)
        yield f"{item.name} outside", elsewhere


@operator("TLS", "an old protocol is as good as none")
def take_old_protocols(stack: Stack) -> Made:
    """Let Postgres speak old versions of TLS."""
    for group, at in parameters(stack, "ssl_min_protocol_version"):
        for value in ("TLSv1", "TLSv1.1"):
            yield f"{group.name} {value}", stack.put(group, f"parameters.{at}.value", value)


def environment(container: Container, name: str, value: str | None) -> Container:
    """Return a container with one variable set to a value, or without it."""
    rest = [item for item in container["environment"] if item["name"] != name]
    return {
        **container,
        "environment": [*rest, *([] if value is None else [{"name": name, "value": value}])],
    }


@operator("TLS", "the release talks to whoever answers")
def connect_unverified(stack: Stack) -> Made:
    """Weaken or drop the mode that the release connects to Postgres with."""
    for task in tasks(stack):
        for mode in ("verify-ca", "require", "prefer", "disable", "", None):
            yield (
                f"{task.name} PGSSLMODE {mode}",
                with_containers(stack, task, partial(environment, name="PGSSLMODE", value=mode)),
            )


@operator("TLS", "a switch of the application overrules the mode")
def switch_tls_off(stack: Stack) -> Made:
    """Tell the release to connect without TLS, in each way that it listens to."""
    told: dict[str, dict[str, Any]] = {
        "DATABASE_SSL=false": {"environment": [{"name": "DATABASE_SSL", "value": "false"}]},
        "ECTO_SSL=0": {"environment": [{"name": "ECTO_SSL", "value": "0"}]},
        "command": {"command": ["bin/release", "start", "--url", "sslmode=disable"]},
    }
    for task in tasks(stack):
        for name, extra in told.items():

            def change(item: Container, extra: dict[str, Any] = extra) -> Container:
                joined = [*item["environment"], *extra.get("environment", [])]
                return {**item, **extra, "environment": joined}

            yield f"{task.name} {name}", with_containers(stack, task, change)


CLIENTS = (
    *weaken(
        "TLS",
        DB_INSTANCE,
        (
            "caCertIdentifier",
            ("rds-ca-2019", "rds-ca-2015"),
            "expired: nobody can verify it",
            is_set,
        ),
    ),
    *weaken(
        "TLS",
        LISTENER,
        (
            "sslPolicy",
            (
                "ELBSecurityPolicy-2016-08",
                "ELBSecurityPolicy-TLS-1-0-2015-04",
                "ELBSecurityPolicy-TLS-1-1-2017-01",
                DROP,
            ),
            "old protocols and ciphers are taken",
            is_set,
        ),
        ("certificateArn", (DROP,), "AWS refuses a TLS listener without one", is_set),
        (
            "routingHttpResponseStrictTransportSecurityHeaderValue",
            (DROP,),
            "browsers try plain HTTP first",
            is_set,
        ),
    ),
)


@operator("TLS", "what is sent in plain text is read on the way")
def serve_plain_text(stack: Stack) -> Made:
    """Let each listener forward plain HTTP, or redirect to it."""
    target = Ref(stack.one(TARGETS).urn, "arn")
    forward = [{"type": "forward", "targetGroupArn": target}]
    for listener in stack.of(LISTENER):
        if within(listener, "protocol") == "HTTPS":
            plain = stack.put(listener, "protocol", "HTTP")
            yield f"{listener.name} as HTTP", plain.cut(listener, "certificateArn", "sslPolicy")
            continue
        yield f"{listener.name} forwards", stack.put(listener, "defaultActions", forward)
        redirect = "defaultActions.0.redirect"
        yield f"{listener.name} to HTTP", stack.put(listener, f"{redirect}.protocol", "HTTP")
        yield f"{listener.name} to itself", stack.put(listener, f"{redirect}.protocol", DROP)
    added = {
        "loadBalancerArn": Ref(stack.one(BALANCER).urn, "arn"),
        "port": 8080,
        "protocol": "HTTP",
        "defaultActions": forward,
    }
    yield "one more listener", stack.plus(LISTENER, "plain", **added)


@operator("TLS", "a rule beside the redirect serves what the redirect would not")
def forward_beside_the_redirect(stack: Stack) -> Made:
    """Add a rule to each plain listener that forwards."""
    target = Ref(stack.one(TARGETS).urn, "arn")
    for listener in stack.of(LISTENER):
        if within(listener, "protocol") == "HTTP":
            yield (
                listener.name,
                stack.plus(
                    "aws:lb/listenerRule:ListenerRule",
                    "plain",
                    listenerArn=Ref(listener.urn, "arn"),
                    priority=1,
                    actions=[{"type": "forward", "targetGroupArn": target}],
                    conditions=[{"pathPattern": {"values": ["/old/*"]}}],
                ),
            )


@operator("TLS", "requests in plain HTTP are answered")
def drop_what_denies_plain_http(stack: Stack) -> Made:
    """Take each statement away that refuses plain HTTP, or what it refuses."""
    for name, statement, replaced in each_statement(stack, effect="Deny"):
        if "aws:SecureTransport" not in str(statement.get("Condition")):
            continue
        yield f"{name} dropped", replaced(None)
        yield (
            f"{name} reversed",
            replaced({**statement, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        )
        yield (
            f"{name} for one",
            replaced({**statement, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
        )


OPERATORS: Final = operators(globals())
