"""`perpetual deploy`, `rollback` and `releases`: options in, lines or JSON out."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual.aws import options as group
from perpetual.deploy.outcome import INTERRUPTED, Check, Exit, Interrupted
from perpetual.errors import OperatorError
from perpetual.output import show, write

if TYPE_CHECKING:
    from perpetual.aws.published import Published
    from perpetual.deploy.report import Report
    from perpetual.deploy.run import Desk

_SECONDS: Final = 0.001

_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about a protected stack.")]
_Json = Annotated[bool, typer.Option("--json", help="As JSON; what happens goes to stderr.")]
_Early = Annotated[
    bool,
    typer.Option(
        "--early",
        help="Released once all new tasks serve: the old ones leave afterwards, and where ECS "
        "stops watching the alarms, this command goes on.",
    ),
]
_Without = Annotated[list[Check] | None, typer.Option(help="Leave a check out; repeatable.")]
_Budget = Annotated[
    float | None,
    typer.Option(min=_SECONDS, help="Seconds it may take; exit code 1 if it took longer."),
]
_Patience = Annotated[
    float,
    typer.Option(min=1.0, help="Longest migration, and longest rollout, before it is undone, s."),
]
_Guard = Annotated[
    float, typer.Option(min=0.0, help="With --early: seconds to watch the alarms afterwards.")
]
_PATIENCE: Final = 600.0
_GUARD: Final = 180.0


def deploy(  # noqa: PLR0913 - one parameter per option
    stack: group.Stack,
    *,
    region: group.Region = None,
    profile: group.Profile = None,
    image: Annotated[
        str | None,
        typer.Option(help="Image that Docker has here; the stack's own is built without it."),
    ] = None,
    migrate: Annotated[
        bool, typer.Option("--migrate/--no-migrate", help="Run the migrations first.")
    ] = True,
    early: _Early = False,
    without: _Without = None,
    budget: _Budget = None,
    patience: _Patience = _PATIENCE,
    guard: _Guard = _GUARD,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every call it would make, and make none.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="From settings alone: what a rollout takes, and why."),
    ] = False,
    yes: _Yes = False,
    as_json: _Json = False,
) -> int:
    """Release an image: push, migrate, roll out, and tell the truth about it.

    Exit code: 0 released; 1 released, over --budget; 2 refused, nothing was changed; 3 failed, and
    what served before serves; 4 failed, and somebody has to look; 130 interrupted. Run again, it
    goes on where an interrupted run stopped.
    """
    if explain:
        return _explain(stack, budget, early=early, as_json=as_json)
    from perpetual.deploy import execute, rehearsal  # noqa: PLC0415 - loads botocore, for these commands alone
    from perpetual.deploy.run import Options  # noqa: PLC0415 - as above

    options = Options(
        stack=stack,
        image=image,
        migrate=migrate,
        early=early,
        without=frozenset(without or ()),
        budget=budget,
        patience=patience,
        guard=guard,
    )
    with _desk(region, profile, yes=yes or dry_run, as_json=as_json, build=not dry_run) as desk:
        if not dry_run:
            return _told(lambda: execute.deploy(desk, options), as_json=as_json)
        found = rehearsal.rehearse(desk, options)
    if as_json:
        write(rehearsal.to_json(found))
    else:
        show(rehearsal.lines(found))
    return Exit.REFUSED if found.objections else Exit.RELEASED


def rollback(  # noqa: PLR0913 - one parameter per option
    stack: group.Stack,
    *,
    region: group.Region = None,
    profile: group.Profile = None,
    to: Annotated[
        int | None, typer.Option(help="Number of the release; the last good one without it.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even if its code may not run with today's schema.")
    ] = False,
    early: _Early = False,
    without: _Without = None,
    budget: _Budget = None,
    patience: _Patience = _PATIENCE,
    guard: _Guard = _GUARD,
    yes: _Yes = False,
    as_json: _Json = False,
) -> int:
    """Bring an earlier release back, under today's settings; migrations are left alone.

    Exit code: as of `deploy`.
    """
    from perpetual.deploy import execute  # noqa: PLC0415 - as above
    from perpetual.deploy.run import Options  # noqa: PLC0415 - as above

    options = Options(
        stack=stack,
        early=early,
        without=frozenset(without or ()),
        budget=budget,
        patience=patience,
        guard=guard,
        to=to,
        anyway=anyway,
    )
    with _desk(region, profile, yes=yes, as_json=as_json, build=False) as desk:
        return _told(lambda: execute.rollback(desk, options), as_json=as_json)


def releases(
    stack: group.Stack,
    *,
    region: group.Region = None,
    profile: group.Profile = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Newest ones to list.")] = 20,
    as_json: _Json = False,
) -> int:
    """List what was released when, by whom, and how it went; the newest first."""
    from perpetual.aws.session import Clients  # noqa: PLC0415 - as above
    from perpetual.deploy import listing  # noqa: PLC0415 - as above
    from perpetual.deploy.clock import RealClock  # noqa: PLC0415 - as above

    found = listing.read(Clients(region=region, profile=profile), stack, RealClock(), limit)
    if as_json:
        write(listing.to_json(found))
    else:
        show(listing.lines(found))
    return 0


# --- around a run


def _told(work: "Callable[[], Report]", *, as_json: bool) -> int:
    """Do the work and print what it came to."""
    from perpetual.deploy import report  # noqa: PLC0415 - as above

    try:
        with interruptible():
            done = work()
    except OperatorError as error:
        if as_json:
            write(report.failure_to_json(error))
        raise
    if as_json:
        write(report.to_json(done))
    else:
        show(report.lines(done))
    return done.exit_code


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise `Interrupted` once; a second one ends the process at once.

    Raises:
        OperatorError: A signal came before there was anything to leave behind.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, _frame: FrameType | None) -> None:
        restore()
        raise Interrupted(number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    except Interrupted as error:
        raise OperatorError(
            "interrupted", detail="Nothing was changed.", exit_code=INTERRUPTED + error.number
        ) from None
    finally:
        restore()


@contextmanager
def _desk(
    region: str | None, profile: str | None, *, yes: bool, as_json: bool, build: bool
) -> "Iterator[Desk]":
    from perpetual.aws.session import Clients  # noqa: PLC0415 - as above
    from perpetual.deploy import building, display, push  # noqa: PLC0415 - as above
    from perpetual.deploy.clock import RealClock  # noqa: PLC0415 - as above
    from perpetual.deploy.run import Desk  # noqa: PLC0415 - as above

    clock, root = RealClock(), Path.cwd()
    clients = Clients(region=region, profile=profile)
    shown = display.display(clock, as_json=as_json)
    try:
        yield Desk(
            clients=clients,
            clock=clock,
            show=shown,
            root=root,
            push=push.push,
            build=lambda stack: building.build(root, stack, make=build),
            agree=lambda published: None if yes else _agree(published),
        )
    finally:
        shown.close()


def _agree(published: "Published") -> None:
    """Ask before a protected stack is changed.

    Raises:
        OperatorError: Nobody is there to be asked, or said no.
    """
    if not published.protected:
        return
    name = published.stack.name
    if not sys.stdin.isatty():
        raise OperatorError(
            f"stack {name} is protected, and nobody is there to be asked", hint="Add --yes."
        )
    typer.echo(
        f"{name} is protected ({published.balancer.url}). Release? [y/N] ", nl=False, err=True
    )
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise OperatorError("not released: the answer was not yes")


def _explain(stack: str, budget: float | None, *, early: bool, as_json: bool) -> int:
    from perpetual.deploy import explain, stack_settings  # noqa: PLC0415 - loads the settings

    found = explain.explain(stack_settings.read(Path.cwd(), stack).settings, budget, early=early)
    if as_json:
        write(explain.to_json(found))
    else:
        show(explain.lines(found))
    return Exit.RELEASED if found.meets else Exit.OVER_BUDGET
