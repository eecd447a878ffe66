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
_EXCEPTED: Final = re.compile(
    r"\nexcepted: until (?P<until>\d{4}-\d\d-\d\d)\nowner: (?P<owner>.+)"
    r"(?:\nticket: (?P<ticket>.+))?\nreason: (?P<reason>.+)\Z"
)
"""How a finding ends that an exception silences."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a pack says about one of its policies, or about a rule of a policy that holds many.

    `level` as in a finding, or `disabled`.
    """

    name: str
    level: str
    title: str = ""
    severity: str = ""
    description: str = ""
    remediation: str = ""
    url: str = ""
    controls: tuple[str, ...] = ()


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
class Excepted:
    """A finding that an exception silences: until which day (ISO 8601), on whose word, and why."""

    finding: Finding
    until: str
    owner: str
    reason: str
    ticket: str = ""

    @property
    def terms(self) -> str:
        """Return the exception as one line."""
        ticket = f" ({self.ticket})" if self.ticket else ""
        return f"until {self.until} by {self.owner}{ticket}: {self.reason}"


def excepted(finding: Finding) -> Excepted | None:
    """Return a finding as one that is excepted, if the pack says so; only advice can be.

    Its text ends in lines `excepted: until 2027-01-31`, `owner:`, perhaps `ticket:`, and `reason:`.
    What refuses the stack is never taken for excepted, whatever is in its text.
    """
    found = _EXCEPTED.search(finding.witness)
    if not found or finding.fails:
        return None
    return Excepted(
        finding=replace(finding, witness=finding.witness[: found.start()]),
        until=found["until"],
        owner=found["owner"],
        reason=found["reason"],
        ticket=found["ticket"] or "",
    )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The findings, worst first, and which pack made them by which policies.

    `rules` are those of policies that hold many and list them; `excepted` are findings that count
    neither as refusal nor as advice.
    """

    pack: str
    policies: tuple[Policy, ...]
    findings: tuple[Finding, ...]
    rules: tuple[Policy, ...] = ()
    excepted: tuple[Excepted, ...] = ()

    @property
    def clean(self) -> bool:
        """Return whether nothing refuses the stack; advice does not."""
        return not any(finding.fails for finding in self.findings)

    @property
    def cases(self) -> tuple[Policy, ...]:
        """Return what was judged by: the rules, or the policies of a pack that lists none."""
        return self.rules or self.policies
