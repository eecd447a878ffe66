"""What a project allows itself: with a reason, where the finding is, and no longer than needed."""

import pytest

from perpetual.release.lint import run
from perpetual.release.lint.rule import Severity
from tests.release_units.lint.good import changed, found, line_of

RUNTIME = "config/runtime.exs"
SSL = 'ssl: [cacertfile: env.("PGSSLROOTCERT")]'
REASON = "the database is a proxy with a public certificate"


def allowing(
    above: str = "", behind: str = "", ssl: str = "ssl: true,"
) -> dict[str, dict[str, str]]:
    """Return a change that plants a trap with comments above and behind it."""
    return {RUNTIME: {f"    {SSL},": f"{above}    {ssl}{behind}"}}


@pytest.mark.parametrize(
    ("above", "behind"),
    [
        (f"    # perpetual: allow database-tls - {REASON}\n", ""),
        (f"    # perpetual: allow database-tls - {REASON}\n    # More of it.\n\n", ""),
        (f"    ## perpetual:allow database-tls: {REASON}\n", ""),
        ("", f"  # perpetual: allow database-tls {REASON}"),
    ],
)
def test_a_reason_silences_one_finding(above: str, behind: str) -> None:
    """On its line, or above it; the report keeps both."""
    project = changed(allowing(above, behind))
    report = run.judge(project)
    assert report.findings == ()
    assert [(item.rule, item.line, item.reason) for item in report.allowed] == [
        ("database-tls", line_of(project, RUNTIME, "ssl: true"), REASON)
    ]
    assert report.clean


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# perpetual: allow database-tls", "allowed without a reason"),
        ("# perpetual: allow database-tls -", "allowed without a reason"),
        (f"# perpetual: allow database-ssl - {REASON}", "there is no rule 'database-ssl'; there"),
        ("# perpetual: allow", "there is no rule ''"),
        (f"# perpetual: allow url-host - {REASON}", "there is nothing to allow in line"),
    ],
)
def test_an_allowance_that_does_not_hold_is_a_finding(comment: str, said: str) -> None:
    """And what it does not silence stays one."""
    project = changed(allowing(f"    {comment}\n"))
    report = run.judge(project)
    by_rule = {item.rule: item for item in report.findings}
    assert by_rule.keys() == {"allowance", "database-tls"}
    assert said in by_rule["allowance"].what
    assert by_rule["allowance"].line == line_of(project, RUNTIME, comment)
    assert by_rule["allowance"].severity is Severity.ERROR


def test_an_allowance_that_nothing_needs_is_a_finding() -> None:
    """What was put right needs no excuse any more."""
    project = changed(allowing(f"    # perpetual: allow database-tls - {REASON}\n", ssl=f"{SSL},"))
    assert [rule for rule, *_ in found(project)] == ["allowance"]


def test_a_text_allows_nothing() -> None:
    """Only a comment does."""
    project = changed(
        allowing(f'    parameters: [a: "# perpetual: allow database-tls - {REASON}"],\n')
    )
    assert [rule for rule, *_ in found(project)] == ["database-tls"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("Dockerfile", "EXPOSE 5000", "# perpetual: allow {} - {}\nSTOPSIGNAL SIGINT"),
        ("rel/vm.args.eex", "+Q 65536", "+Q 65536\n## perpetual: allow {} - {}\n-sname shop"),
        ("rel/env.sh.eex", "export RELEASE_NODE\n", "source /x # perpetual: allow {} - {}\n"),
        ("mix.exs", "      app: :shop", "      # perpetual: allow {} - {}\n      app: :shop"),
    ],
)
def test_every_kind_of_file_can_allow(file: str, old: str, new: str) -> None:
    """What is missing is reported, and allowed, where mix.exs names the project."""
    planted = changed({file: {old: new.format("x", "")}})
    if file == "mix.exs":
        planted = changed({"mix.lock": None}, planted)
    rule = next(rule for rule, *_ in found(planted) if rule != "allowance")
    allowed = changed({file: {new.format("x", ""): new.format(rule, REASON)}}, planted)
    assert found(allowed) == []


def test_an_allowance_with_nothing_below_is_a_finding() -> None:
    """It has no line to speak of."""
    project = changed(
        {".dockerignore": f"*\n!mix.lock\n# perpetual: allow docker-lock - {REASON}\n"}
    )
    assert found(project) == [("allowance", ".dockerignore", 3)]
