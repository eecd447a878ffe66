"""docs/policy.md, written from the registry: `python -m rules.docs > docs/policy.md`."""

import json
import sys
from collections.abc import Iterator
from typing import Final

from rules import CATALOGUE, LAWS, Level, Rule
from rules.configuration import RULES, accepted, schema

_HEAD: Final = """\
# The rules of the policy pack

Generated from the registry in `policy/rules/` by `make schema`; a test fails while they
drift.

Every rule judges the planned resources, ids known or not. What it cannot tell is a finding, marked
`undetermined`. The rules run as two policies over one graph: `stack` refuses a stack, `advice`
advises. A law is always mandatory. What another rule does is its own level, which may be another
one in production, unless the configuration of `stack` moves it:

```json
{"stack": {"rules": {"rds-multi-az": "mandatory", "ecs-image-pinned": "disabled"}}}
```

`perpetual preview --policy-config that.json`, `pulumi preview --policy-pack policy
--policy-pack-config that.json`. A mistake in it is a finding, and the rule keeps its level. So it
is where a stack of production (its name matches `production`, below) would lose a mandatory rule:
only an exception with an owner and an end does that (`policy/exceptions.yaml`).

Controls: `FSBP` is a control of AWS Security Hub, most of them of its Foundational Security Best
Practices and many of PCI DSS 4.0.1; `CIS` is the AWS Foundations Benchmark 7.0, `CIS5` the same in
5.0. [coverage.md](coverage.md) shows what is met.
"""


def document() -> str:
    """Return the page."""
    sections = [*_section("Laws", LAWS), *_section("Catalogue", CATALOGUE), *_figures()]
    return "\n".join([_HEAD, *sections]) + "\n"


def _figures() -> Iterator[str]:
    yield "## Figures\n\nFurther properties of `stack`'s configuration, which rules compare with.\n"
    yield "| Property | What it is | Accepted | Default |"
    yield "| --- | --- | --- | --- |"
    for name, shape in schema().items():
        if name != RULES:
            default = json.dumps(shape["default"])
            yield f"| `{name}` | {shape['description']} | {accepted(shape)} | `{default}` |"
    yield ""


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
        _level(rule),
        ", ".join(rule.controls),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _level(rule: Rule) -> str:
    if rule.production in {None, rule.level}:
        return rule.level.value
    return f"{rule.level.value}, in production {rule.production}"


if __name__ == "__main__":
    sys.stdout.write(document())
