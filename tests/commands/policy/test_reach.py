"""`perpetual policy reach`: places by name, three answers, and an exit code for scripts."""

import json
from pathlib import Path

import pytest

from graph import INTERNET, Graph, Intervals, Tier
from graph.state import resources
from perpetual.errors import OperatorError
from perpetual.policy.reach import place, ports
from tests.commands.policy.running import answer, run
from tests.policy.small import small
from tests.policy.support import captured
from tests.support.stacks import restored
from tests.support.state import exported

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file with the export of the small stack."""
    file = tmp_path_factory.mktemp("state") / "state.json"
    file.write_text(json.dumps(exported(captured(small(), known=True), stack="test")))
    return str(file)


@pytest.fixture(scope="module")
def graph(state: str) -> Graph:
    """Return the small stack's graph."""
    return Graph.of(resources(json.loads(Path(state).read_text())))


def ask(state: str, source: str, destination: str, *more: str) -> tuple[str, ...]:
    """Return the arguments of a question."""
    return "reach", "--from", source, "--to", destination, "--state", state, *more


@pytest.mark.parametrize(
    ("places", "more", "verdict"),
    [
        (("internet", "balancer"), ("--port", "443"), "yes"),
        (("203.0.113.7", "balancer"), ("--port", "443"), "yes"),
        (("internet", "balancer"), ("--port", "22"), "no"),
        (("internet", "database"), ("--logins",), "no"),
        (("internet", "data"), (), "no"),
        (("balancer", "service"), ("--port", "5000"), "no"),  # its group lets nothing out
        (("service", "database"), ("--port", "5432"), "no"),
        (("service", "database"), ("--port", "5432", "--protocol", "udp"), "no"),
        (("balancer", "database"), ("--protocol", "-1"), "no"),
    ],
)
def test_a_question_is_answered(
    capsys: Capsys, state: str, places: tuple[str, str], more: tuple[str, ...], verdict: str
) -> None:
    """A yes has its way, a no its walls; text and JSON say the same."""
    found = answer(capsys, *ask(state, *places, *more))
    assert found["verdict"] == verdict
    assert bool(found["path"]) == (verdict == "yes")
    assert bool(found["reasons"]) == (verdict == "no")
    code, out = run(capsys, *ask(state, *places, *more))
    assert code == 0
    assert out.startswith(f"{verdict}: {places[0]} to {places[1]} by ")
    assert all(step in out for step in (*found["path"], *found["reasons"]))


@pytest.mark.parametrize(
    ("expected", "port", "code"), [("yes", "443", 0), ("no", "443", 1), ("no", "22", 0)]
)
def test_another_answer_than_expected_is_exit_code_1(
    capsys: Capsys, state: str, expected: str, port: str, code: int
) -> None:
    """So that CI can hold what must not be reachable."""
    question = ask(state, "internet", "balancer", "--port", port, "--expect", expected)
    assert run(capsys, *question)[0] == code


def test_what_cannot_be_told_is_neither_yes_nor_no(capsys: Capsys, state: str) -> None:
    """It says what is missing, and no expectation is met."""
    question = ask(state, "203.0.113.0/24", "198.51.100.0/24")
    found = answer(capsys, *question)
    assert found["verdict"] == "undetermined"
    assert found["missing"]
    for expected in ("yes", "no"):
        assert run(capsys, *question, "--expect", expected)[0] == 1


def test_a_program_is_asked_without_a_state(capsys: Capsys) -> None:
    """It runs offline, as in a preview, ids unknown."""
    with restored():
        found = answer(
            capsys, "reach", "--stack", "dev", "--from", "internet", "--to", "data", "--logins"
        )
    assert found["verdict"] == "no"


def test_a_place_is_a_name_a_label_or_a_urn(graph: Graph) -> None:
    """One resource, four spellings."""
    urn = next(iter(graph.databases))
    spellings = ("database", "rds database", "Instance database", urn)
    assert {str(place(graph, name)) for name in spellings} == {urn}
    assert place(graph, "Internet") == INTERNET
    assert place(graph, "data") is Tier.DATA


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("databse", "no place 'databse'.*\n.*`database`"),
        ("10.0.2.5", "10.0.2.5 lies within the stack's own network"),
        ("10.0.0.0/33", "no place '10.0.0.0/33'"),
        ("", "no place ''"),
    ],
)
def test_a_name_of_nothing_is_refused(graph: Graph, name: str, says: str) -> None:
    """With candidates, where there are some."""
    with pytest.raises(OperatorError, match=says):
        place(graph, name)


def test_a_name_of_several_is_refused_with_all_of_them() -> None:
    """Which was meant, only the asker knows."""
    held = [
        {"urn": f"urn:pulumi:a::b::{token}::main", "type": token, "custom": True, "id": "x"}
        for token in ("aws:ec2/vpc:Vpc", "aws:ecs/cluster:Cluster")
    ]
    graph = Graph.of(resources({"resources": held}))
    with pytest.raises(OperatorError, match="'main' may be `vpc main`, `cluster main`"):
        place(graph, "main")


@pytest.mark.parametrize(
    ("spelled", "spans"),
    [(None, None), ("443", ((443, 443),)), ("0-65535", ((0, 65535),)), ("80-81", ((80, 81),))],
)
def test_ports_are_one_or_a_range(spelled: str | None, spans: object) -> None:
    """Or any."""
    found = ports(spelled)
    assert found == (Intervals(spans) if isinstance(spans, tuple) else None)


@pytest.mark.parametrize("spelled", ["", "-", "65536", "-1", "2-1", "http", "1-2-3", "²"])
def test_what_is_no_port_is_refused(spelled: str) -> None:
    """With what is."""
    with pytest.raises(OperatorError, match=r"neither a port.*\n.*0 to 65535"):
        ports(spelled)


def test_an_unknown_protocol_is_refused(capsys: Capsys, state: str) -> None:
    """With those there are."""
    with pytest.raises(OperatorError, match=r"no protocol 'http'.*\n.*tcp"):
        run(capsys, *ask(state, "internet", "data", "--protocol", "http"))


def test_a_stack_and_a_state_are_one_too_many(capsys: Capsys, state: str) -> None:
    """They are two networks."""
    with pytest.raises(OperatorError, match="two networks"):
        run(capsys, *ask(state, "internet", "data", "--stack", "dev"))
