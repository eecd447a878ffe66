"""What a run says: reports, failures, displays, history, explanations."""

import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from perpetual.deploy import explain, listing, report
from perpetual.deploy.budget import Verdict, verdict
from perpetual.deploy.clock import RealClock, Stopwatch
from perpetual.deploy.display import Plain, Table
from perpetual.deploy.follow import Row
from perpetual.deploy.history import Result
from perpetual.deploy.journal import Kind, Schema
from perpetual.deploy.migration import Migration, Stage, schema
from perpetual.deploy.outcome import Exit, FailedError, Phase
from perpetual.deploy.report import Report
from perpetual.deploy.run import GUARD, PATIENCE
from perpetual.deploy.stack_settings import read
from perpetual.errors import OperatorError
from settings.models import Settings
from tests.deploy.desk import Bench
from tests.deploy.world import STACK, Aws
from tests.support.stacks import ROOT

SCHEMA = json.loads(Path(report.__file__).with_name("schema.json").read_text())

DONE = Report(
    kind=Kind.DEPLOY,
    stack="prod",
    url="https://app.example.com",
    tag="c0ffee-1",
    digest="sha256:1",
    commit="c0ffee",
    number=7,
    seconds=41.5,
    phases={"push": 0.6, "serve": 11.0, "drain": 29.9},
    first=12.0,
    after_push=11.4,
    schema=Schema.MOVED,
    budget=30.0,
)


def plain(lines: Iterable[tuple[tuple[str, str], ...]]) -> str:
    """Return lines without their styles."""
    return "\n".join("".join(piece for _, piece in line) for line in lines)


def test_a_report_tells_phases_total_and_verdict() -> None:
    """And that the budget was exceeded, in words and as exit code."""
    text = plain(report.lines(DONE))
    assert "drain        29.9 s" in text
    assert "released c0ffee-1 as release 7 in 41.5 s: ok" in text
    assert "first served by new code after 12.0 s" in text
    assert "over the budget of 30 s" in text
    assert DONE.exit_code is Exit.OVER_BUDGET
    document = json.loads(report.to_json(DONE))
    jsonschema.validate(document, SCHEMA)
    assert document["result"] == "released"
    assert document["exit"] == 1
    assert document["phases"] == {"push": 0.6, "serve": 11.0, "drain": 29.9}
    assert (document["verdict"], document["firstServingAfterPush"]) == ("ok", 11.4)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(30, Verdict.GOOD), (31, Verdict.OK), (60, Verdict.OK), (61, Verdict.SLOW),
     (300, Verdict.SLOW), (301, Verdict.INSUFFERABLE)],
)  # fmt: skip
def test_the_verdict_is_the_talks(seconds: float, said: Verdict) -> None:
    """30 s good, 60 s OK, over 300 s insufferable."""
    assert verdict(seconds) is said


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (OperatorError("no"), "refused"),
        (FailedError("no", phase=Phase.SERVE, exit_code=Exit.KEPT), "failed"),
        (FailedError("no", phase=Phase.SERVE, exit_code=Exit.NEEDS_HUMAN), "unclear"),
        (FailedError("no", phase=Phase.SERVE, exit_code=130), "interrupted"),
    ],
)
def test_a_failure_is_never_a_success_in_json(error: OperatorError, result: str) -> None:
    """The result has a word of its own for each way to end."""
    document = json.loads(report.failure_to_json(error))
    jsonschema.validate(document, SCHEMA)
    assert document["result"] == result
    assert document["exit"] == error.exit_code
    assert document["exit"] != 0


def test_the_schema_names_every_word_that_can_be_said() -> None:
    """A phase, result or verdict that comes later is added to it."""
    known = SCHEMA["$defs"]
    run = known["released"]["properties"]
    past = known["releases"]["properties"]["releases"]["items"]["properties"]
    assert known["phase"]["enum"] == list(Phase)
    assert known["kind"]["enum"] == list(Kind)
    assert known["schema"]["enum"] == list(Schema)
    assert run["verdict"]["enum"] == list(Verdict)
    assert past["result"]["enum"] == list(Result)


def test_exit_codes_tell_every_end_apart() -> None:
    """They are documented, so they do not change."""
    assert {item.name: int(item) for item in Exit} == {
        "RELEASED": 0,
        "OVER_BUDGET": 1,
        "REFUSED": 2,
        "KEPT": 3,
        "NEEDS_HUMAN": 4,
    }


def test_a_resumed_run_does_not_claim_the_seconds_of_both() -> None:
    """Nobody measured the one that was killed."""
    text = plain(report.lines(replace(DONE, resumed=True)))
    assert "without the seconds of the interrupted run that began it" in text
    assert "first served by new code" not in text


# --- displays


def test_plain_lines_carry_seconds_and_phase() -> None:
    """One a line, for pipelines."""
    stream = io.StringIO()
    shown = Plain(RealClock(), stream)
    shown.phase(Phase.PUSH)
    shown.line("pushed c0ffee-1")
    shown.rows([])
    shown.close()
    assert stream.getvalue().split(maxsplit=2) == ["0.0", "s", "push      pushed c0ffee-1\n"]


def test_a_terminal_has_a_table_of_the_tasks_below_the_lines() -> None:
    """New and old, status and target."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, color_system=None)
    shown = Table(RealClock(), console)
    shown.phase(Phase.SERVE)
    shown.rows(
        [
            Row(task="0123456789ab", new=True, status="RUNNING", target="healthy", zone="a"),
            Row(task="ffff456789ab", new=False, status="DEACTIVATING", target="", zone="b"),
        ]
    )
    shown.line("new task 01234567 runs")
    shown.close()
    text = output.getvalue()
    assert "new task 01234567 runs" in text
    assert "ffff4567" in text
    assert "deactivating" in text
    assert "healthy" in text


def test_a_stopwatch_counts_phases_however_they_end() -> None:
    """In their order, to a tenth."""
    watch = Stopwatch(RealClock())
    with pytest.raises(ZeroDivisionError), watch.phase(Phase.SERVE):
        _ = 1 // 0
    watch.took(Phase.PUSH, 1.24)
    watch.took(Phase.PUSH, 1.0)
    assert list(watch.rounded) == ["push", "serve"]
    assert watch.rounded["push"] == 2.2


# --- words of migrations


SAID = [
    (0, ["nothing to migrate"], Schema.SAME),
    (0, ["12:00:00.000 [info] Migrations already up"], Schema.SAME),
    (0, ["migrated to 20261129120000"], Schema.MOVED),
    (0, ["12:00:00.000 [info] == Running 20261129120000 App.First.change/0 forward",
         "12:00:00.010 [info] == Migrated 20261129120000 in 0.0s"], Schema.MOVED),
    (0, ["done"], Schema.UNKNOWN),
    (0, [], Schema.UNKNOWN),
    (1, ["migrated to 20261129120000"], Schema.UNFINISHED),
    (None, [], Schema.SAME),
]  # fmt: skip


@pytest.mark.parametrize(("code", "lines", "found"), SAID)
def test_a_migrations_words_tell_what_became_of_the_schema(
    code: int | None, lines: list[str], found: Schema
) -> None:
    """The example's and Ecto's; others do not tell, and that is said too."""
    assert schema(Migration(task="t", stage=Stage.STOPPED, code=code), lines) is found


# --- history


def test_the_history_is_listed_newest_first_with_a_mark(aws: Aws, bench: Bench) -> None:
    """At what was released last."""
    bench.deploy()
    bench.deploy("release:newer")
    bench.rollback()
    found = listing.read(bench.desk.clients, STACK, aws.clock, 2)
    text = plain(listing.lines(found)).splitlines()
    assert len(text) == 2
    assert text[0].lstrip().startswith("3 * released")
    assert "rollback to 111111111111-release:new" in text[0]
    assert text[1].lstrip().startswith("2   released")
    document = json.loads(listing.to_json(found))
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert [item["serving"] for item in document["releases"]] == [True, False]


def test_an_empty_history_says_so(aws: Aws, bench: Bench) -> None:
    """Not an empty screen."""
    found = listing.read(bench.desk.clients, STACK, aws.clock, 5)
    assert plain(listing.lines(found)) == "nothing was released to prod yet"


# --- explanations


def settings(stack: str, **service: object) -> Settings:
    """Return a stack's settings with changes of its service."""
    known = read(ROOT, stack).settings
    return known.model_copy(update={"service": known.service.model_copy(update=service)})


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_both_stacks_meet_a_minute(stack: str) -> None:
    """The defaults are within what the talk calls OK, and early within what it calls good."""
    found = explain.explain(settings(stack), None, early=False)
    assert found.meets
    assert found.seconds <= 60
    assert explain.explain(settings(stack), 30, early=True).meets


def test_an_explanation_says_waves_longest_part_and_way_out() -> None:
    """What to change, by its setting's name, and what that would make it."""
    found = explain.explain(settings("prod"), 30, early=False)
    text = plain(explain.lines(found))
    assert "3 tasks, at least 2 healthy, at most 4 running" in text
    assert "wave 1: 1 old stop, 2 new start" in text
    assert "the last old task has left" in text
    assert "deregistration of old tasks" in text
    assert "over 30 s" in text
    assert "balancer.deregistrationSeconds: 13 (now 30): then 30 s" in text
    document = json.loads(explain.to_json(found))
    assert document["meets"] is False
    assert document["changes"][0]["setting"] == "balancer.deregistrationSeconds"


def test_where_no_single_setting_suffices_that_is_said() -> None:
    """With what all of them together make."""
    slow = settings("dev", desired=10, minimum_healthy_percent=90, maximum_percent=110)
    text = plain(explain.lines(explain.explain(slow, 20, early=False)))
    assert "no single setting suffices" in text


def test_full_hosts_that_have_to_grow_first_are_told() -> None:
    """Where nothing old may stop before something new runs."""
    known = settings("dev", desired=4, minimum_healthy_percent=100, maximum_percent=150)
    found = explain.explain(known, None, early=False)
    assert found.grows
    assert "a host has to start first" in plain(explain.lines(found))


def test_the_commands_defaults_are_the_runs() -> None:
    """Spelled twice, so that help does not load AWS's SDK."""
    from perpetual.deploy import commands  # noqa: PLC0415 - this test alone looks into it

    assert (commands._PATIENCE, commands._GUARD) == (PATIENCE, GUARD)  # noqa: SLF001 - as above
