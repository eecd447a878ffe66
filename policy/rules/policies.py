"""Tests of policies on resources that several kinds of them share."""

from collections.abc import Iterator, Mapping
from typing import Any

from rules.statements import statements
from rules.subject import Fault, Subject, Test


def public(path: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    """Find the statements of a document that let everybody in."""
    for item in statements(body):
        if item.allows and item.public:
            yield Fault("lets everybody in", f"{path}.{item.path}")


def lifecycle(path: str, *tokens: str) -> Test:
    """Return the test that there is a lifecycle, which names its subject at `path`."""

    def test(subject: Subject) -> Iterator[Fault]:
        if not subject.peers(path, *tokens):
            yield Fault("keeps everything for ever: it has no lifecycle", path)

    return test
