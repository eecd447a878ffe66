"""A report as JSON, for programs: `schema.json` beside this file says what it holds."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from perpetual.offline.findings import Finding
from perpetual.offline.report import Report

VERSION: Final = 1


def to_json(report: Report) -> dict[str, Any]:
    """Return the report in the shape of the schema."""
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
        "pack": {
            "name": report.judgement.pack,
            "policies": len(report.judgement.policies),
            "rules": len(report.judgement.rules),
        },
        "findings": [_finding(finding, names) for finding in report.judgement.findings],
        "exceptions": [
            {
                "finding": _finding(item.finding, names),
                "until": item.until,
                "owner": item.owner,
                "ticket": item.ticket,
                "reason": item.reason,
            }
            for item in report.judgement.excepted
        ],
        "seconds": {phase: round(seconds, 3) for phase, seconds in report.seconds.items()},
    }


def render(report: Report, indent: int | None = 2) -> str:
    """Return the report as JSON; on one line where `indent` is None."""
    return json.dumps(to_json(report), indent=indent)


def _finding(finding: Finding, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "policy": finding.policy,
        "rule": finding.rule,
        "level": finding.level,
        "severity": finding.severity,
        "urn": finding.urn,
        "resource": names.get(finding.urn, ""),
        "description": finding.description,
        "witness": finding.witness,
        "remediation": finding.remediation,
        "url": finding.url,
        "controls": list(finding.controls),
        "undetermined": finding.undetermined,
        "fails": finding.fails,
    }


def _source(source: tuple[str, int] | None) -> dict[str, Any] | None:
    return {"file": source[0], "line": source[1]} if source else None
