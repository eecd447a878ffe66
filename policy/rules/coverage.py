"""Which controls of others the rules meet: read from the rules, beside what the controls are.

What a rule meets is said once, in its `controls`. The lists here say what there is to meet, what
the rules leave out of a control, and why a control cannot be met by looking at a stack.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rules.catalogue import CATALOGUE, LAWS
from rules.controls import HUB, Control
from rules.controls_cis import CIS
from rules.rule import Level, Rule

RULES: Final = (*LAWS, *CATALOGUE)


class Status(StrEnum):
    """How far a control is met."""

    MET = "met"
    PARTIAL = "partial"
    OPEN = "open"
    OUT = "out of scope"


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A list of controls: how rules spell its name, and what it leaves to other lists."""

    key: str
    title: str
    prefix: str
    url: str
    controls: tuple[Control, ...]
    beyond: str


@dataclass(frozen=True)
class Row:
    """One control, how far it is met, by which rules, and what there is to say about the rest."""

    control: Control
    status: Status
    rules: tuple[Rule, ...]
    note: str


_GUIDE: Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/"
_SERVICES: Final = (
    "Controls of services that no rule speaks about are left out: API Gateway, CloudFront, EKS, "
    "Lambda, Redshift, and so on."
)
FRAMEWORKS: Final = (
    Framework(
        key="fsbp",
        title="AWS Foundational Security Best Practices (Security Hub)",
        prefix="FSBP",
        url=f"{_GUIDE}fsbp-standard.html",
        controls=tuple(item for item in HUB if item.fsbp),
        beyond=_SERVICES,
    ),
    Framework(
        key="cis",
        title="CIS AWS Foundations Benchmark 7.0",
        prefix="CIS",
        url="https://www.cisecurity.org/benchmark/amazon_web_services",
        controls=CIS,
        beyond="All recommendations are listed, in words of our own.",
    ),
    Framework(
        key="pci",
        title="PCI DSS 4.0.1, as Security Hub checks it",
        prefix="FSBP",
        url=f"{_GUIDE}pci-standard.html",
        controls=tuple(item for item in HUB if item.pci),
        beyond=f"{_SERVICES} Whoever handles card data needs an assessor, not a table.",
    ),
)


def rows(framework: Framework, rules: Iterable[Rule] = RULES) -> Iterator[Row]:
    """Yield the controls of a framework with what the rules make of each."""
    held = list(rules)
    for control in framework.controls:
        name = f"{framework.prefix} {control.id}"
        yield _row(control, tuple(rule for rule in held if name in rule.controls))


def _row(control: Control, rules: tuple[Rule, ...]) -> Row:
    if rules and control.lacks:
        return Row(control, Status.PARTIAL, rules, control.lacks)
    if rules:
        off = all(rule.level is Level.DISABLED and not rule.production for rule in rules)
        return Row(control, Status.MET, rules, "off unless switched on" if off else "")
    if control.outside:
        return Row(control, Status.OUT, (), control.outside)
    return Row(control, Status.OPEN, (), control.lacks or "no rule yet")


def counts(found: Iterable[Row]) -> dict[Status, int]:
    """Return how many controls there are of each status."""
    held = list(found)
    return {status: sum(row.status is status for row in held) for status in Status}


def document() -> str:
    """Return docs/coverage.md."""
    return "\n".join([_HEAD, *(line for item in FRAMEWORKS for line in _section(item))]) + "\n"


_HEAD: Final = """\
# Controls and the rules that meet them

Generated from the rules' own `controls` and the lists in `policy/rules/controls*.py` by
`make schema`; a test fails while they drift. `perpetual policy coverage` shows the same.

*Met*: rules refuse, or advise, where the control is not kept. *Partial*: they do, but not in all
that the control asks. *Open*: a stack shows it, and no rule looks. *Out of scope*: a stack does not
show it. A rule looks at what will be deployed; it is no audit of what is.
"""


def _section(framework: Framework) -> Iterator[str]:
    found = list(rows(framework))
    yield f"## [{framework.title}]({framework.url})\n"
    yield ", ".join(f"{number} {status}" for status, number in counts(found).items() if number)
    yield f"of {len(found)}. {framework.beyond}\n"
    yield "| Control | About | Status | Rules | Remark |"
    yield "| --- | --- | --- | --- | --- |"
    for row in found:
        names = ", ".join(f"`{rule.name}`" for rule in row.rules)
        cells = (row.control.id, row.control.about, row.status.value, names, row.note)
        yield f"| {' | '.join(cells)} |"
    yield ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(document())
