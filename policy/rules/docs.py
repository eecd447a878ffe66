"""docs/policy.md, written from the registry: `python -m rules.docs > docs/policy.md`."""

import sys
from collections.abc import Iterator
from typing import Final

from rules import CATALOGUE, LAWS, Level, Rule

_HEAD: Final = """\
# The rules of the policy pack

Generated from the registry in `policy/rules/` by `make schema`; a test fails while they
drift.

Every rule judges the planned resources, ids known or not. What it cannot tell is a finding, marked
`undetermined`. The laws are policies of their own. The catalogue is two policies over one graph:
`catalogue` refuses a stack, `catalogue-advice` advises. What a rule does is its own level, unless
the configuration of `catalogue` gives it another one, for both policies:

```json
{"catalogue": {"rules": {"rds-multi-az": "mandatory", "ecs-image-pinned": "disabled"}}}
```

`pulumi preview --policy-pack policy --policy-pack-config that.json`. An unknown rule or level is a
finding, and the rule keeps its own level.

Controls: `FSBP` is AWS Security Hub's Foundational Security Best Practices, `CIS` the AWS
Foundations Benchmark 7.0, `CIS5` the same in 5.0, `PCI` a rule of cdk-nag's PCI DSS pack.
"""


def document() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_section("Laws", LAWS), *_section("Catalogue", CATALOGUE)]) + "\n"


def _section(title: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    counts = ", ".join(
        f"{number} {level.value}"
        for level in Level
        if (number := sum(rule.level is level for rule in rules))
    )
    yield f"## {title}\n\n{counts}.\n"
    yield "| Rule | What it demands | Why | Way out | Severity | Level | Controls |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from (_row(rule) for rule in rules)
    yield ""


def _row(rule: Rule) -> str:
    cells = (
        f"[`{rule.name}`]({rule.url})",
        rule.description,
        f"{rule.why.rstrip('.')}.",
        rule.remediation,
        rule.severity.value,
        rule.level.value,
        ", ".join(rule.controls),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(document())
