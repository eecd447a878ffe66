"""The foreign programs, judged by the pack as its users run it: a process, asked by gRPC."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perpetual.offline import analysis
from perpetual.offline.config import Config
from perpetual.offline.pack import Identity, Pack
from tests.foreign import support

POLICY = Path(__file__).parents[2] / "policy"
SECONDS = 60
NAMES = support.names()


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    """Return a pack that has judged nothing yet."""
    identity = Identity(project="foreign", stack="test", config=Config({}))
    with Pack(POLICY, identity) as started:
        yield started


def test_the_process_finds_the_same(pack: Pack) -> None:
    """One program after the other, in preview form: nothing is left over from the one before."""
    for name in NAMES:
        capture = support.captured(name, "preview")
        graph = support.graph_of(name, "preview")
        found: support.Seen = {level.value: {} for level in support.LEVELS}
        for item in analysis.judge(pack, capture, SECONDS).findings:
            mark = "?" if item.undetermined else ""
            labels = found[item.level].setdefault(item.rule, [])
            labels.append(f"{graph.label(item.urn)}{mark}")
        table = support.joined(support.expected(name), "preview")
        assert _sorted(found) == table, name


def _sorted(found: support.Seen) -> support.Seen:
    return {
        level: {rule: sorted(set(labels)) for rule, labels in sorted(rules.items())}
        for level, rules in found.items()
    }
