"""The pack's configuration: which properties it has, and what a team made of them.

Properties are those of the policy `stack`: `rules`, which moves single rules between levels, and
one for each field of `Thresholds`. Nothing here trusts what it reads: a wrong value is a finding,
and the default holds.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Final, get_args, get_origin, get_type_hints

from rules.catalogue import CATALOGUE, LAWS, wrong
from rules.rule import Finding, Level, Rule
from rules.thresholds import DEFAULTS, Thresholds

RULES: Final = "rules"
"""The property that gives single rules another level."""
_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
}
_WIDENED: Final = "production"
"""The figure that configuration may only add to: less of it would lower levels in production."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What is configured, as far as it is right, and a finding for what is not."""

    rules: object
    thresholds: Thresholds
    findings: tuple[Finding, ...] = ()


def schema() -> dict[str, Any]:
    """Return the properties as JSON schemas, each with a default."""
    hints = get_type_hints(Thresholds)
    return {
        RULES: {
            "type": "object",
            "description": "Levels of single rules, by id.",
            "properties": {rule.name: _rule(rule) for rule in (*LAWS, *CATALOGUE)},
            "default": {},
        },
        **{_camel(item.name): _figure(item, hints[item.name]) for item in fields(Thresholds)},
    }


def read(properties: Mapping[str, object]) -> Configuration:
    """Return the configuration that these properties make, over the defaults."""
    known = {_camel(item.name): item for item in fields(Thresholds)}
    hints = get_type_hints(Thresholds)
    findings, changes = [], {}
    for key, value in properties.items():
        if key == RULES:
            continue
        if key not in known:
            near = get_close_matches(key, [RULES, *known], n=1)
            hint = f"; did you mean {near[0]}?" if near else f", only {', '.join([RULES, *known])}"
            findings.append(wrong(f"there is no property {key}{hint}"))
            continue
        item = known[key]
        shape = _figure(item, hints[item.name])
        if _fits(value, shape):
            changes[item.name] = _taken(value, shape)
        else:
            says = f"{key} cannot be {value!r}, only {accepted(shape)}"
            findings.append(wrong(f"{says}; {_shown(item.default)} holds instead"))
    if _WIDENED in changes:
        changes[_WIDENED] = tuple(dict.fromkeys((*DEFAULTS.production, *changes[_WIDENED])))
    return Configuration(
        rules=properties.get(RULES, {}),
        thresholds=replace(DEFAULTS, **changes),
        findings=tuple(findings),
    )


def _rule(rule: Rule) -> dict[str, Any]:
    """Return the schema of one rule's level, which also says what the rule is."""
    levels = [Level.MANDATORY] if rule in LAWS else list(Level)
    return {
        "type": "string",
        "enum": [level.value for level in levels],
        "default": rule.level.value,
        "title": rule.title,
        "description": rule.description,
        "production": (rule.production or rule.level).value,
        "severity": rule.severity.value,
        "why": rule.why,
        "remediation": rule.remediation,
        "url": rule.url,
        "controls": list(rule.controls),
    }


def _figure(item: "Field[Any]", hint: Any) -> dict[str, Any]:
    """Return the schema of one figure."""
    listed = get_origin(hint) is tuple
    single: dict[str, Any] = {"type": _TYPES[get_args(hint)[0] if listed else hint]}
    for bound, key in (("minimum", "least"), ("maximum", "most")):
        if item.metadata.get(key) is not None:
            single[bound] = item.metadata[key]
    return {
        **({"type": "array", "items": single} if listed else single),
        "description": item.metadata.get("says", item.name),
        "default": _shown(item.default),
    }


def _fits(value: object, shape: Mapping[str, Any]) -> bool:
    kind = shape["type"]
    if kind == "array":
        items = value if isinstance(value, (list, tuple)) else [None]
        return all(_fits(each, shape["items"]) for each in items)
    if kind in {"boolean", "string"}:
        return isinstance(value, bool if kind == "boolean" else str)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # The protocol has no integers: 7 arrives as 7.0.
    whole = kind == "number" or value == value // 1
    return whole and shape.get("minimum", value) <= value <= shape.get("maximum", value)


def accepted(shape: Mapping[str, Any]) -> str:
    """Return what a property's schema accepts, in words."""
    if shape["type"] == "array":
        return f"a list: each {accepted(shape['items'])}"
    bounds = [shape.get("minimum"), shape.get("maximum")]
    nouns = {"boolean": "true or false", "string": "a text", "integer": "a whole number"}
    noun = nouns.get(shape["type"], "a number")
    return noun if None in bounds else f"{noun} from {bounds[0]} to {bounds[1]}"


def _taken(value: Any, shape: Mapping[str, Any]) -> Any:
    if shape["type"] == "array":
        return tuple(_taken(each, shape["items"]) for each in value)
    return int(value) if shape["type"] == "integer" else value


def _shown(default: object) -> object:
    return list(default) if isinstance(default, tuple) else default


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
