"""The rules together: each decides whatever the files hold, and a rule that fails says so."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from perpetual.release.lint import run
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, Severity
from tests.release_units.lint.good import GOOD, changed

MARKS = ["[", "]", "{", "}", "(", ")", '"', ",", "#", ":", "=", "`", "$(", "\n", " ", "do", "end"]
KEYS = ["force_ssl:", "exclude: [", "paths:", "check_origin:", "url: [", "host:", "ssl:", "query:"]
CALLS = ["config", "config :shop, ShopWeb.Endpoint,", "config :shop, Shop.Repo,", "{DNSCluster,"]
VALUES = [
    'System.get_env("A")',
    "Application.get_env(:a, :b)",
    '"text"',
    "true",
    "false",
    ":ignore",
]
PROJECT = ["releases: [", "defp releases do", "defmodule A.Repo do", "use Ecto.Repo", "def seed"]
DOCKER = ["FROM", "RUN mix deps.get", "COPY . .", "CMD", "USER", "ENTRYPOINT [", "STOPSIGNAL"]
RELEASE = ["RELEASE_NODE=", "RELEASE_COOKIE=", "-start_epmd", "+Q", "# perpetual: allow"]
TEXTS = st.lists(
    st.sampled_from([*MARKS, *KEYS, *CALLS, *VALUES, *PROJECT, *DOCKER, *RELEASE]), max_size=30
).map(" ".join)
"""What rules look for, put together at random."""


@given(TEXTS, st.sampled_from([file.path for file in GOOD.files]))
def test_no_rule_fails_whatever_a_file_holds(text: str, path: str) -> None:
    """Each comes to a verdict, with lines that the file has."""
    project = changed({path: text})
    lines = {file.path: file.text.count("\n") + 1 for file in project.files}
    for finding in run.judge(project).findings:
        assert "the rule itself failed" not in finding.what
        assert 1 <= finding.line <= lines[finding.file]


def test_a_rule_that_fails_is_a_finding() -> None:
    """And the others still decide; what it found before counts."""

    def fails(project: Project) -> Iterator[Fault]:
        yield Fault(project.mix, 1, "something")
        raise KeyError("x")

    def finds(project: Project) -> Iterator[Fault]:
        yield Fault(project.mix, 2, "something else")
        yield Fault(project.mix, 2, "something else")

    rules = [
        Rule(name=name, why="", fix="", check=check)
        for name, check in (("fails", fails), ("finds", finds))
    ]
    report = run.judge(GOOD, rules)
    assert [(item.rule, item.what) for item in report.findings] == [
        ("fails", "something"),
        ("finds", "something else"),
        ("fails", "the rule itself failed, and has decided nothing: KeyError: 'x'"),
    ]
    assert not report.clean
    assert {item.severity for item in report.findings} == {Severity.ERROR}
