"""A dry run: everything is read, judged and planned, and nothing is changed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perpetual.aws import published as contracts
from perpetual.aws.calls import perform
from perpetual.aws.published import Published
from perpetual.deploy import execute, image, opening, plan, preflight, resume
from perpetual.deploy.clock import Stopwatch
from perpetual.deploy.journal import Kind
from perpetual.deploy.plan import Plan, Step
from perpetual.deploy.preflight import Objection
from perpetual.deploy.run import Desk, Options

if TYPE_CHECKING:
    from perpetual.offline.reports.text import Line


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What a deploy would do, what stands in its way, and what is worth knowing."""

    published: Published
    steps: Sequence[Step]
    objections: Sequence[Objection]
    notices: Sequence[str]


def rehearse(desk: Desk, options: Options) -> Rehearsal:
    """Return what a deploy would do.

    Raises:
        OperatorError: AWS or Docker cannot be asked, or there is no image.
    """
    published = contracts.read(desk.clients, options.stack)
    given = execute.chosen(desk, options, Stopwatch(desk.clock))
    there = opening.read(desk, published, migrating=options.migrate)
    way = resume.decide(
        there.before, there.found.service, there.running, kind=Kind.DEPLOY, wanted=given.id
    )
    begun = there.before if way.way is resume.Way.GO_ON else None
    judged = execute.case(there, given, begun, migrating=options.migrate)
    steps = plan.steps(
        Plan(
            published=published,
            found=there.found,
            image=given,
            digest=image.found(perform(desk.clients, image.by_tag(published, given))),
            migrate=options.migrate,
            early=options.early,
            desired=plan.desired(published, there.found),
        )
    )
    return Rehearsal(
        published=published,
        steps=steps,
        objections=[item for item in preflight.judge(judged) if item.check not in options.without],
        notices=[*([way.says] if way.says else []), *preflight.notices(judged)],
    )


def lines(rehearsal: Rehearsal) -> "Iterator[Line]":
    """Yield a rehearsal as lines: phases, their calls, and what IAM is asked for each."""
    for notice in rehearsal.notices:
        yield (("", notice),)
    for objection in rehearsal.objections:
        yield (("red", f"would be refused: {objection.says}"),)
        yield (("dim", f"  {objection.hint}"),)
    for step in rehearsal.steps:
        yield ()
        yield (("bold", step.phase.value), ("", f"  {step.says}"))
        for call in step.calls:
            yield (("cyan", f"  {call.service} {call.operation}"),)
            yield from _request(call.request)
        for asked in step.permissions(rehearsal.published):
            yield (("dim", f"    {asked.action} on {asked.resource}"),)
    yield ()
    yield (("green", "nothing was changed"),)


def to_json(rehearsal: Rehearsal) -> str:
    """Return a rehearsal as JSON."""
    content = {
        "objections": [item.says for item in rehearsal.objections],
        "notices": list(rehearsal.notices),
        "phases": [
            {
                "phase": step.phase,
                "says": step.says,
                "calls": [
                    {"service": one.service, "operation": one.operation, "request": one.request}
                    for one in step.calls
                ],
                "permissions": [
                    {"action": one.action, "resource": one.resource}
                    for one in step.permissions(rehearsal.published)
                ],
            }
            for step in rehearsal.steps
        ],
    }
    return json.dumps(content, indent=2)


def _request(request: Mapping[str, Any]) -> "Iterator[Line]":
    for line in json.dumps(request, indent=2).splitlines():
        yield (("", f"    {line}"),)
