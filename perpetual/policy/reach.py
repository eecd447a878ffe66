"""Questions about reachability, as people spell them: places by name, ports, protocols."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from graph import INTERNET, Addresses, Answer, Graph, Intervals, Place, Tier, may
from graph.ports import protocol
from graph.reach import places
from perpetual.errors import OperatorError
from perpetual.offline.reports.text import Line

_PLACES: Final = (
    "Give `internet`, addresses such as 203.0.113.0/24, a tier (public, private, data), or a "
    "resource by its name, its type and name, or its URN."
)
_LAST: Final = 65535


@dataclass(frozen=True, kw_only=True)
class Question:
    """What was asked: two places by name, `ports` such as `443` or `1024-2048`, a protocol."""

    source: str
    destination: str
    ports: str | None = None
    protocol: str = "tcp"
    logins: bool = False


def ask(graph: Graph, question: Question) -> Answer:
    """Return the graph's answer; raise `OperatorError` on a place or a port that is none."""
    try:
        number = protocol(question.protocol)
    except ValueError:
        message = f"there is no protocol {question.protocol!r}"
        raise OperatorError(
            message, hint="Give tcp, udp, icmp, icmpv6, all, or a number."
        ) from None
    return may(
        graph,
        place(graph, question.source),
        place(graph, question.destination),
        number,
        ports(question.ports),
        logins=question.logins,
    )


def ports(spelled: str | None) -> Intervals | None:
    """Return a port or a range of ports, `None` for any; raise `OperatorError` on anything else."""
    if spelled is None:
        return None
    first, dash, last = spelled.partition("-")
    ends = [int(part) for part in (first, last if dash else first) if _number(part)]
    if len(ends) == 2 and ends[0] <= ends[1] <= _LAST:  # noqa: PLR2004 - both ends
        return Intervals.of([(ends[0], ends[1])])
    message = f"{spelled!r} is neither a port nor a range of ports"
    raise OperatorError(message, hint=f"Give 0 to {_LAST}, such as 443 or 1024-2048.")


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit()


# --- places


def place(graph: Graph, name: str) -> Place:
    """Return the place that a name stands for; raise `OperatorError` if none or several do."""
    lower = name.strip().lower()
    if lower == "internet":
        return INTERNET
    if lower in list(Tier):
        return Tier(lower)
    addresses = _addresses(name.strip())
    if addresses is not None:
        if not addresses - graph.own:
            message = f"{name} lies within the stack's own network"
            raise OperatorError(message, hint="Name the subnet or what is attached there.")
        return addresses
    if name in graph.index.by_urn:
        return name
    found = [urn for urn in graph.index.by_urn if name in _names(graph, urn)]
    if len(found) > 1:
        found = [urn for urn in found if _attached(graph, urn)] or found
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"`{graph.label(urn)}`" for urn in found[:6])
        raise OperatorError(f"{name!r} may be {listed}", hint="Give type and name, or the URN.")
    known = {spelling for urn in graph.index.by_urn for spelling in _names(graph, urn)[:2]}
    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    hint = (
        f"Did you mean {' or '.join(f'`{item}`' for item in near)}? {_PLACES}" if near else _PLACES
    )
    raise OperatorError(f"there is no place {name!r} in the stack", hint=hint)


def _addresses(name: str) -> Addresses | None:
    try:
        return Addresses.parse(name)
    except ValueError:
        return None


def _names(graph: Graph, urn: str) -> tuple[str, ...]:
    """Return what a resource answers to: name, label, and its type before its name."""
    item = graph.index.by_urn[urn]
    kind = item.type.rpartition(":")[2]
    return item.name, graph.label(urn), f"{kind} {item.name}", f"{item.type}::{item.name}"


def _attached(graph: Graph, urn: str) -> bool:
    return bool(places(graph, urn))


# --- answers


def lines(question: Question, answer: Answer, graph: Graph) -> Iterator[Line]:
    """Yield an answer: the way of a yes, the walls of a no, what is missing otherwise."""
    styles = {"yes": "bold yellow", "no": "bold green", "undetermined": "bold red"}
    by = f"{question.protocol} {question.ports or '(any port)'}"
    via = ", through hosts one can log in to" if question.logins else ""
    yield (
        (styles[answer.verdict], answer.verdict),
        ("", f": {question.source} to {question.destination} by {by}{via}"),
    )
    for step in answer.path:
        yield (("dim", "  -> "), ("", step))
    for reason in answer.reasons:
        yield (("dim", "  because "), ("", reason))
    for gap in answer.missing:
        where = f" ({graph.label(gap.source.urn)})" if gap.source.urn else ""
        yield (("dim", "  cannot tell "), ("", f"{gap.missing}{where}"))


def entry(question: Question, answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON shows it."""
    return {
        "from": question.source,
        "to": question.destination,
        "protocol": question.protocol,
        "ports": question.ports,
        "logins": question.logins,
        "verdict": answer.verdict.value,
        "path": list(answer.path),
        "reasons": list(answer.reasons),
        "missing": [{"resource": gap.source.urn, "what": gap.missing} for gap in answer.missing],
    }
