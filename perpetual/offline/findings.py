"""What a policy pack says about a stack."""

import re
from dataclasses import dataclass, replace
from typing import Final

SEVERITIES: Final = ("critical", "high", "medium", "low", "")
"""Severities a pack can give, worst first; it may also give none."""


_UNDETERMINED: Final = "undetermined:"
"""How a line of a finding begins by which the pack says that it could not tell."""


# How a policy that many rules share begins a finding, and two of the lines it may end with.
_RULE: Final = re.compile(r"([a-z][a-z0-9]*(?:-[a-z0-9]+)*) \((critical|high|medium|low)\): ")
_CONTROLS: Final = "controls: "
_SEE: Final = "see: "


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
    `witness` is the rule's own text, `remediation` the way out that the policy names. `rule` is
    the policy's name, unless many rules share the policy; `controls` are others' names for it.
    """

    policy: str
    level: str
    rule: str = ""
    severity: str = ""
    urn: str = ""
    description: str = ""
    witness: str = ""
    remediation: str = ""
    url: str = ""
    controls: tuple[str, ...] = ()
    gave_up: bool = False

    def __post_init__(self) -> None:
        """Name the rule after the policy where it has no name of its own."""
        if not self.rule:
            object.__setattr__(self, "rule", self.policy)

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
        return (not self.fails, severity, self.rule, self.urn)


def unpacked(finding: Finding) -> Finding:
    """Return a finding of a shared policy as its rule's, whose name and severity it begins with.

    The pack reads `rule-id (severity): what is wrong`, and may end with lines `controls:` and
    `see:`. Description and remediation are the policy's, so they say nothing about the rule and
    are left out. Any other finding stays as it is.
    """
    found = _RULE.match(finding.witness)
    if not found:
        return finding
    lines = finding.witness[found.end() :].splitlines()
    controls = [line.removeprefix(_CONTROLS) for line in lines if line.startswith(_CONTROLS)]
    urls = [line.removeprefix(_SEE) for line in lines if line.startswith(_SEE)]
    return replace(
        finding,
        rule=found[1],
        severity=found[2],
        description="",
        remediation="",
        url=urls[0] if urls else finding.url,
        controls=tuple(", ".join(controls).split(", ")) if controls else (),
        witness="\n".join(line for line in lines if not line.startswith((_CONTROLS, _SEE))),
    )


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
