"""The operator's command: everything about a stack that is not infrastructure."""

import gc
import os
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from perpetual import processes
from perpetual.database.commands import app as database_app
from perpetual.deploy import commands as deploying
from perpetual.errors import COULD_NOT_RUN, OperatorError
from perpetual.logs.commands import app as logs_app
from perpetual.offline.revisions import options as comparing
from perpetual.offline.revisions.kinds import Kind
from perpetual.output import Format, show, show_report, write
from perpetual.policy.commands import app as policy_app
from perpetual.release.commands import app as release_app
from perpetual.sandbox.commands import app as sandbox_app
from perpetual.status.commands import status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perpetual.offline.preview import Options
    from perpetual.offline.report import Report

FINDINGS: Final = 1
"""Exit code of a preview whose verdict is not clean."""


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Preview, judge and operate a stack.",
)


app.add_typer(policy_app, name="policy")
app.add_typer(release_app, name="release")
app.add_typer(database_app, name="db")
app.command()(deploying.deploy)
app.command()(deploying.rollback)
app.command()(deploying.releases)
app.command()(status)
app.add_typer(logs_app, name="logs")
app.add_typer(sandbox_app, name="sandbox")


@app.callback()
def _root() -> None:
    """Preview, judge and operate a stack."""


@app.command()
def preview(  # noqa: PLR0913 - one parameter per option
    stack: Annotated[
        str | None, typer.Option(help="Stack to preview; needed where there are several.")
    ] = None,
    *,
    form: Annotated[
        Format | None, typer.Option("--format", help="Form of the result; `text` by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    config: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Set a configuration value, as a path; repeatable."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="Compare with a git revision, the riskiest first."),
    ] = None,
    fail_on: Annotated[
        list[Kind] | None,
        typer.Option("--fail-on", help="With --base: exit 1 on differences of a kind; repeatable."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Judge again on every save.")] = False,
    answers: Annotated[
        Path | None,
        typer.Option(help="YAML file that answers data-source calls and stack references."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Folder of the policy pack; `policy` by default.")
    ] = None,
    policy_config: Annotated[
        Path | None,
        typer.Option(help="JSON file that configures the pack, as --policy-pack-config does."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Longest wait for the policy pack, in seconds.", min=0.1)
    ] = 60.0,
    trace: Annotated[bool, typer.Option("--trace", help="Show where an error comes from.")] = False,
) -> int:
    """Run the program and the policy pack offline: no account, no engine, no Docker.

    Exit code: 0 without findings, 1 with findings, 2 if it could not run. With --base it is the
    working tree's; differences count only where --fail-on names their kind.
    """
    if as_json and form not in {None, Format.JSON}:
        message = f"--json is short for --format json, and here is --format {form} too"
        raise OperatorError(message, hint="Leave one of them out.")
    chosen = Format.JSON if as_json else form or Format.TEXT
    comparing.check(base, chosen, fail_on or (), watch=watch)
    if watch and chosen is Format.HTML:
        message = "--watch prints judgement after judgement, and --format html is one page"
        raise OperatorError(message, hint="Leave one of them out.")
    from perpetual.offline import preview as offline  # noqa: PLC0415 - only this command needs it

    # Loading an SDK makes a million objects, all to stay; the collector's usual pace would look
    # through them again and again, for a third of the time.
    gc.set_threshold(50_000, 1_000, 1_000)
    options = offline.Options(
        root=Path.cwd(),
        stack=stack,
        overrides=tuple(config or ()),
        answers=answers,
        policy=policy,
        policy_config=policy_config,
        seconds=timeout,
    )
    if watch:
        from perpetual.offline import watch as watcher  # noqa: PLC0415 - only with --watch

        watcher.watch(options, partial(_show_again, form=chosen), _say)
        return 0
    try:
        if base is not None:
            return _compare(options, base, chosen, fail_on or ())
        report = offline.preview(options)
    except OperatorError:
        if trace:
            traceback.print_exc()
        raise
    show_report(report, chosen)
    return 0 if report.judgement.clean else FINDINGS


def _compare(options: "Options", base: str, form: Format, fail_on: "Iterable[Kind]") -> int:
    """Compare with a revision and print what is different; return the exit code."""
    from perpetual.offline.revisions import run  # noqa: PLC0415 - late, as above

    report, comparison = run.compare(options, base)
    from perpetual.offline.revisions import forms  # noqa: PLC0415 - loads the SDK, after the forks

    match form:
        case Format.JSON:
            write(forms.render_json(report, comparison))
        case Format.MARKDOWN:
            write(forms.render_markdown(report, comparison))
        case _:
            show(forms.to_lines(report, comparison))
    clean = report.judgement.clean and not comparing.fails(comparison, fail_on)
    return 0 if clean else FINDINGS


def _show_again(report: "Report", first: bool, *, form: Format) -> None:  # noqa: FBT001 - called by the watcher
    """Print one of many reports: the tree once, then what matters; JSON on one line."""
    from perpetual.offline.reports import document, text  # noqa: PLC0415 - late, as above

    if form is Format.JSON:
        write(document.render(report, indent=None))
    elif form is Format.TEXT and not first:
        show(text.changing_lines(report))
    else:
        show_report(report, form)


def main() -> int:
    """Run the command; every fault ends as one sentence on stderr and its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        return int(app(standalone_mode=False) or 0)
    except OperatorError as error:
        return _say(str(error), error.exit_code)
    except typer.TyperException as error:
        text = getattr(error, "format_message", error.__str__)()
        return _say(f"{text}\nSee: perpetual --help")
    except Exception as error:  # noqa: BLE001 - exit code 1 would read as findings
        if "--trace" in sys.argv:
            traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        return _say(f"an error of perpetual itself: {text}\nRun with --trace to see it whole.")


def _stop(number: int, _frame: FrameType | None) -> None:
    """End at once, with everything that was started.

    An exception would have to pass through the program and the SDK's event loop, and either may
    hold it up.
    """
    processes.end_all()
    os.write(sys.stderr.fileno(), b"perpetual: interrupted\n")
    os._exit(128 + number)


def _say(text: str, code: int = COULD_NOT_RUN) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"perpetual: {text}\n")
    return code
