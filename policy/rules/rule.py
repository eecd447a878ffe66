"""What a rule is, what it finds, and how a set of rules is run over a graph."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from graph import Graph
from rules.thresholds import DEFAULTS, Thresholds


class Severity(StrEnum):
    """How bad a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Level(StrEnum):
    """What a finding does: refuse the stack, advise, or nothing because the rule is off."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Finding:
    """One breach of a rule, or one thing that keeps the rule from being decided.

    `resource` is a URN; it is empty where the rule itself failed. `witness` is the path that
    proves the finding, step by step.
    """

    rule: str
    severity: Severity
    resource: str
    message: str
    witness: tuple[str, ...]
    remediation: str
    undetermined: bool = False

    @property
    def text(self) -> str:
        """Return the finding as text: what on the first line, then one `key: value` a line.

        The keys are `path`, `undetermined` (only where it is so) and `fix`, in this order.
        """
        lines = [self.message]
        if self.witness:
            lines.append(f"path: {' -> '.join(self.witness)}")
        if self.undetermined:
            lines.append("undetermined: it counts as a breach until it can be told")
        return "\n".join([*lines, f"fix: {self.remediation}"])


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: its metadata, and the function that checks it.

    `name` is its stable id, `description` what it demands, `why` what happens otherwise.
    `controls` are what others call it: `FSBP RDS.3` (Security Hub), `CIS 3.2.1` (AWS Foundations
    7.0), `CIS5` (5.0). `types` are the resource types it speaks about; without one of them it does
    not apply. `level` is what it does unless the pack's configuration says otherwise; `production`
    the same in production stacks, where it differs.
    """

    name: str
    title: str
    description: str
    severity: Severity
    why: str
    remediation: str
    url: str
    check: Callable[[Graph, Thresholds], Iterator[Finding]]
    controls: tuple[str, ...] = ()
    level: Level = Level.MANDATORY
    production: Level | None = None
    types: tuple[str, ...] = ()


def judge(rules: Iterable[Rule], graph: Graph, thresholds: Thresholds = DEFAULTS) -> list[Finding]:
    """Return the findings of all rules, in order and each once.

    A rule that raises becomes a finding against itself, after what it found until then; the other
    rules still run.
    """
    findings: dict[Finding, None] = {}
    for rule in rules:
        try:
            for finding in rule.check(graph, thresholds):
                findings.setdefault(finding)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rule has not decided
            findings.setdefault(_failure(rule, error))
    return list(findings)


def _failure(rule: Rule, error: Exception) -> Finding:
    return Finding(
        rule.name,
        Severity.CRITICAL,
        "",
        f"rule {rule.name} failed ({type(error).__name__}: {error}), so it has decided nothing",
        (),
        "report the failure as a defect of the policy pack, with the program that causes it",
        undetermined=True,
    )
