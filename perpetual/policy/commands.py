"""`perpetual policy ...`: options in, plain functions, lines or JSON out."""

import gc
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from perpetual.errors import OperatorError
from perpetual.output import Format, show, show_report, write

if TYPE_CHECKING:
    from graph import Graph

FINDINGS: Final = 1
"""Exit code of a check with findings, and of an answer that is not the expected one."""

app = typer.Typer(no_args_is_help=True, help="The policy pack: its rules, its reach, its verdict.")

_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


class Framework(StrEnum):
    """A control framework that the rules are compared with."""

    FSBP = "fsbp"
    CIS = "cis"
    PCI = "pci"


class Expected(StrEnum):
    """An answer that a question about reachability should have."""

    YES = "yes"
    NO = "no"


@app.command("list")
def list_rules(
    *,
    severity: Annotated[str | None, typer.Option(help="Only rules this severe.")] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="Only rules about this type, or part of it.")
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="Only rules for a control, such as `RDS.2` or `CIS`.")
    ] = None,
    as_json: _Json = False,
) -> int:
    """List the rules, by area. Exit code: 0, or 2 if an option is misspelt."""
    from perpetual.policy import rulebook  # noqa: PLC0415 - loads every rule

    rules = rulebook.chosen(rulebook.Filter(severity=severity, type=kind, control=control))
    if as_json:
        _json({"rules": [rulebook.entry(rule) for rule in rules]})
    else:
        show(rulebook.listed(rules))
    return 0


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="Id of the rule.")], *, as_json: _Json = False
) -> int:
    """Say all there is to say about one rule. Exit code: 0, or 2 if there is none of this id."""
    from perpetual.policy import rulebook  # noqa: PLC0415 - loads every rule

    found = rulebook.find(rule)
    if as_json:
        _json(rulebook.entry(found))
    else:
        show(rulebook.explained(found))
    return 0


@app.command()
def coverage(
    *,
    framework: Annotated[
        Framework | None, typer.Option(help="Only this framework; all by default.")
    ] = None,
    as_json: _Json = False,
) -> int:
    """Show which controls are met, by which rules, and why others are not. Exit code: 0."""
    from perpetual.policy import covered  # noqa: PLC0415 - loads every rule

    wanted = [framework] if framework else list(Framework)
    if as_json:
        _json({"frameworks": [covered.entry(item) for item in wanted]})
    else:
        show(line for item in wanted for line in covered.lines(item))
    return 0


@app.command()
def reach(  # noqa: PLR0913 - one parameter per option
    *,
    source: Annotated[str, typer.Option("--from", help="Who opens the connection.")],
    destination: Annotated[str, typer.Option("--to", help="Who is to be reached.")],
    port: Annotated[str | None, typer.Option(help="Port or range; any by default.")] = None,
    protocol: Annotated[str, typer.Option(help="tcp, udp, icmp, all, or a number.")] = "tcp",
    logins: Annotated[
        bool, typer.Option("--logins", help="Also through hosts that one can log in to.")
    ] = False,
    stack: Annotated[str | None, typer.Option(help="Stack to ask about.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Exported state to ask about; `-` for stdin.")
    ] = None,
    expect: Annotated[
        Expected | None, typer.Option(help="Exit with 1 unless this is the answer.")
    ] = None,
    as_json: _Json = False,
) -> int:
    """Answer whether one part of a stack can reach another, by which way, or why not.

    A place is `internet`, addresses, a tier (public, private, data), or a resource: its name, its
    type and name, or its URN. Exit code: 0 answered, 1 other than expected, 2 could not ask.
    """
    if stack is not None and state is not None:
        raise OperatorError("--stack and --state name two networks", hint="Leave one of them out.")
    from perpetual.policy import reach as reachability  # noqa: PLC0415 - loads the graph

    question = reachability.Question(
        source=source, destination=destination, ports=port, protocol=protocol, logins=logins
    )
    reachability.ports(port)  # before a program runs for it
    graph = _graph(stack, state)
    answer = reachability.ask(graph, question)
    if as_json:
        _json(reachability.entry(question, answer))
    else:
        show(reachability.lines(question, answer, graph))
    return FINDINGS if expect and answer.verdict.value != expect.value else 0


@app.command()
def check(
    *,
    state: Annotated[str, typer.Option(help="File of `pulumi stack export`; `-` for stdin.")],
    form: Annotated[Format, typer.Option("--format", help="Form of the result.")] = Format.TEXT,
    policy: Annotated[
        Path | None, typer.Option(help="Folder of the policy pack; the project's by default.")
    ] = None,
    policy_config: Annotated[
        Path | None, typer.Option(help="JSON file that configures the policy pack.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Longest wait for the policy pack, in seconds.", min=0.1)
    ] = 60.0,
) -> int:
    """Judge an exported state: no program, no account, no engine.

    Secrets that the export encrypts are unknown. Exit code: 0 without findings, 1 with findings, 2
    if it could not run.
    """
    from perpetual.offline import project  # noqa: PLC0415 - only this command needs it
    from perpetual.policy import check as checking  # noqa: PLC0415 - loads gRPC

    folder = policy or project.find_root(Path.cwd()) / "policy"
    report = checking.check(state, folder, timeout, policy_config)
    show_report(report, form)
    return 0 if report.judgement.clean else FINDINGS


def _graph(stack: str | None, state: str | None) -> "Graph":
    """Return the graph of an exported state, or of the project's stack by running its program."""
    if state is not None:
        from graph import Graph  # noqa: PLC0415 - as above
        from graph.state import resources  # noqa: PLC0415 - as above
        from perpetual.policy.state import load, read  # noqa: PLC0415 - loads the SDK's protocol

        found = load(state)
        read(found)  # refuses what contradicts itself
        return Graph.of(resources(found))
    from perpetual.offline import graphs, preview  # noqa: PLC0415 - loads the SDK

    gc.set_threshold(50_000, 1_000, 1_000)  # as in `preview`: what an SDK makes is there to stay
    planned = preview.plan(preview.Options(root=Path.cwd(), stack=stack))
    return graphs.of(preview.run_program(planned))


def _json(found: Mapping[str, Any]) -> None:
    write(json.dumps(found, indent=2))
