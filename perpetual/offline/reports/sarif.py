"""A report as SARIF 2.1.0, for code scanning: findings at the lines that made the resources.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html

What could not be determined is a failure too, as everywhere: it says so in its message and has
`undetermined` among its properties. SARIF's own `open` would lose its level, and most viewers would
not show it.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from perpetual.offline.findings import Excepted, Finding, Policy
from perpetual.offline.report import Report, Resource

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT: Final = "perpetual/v1"
_ROOT: Final = "%SRCROOT%"
_PROJECT: Final = "Pulumi.yaml"
"""Where findings of the stack as a whole are shown: a viewer needs some place."""
_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# GitHub's bands: critical above 9.0, high from 7.0, medium from 4.0.
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}


def to_sarif(report: Report) -> dict[str, Any]:
    """Return the report as a SARIF log with one run."""
    judgement = report.judgement
    rules = {policy.name: policy for policy in judgement.cases}
    silenced = [item.finding for item in judgement.excepted]
    for finding in (*judgement.findings, *silenced):
        if finding.rule not in rules:
            rules[finding.rule] = _as_policy(finding)
    places = {resource.urn: resource for resource in report.resources}
    indices = {name: index for index, name in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "perpetual",
                        "fullName": f"perpetual preview with policy pack {judgement.pack}",
                        "rules": [_rule(policy) for policy in rules.values()],
                    }
                },
                # Keeps stacks apart where their results are uploaded to one place.
                "automationDetails": {"id": f"perpetual/{report.project}/{report.stack}/"},
                "invocations": [{"executionSuccessful": True}],
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The project's folder."}}},
                "results": [
                    _result(finding, indices, places.get(finding.urn))
                    for finding in judgement.findings
                ]
                + [_suppressed(item, indices, places) for item in judgement.excepted],
            }
        ],
    }


def render(report: Report) -> str:
    """Return the report as indented SARIF."""
    return json.dumps(to_sarif(report), indent=2)


def _as_policy(finding: Finding) -> Policy:
    """Return what a finding tells about a rule that its pack does not list: many share a policy."""
    fixes = [row for row in finding.witness.splitlines() if row.startswith("fix: ")]
    return Policy(
        name=finding.rule,
        level=finding.level,
        severity=finding.severity,
        description=finding.description,
        remediation=finding.remediation or "".join(fixes[:1]),
        url=finding.url,
    )


def _rule(policy: Policy) -> dict[str, Any]:
    description = policy.description or policy.name
    help_text = "\n\n".join(filter(None, (description, policy.remediation, policy.url)))
    properties: dict[str, Any] = {
        "tags": ["security", *policy.controls],
        "enforcement": policy.level,
    }
    if policy.severity in _SCORES:
        properties["security-severity"] = _SCORES[policy.severity]
    rule: dict[str, Any] = {
        "id": policy.name,
        "shortDescription": {"text": policy.title or description},
        "fullDescription": {"text": description},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _level(policy.severity, policy.level)},
        "properties": properties,
    }
    if policy.url.startswith(("https://", "http://")):
        rule["helpUri"] = quote(policy.url, safe="%/:=&?~#+!$,;'@()*[]")
    return rule


def _result(
    finding: Finding, indices: Mapping[str, int], resource: Resource | None
) -> dict[str, Any]:
    text = finding.witness or finding.description
    mark = "Undetermined: " if finding.undetermined else ""
    return {
        "ruleId": finding.rule,
        "ruleIndex": indices[finding.rule],
        "kind": "fail",
        "level": _level(finding.severity, finding.level),
        "message": {"text": f"{mark}{text or finding.rule}"},
        "locations": [_location(finding, resource)],
        "partialFingerprints": {FINGERPRINT: fingerprint(finding)},
        "properties": {
            "enforcement": finding.level,
            "undetermined": finding.undetermined,
            "fails": finding.fails,
            "controls": list(finding.controls),
        },
    }


def _suppressed(
    item: Excepted, indices: Mapping[str, int], places: Mapping[str, Resource]
) -> dict[str, Any]:
    """Return the result of an excepted finding; `external`: no comment in the program says so."""
    result = _result(item.finding, indices, places.get(item.finding.urn))
    return result | {
        "suppressions": [{"kind": "external", "status": "accepted", "justification": item.terms}]
    }


def fingerprint(finding: Finding) -> str:
    """Return what stays the same while the finding does: no line number, no order, no time."""
    parts = json.dumps([finding.rule, finding.urn, finding.witness])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _level(severity: str, enforcement: str) -> str:
    return _LEVELS.get(severity, "error" if enforcement == "mandatory" else "warning")


def _location(finding: Finding, resource: Resource | None) -> dict[str, Any]:
    file, line = (resource and resource.source) or (_PROJECT, 1)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(file),
            "region": {"startLine": max(line, 1)},
        }
    }
    if finding.urn:
        name = resource.name if resource else finding.urn.rpartition("::")[2]
        location["logicalLocations"] = [
            {"name": name, "fullyQualifiedName": finding.urn, "kind": "resource"}
        ]
    return location


def _artifact(file: str) -> dict[str, str]:
    if PurePosixPath(file).is_absolute():
        return {"uri": PurePosixPath(file).as_uri()}
    return {"uri": quote(file), "uriBaseId": _ROOT}
