"""Foreign programs: run them, judge them, and say what is expected of them.

Each `NAME.py` is a program that is not this project's; `NAME.yaml` beside it says what the pack has
to find, exactly: `findings` in both forms, `preview` and `update` what only that form shows, by
level and rule the labels of the resources, with `?` where it is undetermined. `notes` say why, by
rule; `reach` holds questions and answers; `calls` and `stacks` are what the cloud answers.
"""

import functools
import importlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from graph import INTERNET, Addresses, Graph, Place, Tier
from perpetual.offline import answers, graphs
from perpetual.offline import capture as offline
from perpetual.offline.answers import Answers
from perpetual.offline.capture import Capture
from rules import CATALOGUE, LAWS, Level, judge

FOLDER: Final = Path(__file__).parent
FORMS: Final = ("preview", "update")
OWN: Final = ("__main__", "support", "test_")
"""How the names of those modules here begin that are no foreign program."""

LEVELS: Final = (Level.MANDATORY, Level.ADVISORY)

Seen = dict[str, dict[str, list[str]]]
"""Labels of resources, by rule, by level."""

CLOUD: Final = Answers(
    (
        {
            "token": "aws:index/getAvailabilityZones:getAvailabilityZones",
            "result": {"id": "eu-west-1", "names": [f"eu-west-1{zone}" for zone in "abc"]},
        },
    )
)
"""What the cloud answers to every program."""


def names() -> list[str]:
    """Return the names of the programs."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith(OWN))


def expected(name: str) -> dict[str, Any]:
    """Return what is expected of a program."""
    path = FOLDER / f"{name}.yaml"
    return dict(yaml.safe_load(path.read_text())) if path.exists() else {}


@functools.cache
def captured(name: str, form: str) -> Capture:
    """Return what a program registers; treat it as read-only: it is kept."""
    table = expected(name)
    known = Answers(tuple(table.get("calls", ())), table.get("stacks", {}))
    standard = answers.standard(account="123456789012", region="eu-west-1")
    every = answers.combined([known, CLOUD, standard])
    return offline.capture(
        importlib.import_module(f"tests.foreign.{name}").program,
        project=name,
        stack="test",
        config={"aws:region": "eu-west-1"},
        invokes=answers.invokes(every),
        stacks=every.stacks,
        known=form == "update",
    )


@functools.cache
def graph_of(name: str, form: str) -> Graph:
    """Return the graph of a program."""
    return graphs.of(captured(name, form))


def seen(name: str, form: str) -> Seen:
    """Return what every rule that is on by its own level finds in a program."""
    graph = graph_of(name, form)
    found: Seen = {}
    for level in LEVELS:
        rules = [rule for rule in (*LAWS, *CATALOGUE) if rule.level is level]
        by_rule: dict[str, set[str]] = defaultdict(set)
        for item in judge(rules, graph):
            mark = "?" if item.undetermined else ""
            by_rule[item.rule].add(f"{graph.label(item.resource)}{mark}")
        found[level.value] = {rule: sorted(by_rule[rule]) for rule in sorted(by_rule)}
    return found


def split(preview: Seen, update: Seen) -> dict[str, Seen]:
    """Return what both forms show, and what only one does; empty parts are left out."""
    both = _combined(preview, update, lambda one, other: one & other)
    return {
        "findings": both,
        "preview": _combined(preview, both, lambda one, other: one - other),
        "update": _combined(update, both, lambda one, other: one - other),
    }


def joined(table: Mapping[str, Any], form: str) -> Seen:
    """Return what a table expects of one form."""
    parts = (table.get("findings") or {}, table.get(form) or {})
    return _combined(parts[0], parts[1], lambda one, other: one | other, levels=True)


def _combined(one: Any, other: Any, join: Any, *, levels: bool = False) -> Seen:
    found: Seen = {}
    for level in (level.value for level in LEVELS):
        first, second = one.get(level) or {}, other.get(level) or {}
        rules = {
            rule: sorted(join(set(first.get(rule, ())), set(second.get(rule, ()))))
            for rule in sorted({*first, *second})
        }
        kept = {rule: labels for rule, labels in rules.items() if labels}
        if kept or levels:
            found[level] = kept
    return found


def place(graph: Graph, text: str) -> Place:
    """Return the place that a question names: `internet`, a tier, a CIDR, or a resource's label."""
    if text == "internet":
        return INTERNET
    if text.startswith("tier "):
        return Tier(text.removeprefix("tier "))
    if "/" in text:
        return Addresses.parse(text)
    (urn,) = [urn for urn in graph.index.by_urn if graph.label(urn) == text]
    return urn
