"""Findings as people read them: the same one on several resources is one entry.

Findings are alike when rule and text are, but for the resource's own name and the path of proof.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from perpetual.offline.findings import Finding, Judgement
from perpetual.offline.report import Report, Resource

_PATH: Final = "path: "
_FIX: Final = "fix: "


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One cause: a finding, and everything it was found on; None stands for the stack.

    `message` is the first finding's sentence, `details` its further lines, `remedy` the way out.
    `same` tells whether all of the findings read exactly like the first.
    """

    finding: Finding
    places: tuple[Resource | None, ...]
    message: str
    details: tuple[str, ...]
    remedy: str
    same: bool

    @property
    def grade(self) -> str:
        """Return how bad it is, in one word."""
        return self.finding.severity or self.finding.level

    @property
    def kind(self) -> str:
        """Return what it does, and whether anything was judged at all."""
        return self.finding.level + (", undetermined" if self.finding.undetermined else "")


def entries(report: Report) -> list[Entry]:
    """Return the findings as entries, worst first."""
    resources = {resource.urn: resource for resource in report.resources}
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for finding in report.judgement.findings:
        alike.setdefault(_key(finding, resources.get(finding.urn)), []).append(finding)
    listed = [_entry(findings, resources) for findings in alike.values()]
    # A rule's entries stay together, those that could not be told after the others.
    return sorted(listed, key=lambda item: (*item.finding.rank[:3], item.finding.undetermined))


def place(resource: Resource | None) -> str:
    """Return what a finding is about: `one-pet (random.RandomPet)`."""
    return f"{resource.name} ({resource.short_type})" if resource else "the stack"


def line(resource: Resource | None) -> str:
    """Return where it was made, as `components/network.py:12`; empty where nobody knows."""
    return f"{resource.source[0]}:{resource.source[1]}" if resource and resource.source else ""


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


def judged(judgement: Judgement) -> str:
    """Return by how much was judged: `80 rules`, or `3 policies` where a pack lists none."""
    if judgement.rules:
        return counted(sum(rule.level != "disabled" for rule in judgement.rules), "rule")
    return counted(len(judgement.policies), "policy", "policies")


def visible(text: str) -> str:
    r"""Return text with what steers a terminal, or breaks XML, as escapes such as `\x1b`.

    Line feeds and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character in "\n\t" or unicodedata.category(character)[0] != "C"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def _key(finding: Finding, resource: Resource | None) -> tuple[object, ...]:
    lines = (row for row in finding.witness.splitlines() if not row.startswith(_PATH))
    text = "\n".join(lines)
    if resource:
        name = re.escape(resource.name)
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", "\0", text)
    return (finding.rule, finding.level, finding.severity, finding.gave_up, text)


def _entry(findings: Iterable[Finding], resources: Mapping[str, Resource]) -> Entry:
    listed = list(findings)
    first = listed[0]
    rows = first.witness.splitlines()
    fixes = [row.removeprefix(_FIX) for row in rows if row.startswith(_FIX)]
    rows = [row for row in rows if not row.startswith(_FIX)]
    return Entry(
        finding=first,
        places=tuple(dict.fromkeys(resources.get(item.urn) for item in listed)),
        message=rows[0] if rows else first.description,
        details=(
            *rows[1:],
            *([f"controls: {', '.join(first.controls)}"] if first.controls else []),
        ),
        remedy=fixes[0] if fixes else first.remediation,
        same=len({item.witness for item in listed}) == 1,
    )
