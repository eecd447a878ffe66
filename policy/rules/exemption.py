"""One exception of `policy/exceptions.yaml`, and the file read into them.

The file is a list. Whatever is wrong with it is a problem with its line, and a part that is wrong
excepts nothing: a typing error never silences a rule.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

import yaml

FILE: Final = "exceptions.yaml"
REQUIRED: Final = ("rule", "stack", "resource", "reason", "owner", "expires")
KEYS: Final = (*REQUIRED, "ticket")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WILDCARDS: Final = re.compile(r"[*?\[]")
_CLASSES: Final = re.compile(r"\[[!^]?\]?[^\]]*\]")
_NULL: Final = "tag:yaml.org,2002:null"


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """One exception: which findings it silences, why, on whose word, and until when.

    `stack` and `resource` are names, or patterns as of `fnmatch`: the stack's, and the resource's
    logical one. `expires` is the last day on which it holds. `number` and `line` say where in the
    file it is.
    """

    rule: str
    stack: str
    resource: str
    reason: str
    owner: str
    expires: date
    ticket: str = ""
    number: int = 0
    line: int = 0

    def names(self, stack: str) -> bool:
        """Return whether it is about the stack."""
        return _matches(self.stack, stack)

    def covers(self, resource: str) -> bool:
        """Return whether it is about the resource of this logical name."""
        return _matches(self.resource, resource)

    @property
    def text(self) -> str:
        """Return the lines that end an excepted finding, one `key: value` a line."""
        lines = [f"excepted: until {self.expires}", f"owner: {_line(self.owner)}"]
        if self.ticket:
            lines.append(f"ticket: {_line(self.ticket)}")
        return "\n".join([*lines, f"reason: {_line(self.reason)}"])


@dataclass(frozen=True)
class Problem:
    """What is wrong with the file or one of its entries, where, and the way out."""

    says: str
    where: str
    fix: str


def has_wildcard(pattern: str) -> bool:
    """Return whether a pattern may stand for more than one name."""
    return bool(_WILDCARDS.search(pattern))


def has_literal(pattern: str) -> bool:
    """Return whether a pattern holds a letter or digit that a name must have."""
    return any(map(str.isalnum, _CLASSES.sub("", pattern)))


def parse(
    source: str | bytes, rules: Mapping[str, object]
) -> tuple[list[Exemption], list[Problem]]:
    """Return the exceptions in the text of a file, and what is wrong with it.

    `rules` are the ids that there are. An empty file has no exceptions.
    """
    try:
        root = yaml.compose(source, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        says = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        where = (FILE, *([f"line {mark.line + 1}"] if mark else []))
        return [], [Problem(f"{FILE} is not YAML: {says}", ", ".join(where), "correct the file")]
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == _NULL):
        return [], []
    if not isinstance(root, yaml.SequenceNode):
        says = f"{FILE} is no list of exceptions"
        return [], [Problem(says, FILE, "start each exception with a dash")]
    found: list[Exemption] = []
    problems: list[Problem] = []
    for number, node in enumerate(root.value, 1):
        wrong = list(_problems(node, number, rules))
        if wrong:
            problems += wrong
            continue
        item = _exemption(node, number)
        same = [other for other in found if _subject(other) == _subject(item)]
        if same:
            says = f"exception {number} repeats exception {same[0].number}"
            problems.append(Problem(says, _where(node), "remove one of them"))
        else:
            found.append(item)
    return found, problems


def _problems(node: yaml.Node, number: int, rules: Mapping[str, object]) -> Iterator[Problem]:
    """Yield what is wrong with one entry."""
    name = f"exception {number}"
    if not isinstance(node, yaml.MappingNode):
        fix = f"give it the keys {', '.join(REQUIRED)}"
        yield Problem(f"{name} is no object of keys and values", _where(node), fix)
        return
    seen: set[str] = set()
    for key, value in node.value:
        says, fix = _entry_problem(key, value, seen)
        if says:
            yield Problem(f"{name} {says}", _where(key), fix)
    missing = [key for key in REQUIRED if key not in seen]
    if missing:
        yield Problem(f"{name} has no {', '.join(missing)}", _where(node), "add what is missing")
    values = _values(node)
    rule = values.get("rule")
    if rule and rule not in rules:
        near = get_close_matches(rule, rules, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        says = f"{name} is for rule {rule!r}, and there is none of this name{hint}"
        yield Problem(says, _where(node), "name a rule of docs/policy.md")


def _entry_problem(key: yaml.Node, value: yaml.Node, seen: set[str]) -> tuple[str, str]:
    """Return what is wrong with one key and its value, and the way out; nothing if all is well."""
    spelled = key.value if isinstance(key, yaml.ScalarNode) else ""
    if spelled not in KEYS:
        near = get_close_matches(spelled, KEYS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"has an unknown key {spelled!r}{hint}", f"use only the keys {', '.join(KEYS)}"
    if spelled in seen:
        return f"has the key {spelled} twice", "remove one of them"
    seen.add(spelled)
    if not isinstance(value, yaml.ScalarNode):
        return f"has no text as {spelled}", f"write {spelled} as one text"
    if not _text(value):
        return f"has an empty {spelled}", f"fill in {spelled}, or remove the exception"
    if spelled == "expires" and _day(_text(value)) is None:
        says = f"expires on {_text(value)!r}, which is no date"
        return says, "write the last day on which it holds as YYYY-MM-DD"
    return "", ""


def _exemption(node: yaml.MappingNode, number: int) -> Exemption:
    values = _values(node)
    expires = _day(values.pop("expires"))
    line = node.start_mark.line + 1
    return Exemption(**values, expires=expires or date.min, number=number, line=line)


def _values(node: yaml.MappingNode) -> dict[str, str]:
    return {
        key.value: _text(value)
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    }


def _text(node: yaml.ScalarNode) -> str:
    return "" if node.tag == _NULL else str(node.value).strip()


def _day(spelled: str) -> date | None:
    try:
        return date.fromisoformat(spelled) if _DATE.fullmatch(spelled) else None
    except ValueError:
        return None


def _where(node: yaml.Node) -> str:
    return f"{FILE}, line {node.start_mark.line + 1}"


def _subject(item: Exemption) -> tuple[str, str, str]:
    return (item.rule, item.stack, item.resource)


def _matches(pattern: str, name: str) -> bool:
    return pattern == name or fnmatchcase(name, pattern)


def _line(text: str) -> str:
    return " ".join(text.split())
