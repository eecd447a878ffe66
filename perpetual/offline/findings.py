"""What a policy pack says about a stack."""

from dataclasses import dataclass
from typing import Final

SEVERITIES: Final = ("critical", "high", "medium", "low", "")
"""Severities a pack can give, worst first; it may also give none."""


_UNDETERMINED: Final = "undetermined:"
"""How a line of a finding begins by which the pack says that it could not tell."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a pack says about one of its policies; `level` as in a finding, or `disabled`."""

    name: str
    level: str
    title: str = ""
    severity: str = ""
    description: str = ""
    remediation: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One violation.

    `level` is `mandatory` or `advisory`. `gave_up` marks a policy that met an unknown value and
    ended: the SDK calls that advisory, but as nothing was judged it counts like a violation.
    `witness` is the rule's own text, `remediation` the way out that the policy names.
    """

    policy: str
    level: str
    severity: str = ""
    urn: str = ""
    description: str = ""
    witness: str = ""
    remediation: str = ""
    url: str = ""
    gave_up: bool = False

    @property
    def undetermined(self) -> bool:
        """Return whether this is a violation only because the policy could not tell."""
        return self.gave_up or any(
            line.startswith(_UNDETERMINED) for line in self.witness.splitlines()
        )

    @property
    def fails(self) -> bool:
        """Return whether this finding alone makes the verdict a refusal."""
        return self.gave_up or self.level == "mandatory"

    @property
    def rank(self) -> tuple[bool, int, str, str]:
        """Return a sort key that puts the worst first."""
        severity = SEVERITIES.index(self.severity) if self.severity in SEVERITIES else -1
        return (not self.fails, severity, self.policy, self.urn)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The findings, worst first, and which pack made them by which policies."""

    pack: str
    policies: tuple[Policy, ...]
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Return whether nothing refuses the stack; advice does not."""
        return not any(finding.fails for finding in self.findings)
