"""What a preview found, as text for people and as JSON for programs. Pure: it only computes.

The JSON has `version` 1 and these keys:

- `project`, `stack`, `verdict` (`clean` or `findings`)
- `resources`: each with `urn`, `type`, `name`, `parent`, `layer`, `component` (true or false) and
  `source` (`file` and `line` of the code that made it, or null)
- `counts`: `total`, and by layer `total` and `types`
- `outputs`: the stack outputs' names
- `pack`: `name` and number of `policies`
- `findings`: worst first, each with `policy`, `level`, `severity`, `urn`, `resource`,
  `description`, `witness`, `remediation`, `url`, `undetermined` and `fails`
- `seconds`: duration by phase, and `total`
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

from perpetual.offline.findings import Finding, Judgement

VERSION: Final = 1
OUTSIDE: Final = "stack"
"""Layer of what belongs to no component: providers, mostly."""

Line = tuple[tuple[str, str], ...]
"""A line of output: pieces of text, each with a style's name, which may be empty."""

_COLOURS: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
_WIDTH: Final = 96


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource, as far as a report shows it."""

    urn: str
    type: str
    name: str
    parent: str
    component: bool
    source: tuple[str, int] | None = None

    @property
    def short_type(self) -> str:
        """Return the type as people say it: `ec2.Subnet`, `Network`, `provider aws`."""
        package, module, name = self.type.split(":")
        if package == "pulumi":
            return f"provider {name}" if module == "providers" else name
        area = module.split("/")[0]
        if self.component:
            return name
        return f"{package}.{name}" if area == "index" else f"{area}.{name}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything a preview has to say."""

    project: str
    stack: str
    resources: Sequence[Resource]
    outputs: Sequence[str]
    judgement: Judgement
    seconds: Mapping[str, float]

    @cached_property
    def children(self) -> dict[str, list[Resource]]:
        """Return each parent's children, in the order of registration."""
        result: dict[str, list[Resource]] = {}
        for resource in self.resources:
            result.setdefault(resource.parent, []).append(resource)
        return result

    @cached_property
    def layers(self) -> dict[str, list[Resource]]:
        """Return each layer's topmost resources, layers in the order of their first one.

        The layer is the middle of the topmost component's type, such as `network`.
        """
        urns = {resource.urn for resource in self.resources}
        result: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.parent not in urns:
                result.setdefault(_layer(resource), []).append(resource)
        return result

    @cached_property
    def layer_of(self) -> dict[str, str]:
        """Return each resource's layer, by URN."""
        result: dict[str, str] = {}
        for layer, tops in self.layers.items():
            pending = list(tops)
            while pending:
                resource = pending.pop()
                result[resource.urn] = layer
                pending.extend(self.children.get(resource.urn, ()))
        return result

    def counts(self) -> dict[str, Any]:
        """Return the number of resources, in all, by layer, and by type within a layer."""
        layers: dict[str, Any] = {}
        for layer in self.layers:
            types = Counter(
                item.type for item in self.resources if self.layer_of[item.urn] == layer
            )
            layers[layer] = {"total": types.total(), "types": dict(sorted(types.items()))}
        return {"total": len(self.resources), "layers": layers}


def to_json(report: Report) -> dict[str, Any]:
    """Return the report in the documented shape."""
    names = {resource.urn: resource.name for resource in report.resources}
    return {
        "version": VERSION,
        "project": report.project,
        "stack": report.stack,
        "verdict": "clean" if report.judgement.clean else "findings",
        "resources": [
            {
                **asdict(resource),
                "layer": report.layer_of[resource.urn],
                "source": _source(resource.source),
            }
            for resource in report.resources
        ],
        "counts": report.counts(),
        "outputs": list(report.outputs),
        "pack": {"name": report.judgement.pack, "policies": report.judgement.policies},
        "findings": [
            {
                **asdict(finding),
                "resource": names.get(finding.urn, ""),
                "fails": finding.fails,
            }
            for finding in report.judgement.findings
        ],
        "seconds": {phase: round(seconds, 3) for phase, seconds in report.seconds.items()},
    }


def to_lines(report: Report) -> Iterator[Line]:
    """Yield the report as lines: the tree by layer, the counts, the findings, the verdict."""
    yield (("bold", f"{report.project} / {report.stack}"),)
    for layer, tops in report.layers.items():
        total = report.counts()["layers"][layer]["total"]
        yield ()
        yield (("bold cyan", layer), ("dim", f"  {_count(total, 'resource')}"))
        yield from _tree(report, tops, "")
    yield ()
    yield from _summary(report)
    yield from findings_lines(report)
    yield ()
    yield verdict_line(report)


def findings_lines(report: Report) -> Iterator[Line]:
    """Yield the findings, worst first, each with its witness and remediation."""
    resources = {resource.urn: resource for resource in report.resources}
    for finding in report.judgement.findings:
        yield ()
        yield from _finding(finding, resources.get(finding.urn))


def verdict_line(report: Report) -> Line:
    """Return the one line that says whether the stack may be deployed."""
    judgement = report.judgement
    failing = sum(finding.fails for finding in judgement.findings)
    advice = len(judgement.findings) - failing
    noted = f", {advice} advisory" if advice else ""
    checked = f"{_count(judgement.policies, 'policy', 'policies')} of {judgement.pack}"
    took = f"{report.seconds['total']:.1f} s"
    stack = f"{report.stack}: "
    if judgement.clean:
        found = "no finding" if not advice else "nothing that refuses it"
        return (
            ("bold green", "✓ "),
            ("bold", f"{stack}{found}"),
            ("", f"{noted} ({checked}, {took})"),
        )
    text = f"{stack}{_count(failing, 'finding')}"
    return (("bold red", "✗ "), ("bold", text), ("", f"{noted} ({checked}, {took})"))


def _layer(resource: Resource) -> str:
    return resource.type.split(":")[1].split("/")[0] if resource.component else OUTSIDE


def _tree(report: Report, resources: Sequence[Resource], indent: str) -> Iterator[Line]:
    wide = max((len(item.short_type) for item in resources if not item.component), default=0)
    for position, resource in enumerate(resources, 1):
        last = position == len(resources)
        children = report.children.get(resource.urn, [])
        branch = "└─ " if last else "├─ "
        kind = resource.short_type if resource.component else resource.short_type.ljust(wide)
        style = "bold" if resource.component else ""
        yield (("dim", indent + branch), ("cyan", kind), (style, f"  {resource.name}"))
        yield from _tree(report, children, indent + ("   " if last else "│  "))


def _summary(report: Report) -> Iterator[Line]:
    counts = report.counts()
    layers = ", ".join(f"{name} {of['total']}" for name, of in counts["layers"].items())
    text = _count(counts["total"], "resource") + (f": {layers}" if layers else "")
    for line in _wrapped(text, _WIDTH):
        yield (("", line),)


def _finding(finding: Finding, resource: Resource | None) -> Iterator[Line]:
    grade = "unknown" if finding.undetermined else finding.severity or finding.level
    kind = "could not be judged" if finding.undetermined else finding.level
    subject = f"{resource.name} ({resource.short_type})" if resource else "the stack"
    style = _COLOURS.get(finding.severity, "red" if finding.fails else "yellow")
    yield ((style, f"{grade.upper()}  "), ("bold", finding.policy), ("dim", f"  {kind}"))
    where = ""
    if resource and resource.source:
        where = f"  {resource.source[0]}:{resource.source[1]}"
    yield (("", f"  {subject}"), ("dim", where))
    body = [finding.description, finding.witness]
    if finding.remediation and "\nfix: " not in finding.witness:
        body.append(f"Fix: {finding.remediation}")
    for text in filter(None, body):
        for paragraph in text.splitlines():
            for line in _wrapped(paragraph, _WIDTH - 2):
                yield (("", f"  {line}"),)
    if finding.url:
        yield (("dim", f"  {finding.url}"),)


def _wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width`; further lines keep its indentation."""
    indent = text[: len(text) - len(text.lstrip())]
    lines, line = [], indent
    for word in text.split():
        if len(line) + len(word) > width and line.strip():
            lines.append(line.rstrip())
            line = f"{indent}  "
        line += f"{word} "
    return [*lines, line.rstrip()]


def _source(source: tuple[str, int] | None) -> dict[str, Any] | None:
    return {"file": source[0], "line": source[1]} if source else None


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"
