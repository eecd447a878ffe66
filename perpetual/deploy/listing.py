"""`perpetual releases`: the history, with a mark at what serves."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from perpetual.aws import published as contracts
from perpetual.aws.session import Clients
from perpetual.deploy import history, image
from perpetual.deploy.clock import Clock
from perpetual.deploy.history import Record, Records, Result
from perpetual.deploy.journal import Kind, Schema
from perpetual.deploy.report import VERSION
from perpetual.deploy.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perpetual.offline.reports.text import Line

_STYLES: Final = {
    Result.RELEASED: "green",
    Result.FAILED: "red",
    Result.UNCLEAR: "bold red",
    Result.INTERRUPTED: "yellow",
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The newest records, the newest first, and the number of that which was released last."""

    stack: str
    records: Records
    released: int


def read(clients: Clients, stack: str, clock: Clock, limit: int) -> Listing:
    """Return the newest releases of a stack.

    Raises:
        OperatorError: AWS cannot be asked, or a record cannot be read.
    """
    published = contracts.read(clients, stack)
    store = Store(clients, published.stack, clock)
    records = history.read(store)
    entry = store.read(published.stack.release_parameter)
    current = history.serving(records, image.digest_of(entry.value)) if entry else None
    return Listing(
        stack=stack,
        records=list(reversed(records))[:limit],
        released=current.number if current else 0,
    )


def to_json(listing: Listing) -> str:
    """Return a listing as JSON; `schema.json` beside this file says what it holds."""
    releases = [
        _document(item, serving=item.number == listing.released) for item in listing.records
    ]
    content = {"version": VERSION, "stack": listing.stack, "releases": releases}
    return json.dumps(content, indent=2)


def _document(item: Record, *, serving: bool) -> dict[str, Any]:
    return {
        "number": item.number,
        "serving": serving,
        "kind": item.kind,
        "result": item.result,
        "digest": item.digest,
        "tag": item.tag,
        "commit": item.commit,
        "who": item.who,
        "at": item.at,
        "previous": item.previous,
        "schema": item.schema,
        "backwardCompatible": item.backward_compatible,
        "seconds": item.seconds,
        "phases": item.phases,
        "message": item.said,
    }


def lines(listing: Listing) -> "Iterator[Line]":
    """Yield a listing as lines."""
    if not listing.records:
        yield (("", f"nothing was released to {listing.stack} yet"),)
    for item in listing.records:
        yield _line(item, serving=item.number == listing.released)


def _line(item: Record, *, serving: bool) -> "Line":
    schema = "" if item.schema is Schema.SAME else f"schema {item.schema}"
    what = "rollback to " if item.kind is Kind.ROLLBACK else ""
    return (
        ("bold" if serving else "", f"{item.number:5} {'*' if serving else ' '} "),
        (_STYLES[item.result], f"{item.result:12}"),
        ("", f"{item.at[:19].replace('T', ' ')}  {item.seconds:6.1f} s  {item.who:14} "),
        ("bold" if serving else "", f"{what}{item.tag}"),
        ("dim", f"  {schema or item.said.splitlines()[0] if schema or item.said else ''}"),
    )
