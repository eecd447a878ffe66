"""A project against the rules: findings, and what the project allows itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from perpetual.release.lint import reading
from perpetual.release.lint.allowances import Allowance, allowances
from perpetual.release.lint.project import HEALTH, Project
from perpetual.release.lint.rule import Fault, Finding, Rule, Severity, at
from perpetual.release.lint.rules import RULES

ALLOWANCE: Final = "allowance"
"""Rule under which mistakes in allowances are found."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found; `allowed` are the findings that the project gives a reason for."""

    files: int
    rules: int
    findings: tuple[Finding, ...]
    allowed: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Tell whether nothing would fail; advice does not count."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def lint(root: Path, *, dockerfile: str = "Dockerfile", health: str = HEALTH) -> Report:
    """Read a project and judge it."""
    return judge(reading.read(root, dockerfile=dockerfile, health=health))


def judge(project: Project, rules: Iterable[Rule] = RULES) -> Report:
    """Judge a project; findings come by file and line."""
    rules = tuple(rules)
    found = [
        _finding(rule, fault) for rule in rules for fault in dict.fromkeys(_faults(rule, project))
    ]
    given = [item for file in project.files for item in allowances(file)]
    reasons = {(item.file, item.target, item.rule): item.reason for item in given if item.reason}
    used = {_key(finding) for finding in found} & reasons.keys()
    left = [finding for finding in found if _key(finding) not in used]
    return Report(
        files=len(project.files),
        rules=len(rules),
        findings=_sorted([*left, *_mistakes(given, used, {rule.name for rule in rules})]),
        allowed=_sorted(
            replace(finding, reason=reasons[_key(finding)])
            for finding in found
            if _key(finding) in used
        ),
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by place; those of one line stay in the order of the rules."""
    return tuple(sorted(findings, key=lambda finding: (finding.file, finding.line)))


def _faults(rule: Rule, project: Project) -> Iterator[Fault]:
    """Yield what a rule finds; that it failed is a fault, for then it has decided nothing."""
    try:
        yield from rule.check(project)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other rules still run
        said = f"{type(error).__name__}: {error}"
        yield at(project.anchor, f"the rule itself failed, and has decided nothing: {said}")


def _key(finding: Finding) -> tuple[str, int, str]:
    return finding.file, finding.line, finding.rule


def _finding(rule: Rule, fault: Fault) -> Finding:
    return Finding(
        rule=rule.name,
        severity=rule.severity,
        file=fault.file.path,
        line=fault.line,
        what=fault.what,
        why=rule.why,
        fix=rule.fix,
    )


def _mistakes(
    given: Iterable[Allowance], used: set[tuple[str, int, str]], names: set[str]
) -> Iterator[Finding]:
    """Yield what is wrong with allowances."""
    for item in given:
        if item.rule not in names:
            what = f"there is no rule {item.rule!r}; there are: {', '.join(sorted(names))}"
        elif not item.reason:
            what = f"{item.rule} is allowed without a reason"
        elif (item.file, item.target, item.rule) not in used:
            what = f"{item.rule} is allowed, and there is nothing to allow in line {item.target}"
        else:
            continue
        yield Finding(
            rule=ALLOWANCE,
            severity=Severity.ERROR,
            file=item.file,
            line=item.line,
            what=what,
            why="an allowance that nobody needs, or can judge, hides the next finding",
            fix="write `# perpetual: allow <rule> - <reason>` above the line of the finding, or "
            "remove it",
        )
