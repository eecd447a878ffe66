"""A report for people and for programs."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from perpetual.release.lint.rule import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perpetual.offline.reports.text import Line
    from perpetual.release.lint.run import Report

_STYLES: Final = {Severity.ERROR: "red", Severity.ADVICE: "yellow"}


def to_json(report: "Report") -> str:
    """Return the report as JSON."""
    return json.dumps(
        {
            "clean": report.clean,
            "files": report.files,
            "rules": report.rules,
            "findings": [_entry(finding) for finding in report.findings],
            "allowed": [asdict(finding) for finding in report.allowed],
        },
        indent=2,
    )


def to_lines(report: "Report") -> "Iterator[Line]":
    """Yield each finding with why and way out, what is allowed, and the verdict."""
    for finding in report.findings:
        yield (
            ("bold", f"{_visible(finding.file)}:{finding.line}"),
            ("", "  "),
            (_STYLES[finding.severity], finding.severity),
            ("dim", f"  {finding.rule}"),
        )
        yield (("", f"  {_visible(finding.what)}"),)
        yield (("dim", f"  why  {finding.why}"),)
        yield (("", f"  fix  {finding.fix}"),)
        yield ()
    for finding in report.allowed:
        yield (
            ("dim", f"{_visible(finding.file)}:{finding.line}  allowed  {finding.rule}: "),
            ("dim", _visible(finding.reason)),
        )
    yield (("bold", _verdict(report)),)


def _verdict(report: "Report") -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in report.findings)
    advice = len(report.findings) - errors
    counts = [f"{errors} error{'s' * (errors != 1)}"] * bool(errors) + [f"{advice} advice"] * bool(
        advice
    )
    return f"{', '.join(counts) or 'clean'}: {report.rules} rules, {report.files} files"


def _entry(finding: Finding) -> dict[str, object]:
    entry = asdict(finding)
    del entry["reason"]
    return entry


def _visible(text: str) -> str:
    """Return text of a project without what would move the cursor or change colours."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )
