"""The plan is what happens: its calls, in its order, are those that the run makes."""

import json
from typing import Any

from perpetual.deploy import rehearsal
from perpetual.deploy.run import Options
from tests.deploy.desk import Bench
from tests.deploy.world import NEW, STACK, Aws

READS = ("Describe", "List", "Get", "BatchGet")


def known(text: str, aws: Aws) -> str:
    """Return a request with what only the run could know put in."""
    family = aws.contract.stack.arn("ecs", "task-definition")
    for placeholder, value in (
        ("<digest>", NEW),
        (f"{family}/perpetual-prod-web:<newest revision>", f"{family}/perpetual-prod-web:2"),
        (
            f"{family}/perpetual-prod-migrate:<newest revision>",
            f"{family}/perpetual-prod-migrate:1",
        ),
    ):
        text = text.replace(placeholder, value)
    return text


def changes(calls: list[tuple[str, Any]]) -> list[str]:
    """Return the calls that change something, but for SSM's, as text."""
    return [
        f"{operation} {json.dumps(request, sort_keys=True)}"
        for operation, request in calls
        if not operation.startswith(READS) and operation not in ("PutParameter", "DeleteParameter")
    ]


def test_a_dry_run_tells_what_the_run_does(aws: Aws, bench: Bench) -> None:
    """Request by request, to the last field; only what AWS gives out is left open."""
    planned = rehearsal.rehearse(bench.desk, Options(stack=STACK, image="release:new"))
    told = [(call.operation, dict(call.request)) for step in planned.steps for call in step.calls]
    before = len(aws.made)
    bench.deploy()
    (run,) = aws.said("RunTask")
    expected = [
        known(text, aws)
        .replace("deploy/<run>", run["startedBy"])
        .replace("<run>", run["clientToken"])
        for text in changes(told)
    ]
    assert changes([(made.operation, made.request) for made in aws.made[before:]]) == expected
    assert [text.split()[0] for text in expected] == [
        "RegisterTaskDefinition",
        "RegisterTaskDefinition",
        "SendCommand",
        "RunTask",
        "UpdateService",
    ]


def test_a_dry_run_changes_nothing(aws: Aws, bench: Bench) -> None:
    """It takes no lock either: it may run beside a release."""
    rehearsal.rehearse(bench.desk, Options(stack=STACK, image="release:new"))
    assert all(made.operation.startswith(READS) for made in aws.made)
    assert not bench.pushed


def test_a_dry_run_says_what_would_be_refused(aws: Aws, bench: Bench) -> None:
    """And what is worth knowing, and each permission."""
    aws.ring()
    found = rehearsal.rehearse(bench.desk, Options(stack=STACK, image="release:new"))
    text = "\n".join("".join(piece for _, piece in line) for line in rehearsal.lines(found))
    assert "would be refused: alarms ring already" in text
    assert "ecs:UpdateService on arn:aws:ecs:eu-west-1:111122223333:service/" in text
    assert "docker push 111111111111-release:new to 111122223333.dkr.ecr" in text
    assert "ecr:PutImage on" in text
    assert text.endswith("nothing was changed")
    document = json.loads(rehearsal.to_json(found))
    assert len(document["objections"]) == 1
    assert [step["phase"] for step in document["phases"]] == [
        *("preflight", "push", "register", "pull", "migrate"),
        *("update", "serve", "drain", "confirm", "record"),
    ]


def test_what_is_there_already_is_not_planned(aws: Aws, bench: Bench) -> None:
    """A pushed image is not pushed, a registered revision not registered."""
    bench.deploy()
    options = Options(stack=STACK, image="release:new", migrate=False)
    found = rehearsal.rehearse(bench.desk, options)
    phases = [step.phase for step in found.steps]
    assert "push" not in phases
    assert "register" not in phases
    assert "migrate" not in phases
    assert aws.digest() == NEW
