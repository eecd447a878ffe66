"""What is true after a failure: what a task said last, what serves, what became of the schema."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from perpetual.aws.calls import attempt
from perpetual.deploy import definitions, history, image, migration, requests
from perpetual.deploy.follow import Look, exit_code, primary, short, why
from perpetual.deploy.journal import Schema
from perpetual.deploy.run import Run
from perpetual.errors import OperatorError

_LOG_SECONDS: Final = 6
"""Longest wait for the last lines of a log, which reach CloudWatch a little later than they were
written."""


def last_lines(run: Run, task: str, *, wait: bool = False) -> Sequence[str]:
    """Return the last lines that a task logged; with `wait`, again until there are some.

    Raises:
        OperatorError: AWS refuses otherwise than for want of a log.
    """
    call = requests.log_lines(run.published, task, migration.LINES)
    for _ in range(_LOG_SECONDS if wait else 1):
        said = attempt(run.desk.clients, call, "ResourceNotFoundException") or {}
        lines = [event["message"].rstrip() for event in said.get("events", ())]
        if lines:
            return lines
        if wait:
            run.tick()
    return []


def of_task(run: Run, look: Look, task: str) -> Sequence[str]:
    """Return what there is to say about a task that stopped: code, reason, last words."""
    found = next((item for item in look.tasks if item["taskArn"] == task), None)
    if found is None:
        return []
    name, code = short(requests.task_id(task)), exit_code(found)
    ended = f"exit code {code}" if code is not None else "no exit code"
    lines: Sequence[str] = []
    with suppress(OperatorError):
        lines = last_lines(run, task)
    said = [f"  | {line}" for line in lines] or ["  it logged nothing"]
    return [f"task {name}: {ended}; {why(found)}", *said]


def serving(run: Run) -> str:
    """Return what serves now, in a sentence; whatever is in the way of asking is one too."""
    try:
        (service,) = run.perform(requests.describe_service(run.published))["services"]
        newest = primary(service)
        definition = newest.get("taskDefinition", service["taskDefinition"])
        said = run.perform(definitions.describe_definition(definition))["taskDefinition"]
        named = definitions.image_of(said, run.published.service.container)
        record = history.serving(history.read(run.store), image.digest_of(named))
    except (OperatorError, KeyError, ValueError) as error:
        return f"What serves now could not be asked: {error}."
    what = record.says if record else f"{named}, which is not in the history"
    running = service["runningCount"]
    return f"Now {what} serves, with {running} of {service['desiredCount']} tasks."


def schema(run: Run) -> str:
    """Return what became of the schema, in a sentence."""
    return {
        Schema.SAME: "The schema is as it was.",
        Schema.MOVED: "The schema moved: the migration of this release stands.",
        Schema.UNKNOWN: "Whether the schema moved is not known.",
        Schema.UNFINISHED: "The schema may have moved: look before you deploy again.",
    }[run.journal.schema]
