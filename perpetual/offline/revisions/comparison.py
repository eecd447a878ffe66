"""What a comparison found, riskiest first: the facts that its reports are made of. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graph import Graph
from perpetual.offline import graphs
from perpetual.offline.findings import Finding, Judgement
from perpetual.offline.records import Capture
from perpetual.offline.revisions import reaching, resources
from perpetual.offline.revisions.changes import Change, changes
from perpetual.offline.revisions.kinds import Kind
from perpetual.offline.revisions.matching import Matches, match
from perpetual.offline.revisions.resources import Entry

_LISTED: Final = 8
"""Walls that one entry lists at most."""

_NO_NETWORK: Final = frozenset(
    {
        *("acm", "appautoscaling", "cloudwatch", "docker", "ecr", "iam", "index", "kms"),
        *("providers", "route53", "s3", "servicediscovery", "sns", "ssm"),
    }
)
"""Modules of types that the network does not depend on: without others it need not be asked."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One revision: what its program registered, where its files are, what the pack says of it."""

    capture: Capture
    root: Path
    judgement: Judgement


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The entries, riskiest first, and the revision compared with."""

    base: str
    commit: str
    entries: tuple[Entry, ...]

    def of(self, *kinds: Kind) -> list[Entry]:
        """Return the entries of these kinds."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def counts(self) -> dict[Kind, int]:
        """Return how many entries there are of each kind, in the order of risk."""
        found = Counter(entry.kind for entry in self.entries)
        return {kind: found[kind] for kind in Kind if found[kind]}


def compare(base: Side, head: Side) -> list[Entry]:
    """Return what is different at the head, riskiest first."""
    matches = match(base.capture, head.capture)
    folders = (str(base.root), str(head.root))
    found = changes(matches, base.capture, head.capture, folders)
    entries = [
        *(entry for change in found for entry in resources.of_change(change, head.root)),
        *resources.dropped(matches, found, head.root),
        *resources.widened(matches, found, head.root),
        *_ways(matches, found, base, head),
        *_findings(matches, base, head),
    ]
    order = list(Kind)
    return sorted(entries, key=lambda entry: order.index(entry.kind))


# --- ways and findings


def _ways(matches: Matches, found: Sequence[Change], base: Side, head: Side) -> Iterator[Entry]:
    modules = {change.type.split(":")[1].split("/")[0] for change in found}
    if modules <= _NO_NETWORK:
        return
    renamed = {**matches.renamed, **{old.urn: new.urn for old, new in matches.alike}}
    before, after = _graph(base), _graph(head)
    for shift in reaching.shifts(before, after, renamed):
        way = f"{shift.source} to {shift.destination} by {shift.traffic}"
        sure = "" if shift.sure else ", as far as can be told"
        details = [f"{'path' if shift.opened else 'wall'}: {step}" for step in _steps(shift)]
        kind = Kind.PATH_CLOSED
        message = f"a way is closed: {way}"
        if shift.opened:
            kind = Kind.EXPOSURE if shift.public else Kind.PATH
            message = f"a way is open: {way}{sure}"
        yield Entry(kind=kind, message=message, details=tuple(details), urn=shift.urn)


def _steps(shift: reaching.Shift) -> list[str]:
    if shift.opened:
        return [" -> ".join(shift.witness)] if shift.witness else []
    return list(shift.witness[:_LISTED])


def _graph(side: Side) -> Graph:
    return graphs.of(side.capture)


def _findings(matches: Matches, base: Side, head: Side) -> Iterator[Entry]:
    renamed = {**matches.renamed, **{old.urn: new.urn for old, new in matches.alike}}
    before = _counted(base.judgement.findings, renamed)
    after = _counted(head.judgement.findings, {})
    yield from _more(Kind.FINDING, after, before)
    yield from _more(Kind.FINDING_FIXED, before, after)


def _counted(
    findings: Iterable[Finding], renamed: Mapping[str, str]
) -> dict[tuple[str, str], list[Finding]]:
    result: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule, renamed.get(finding.urn, finding.urn))
        result.setdefault(key, []).append(finding)
    return result


def _more(
    kind: Kind,
    here: Mapping[tuple[str, str], Sequence[Finding]],
    there: Mapping[tuple[str, str], Sequence[Finding]],
) -> Iterator[Entry]:
    for key, findings in here.items():
        for finding in findings[len(there.get(key, ())) :]:
            first, *rest = finding.witness.splitlines() or [finding.description]
            grade = finding.severity or finding.level
            yield Entry(
                kind=kind,
                message=f"{finding.rule} ({grade}): {first}",
                details=tuple(rest) if kind is Kind.FINDING else (),
                urn=key[1],
                name=key[1].rpartition("::")[2],
            )
