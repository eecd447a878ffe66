"""Parameters: the exact requests, and moto's word that they do what is meant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3  # type: ignore[import-untyped]  # boto3 ships no types
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]  # botocore ships no types
from moto import mock_aws

from perpetual.aws.session import Clients
from perpetual.contract import Stack
from perpetual.deploy import history, journal
from perpetual.deploy.clock import RealClock
from perpetual.deploy.journal import Journal, Kind, Schema
from perpetual.deploy.outcome import Phase
from perpetual.deploy.store import Store
from perpetual.errors import OperatorError
from tests.deploy.parameters import Parameters

pytestmark = pytest.mark.usefixtures("few_policies")

HERE = Stack(name="prod", account="123456789012", region="eu-west-1")
NAME = "/perpetual/prod/deploy/journal"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a store at moto."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        yield Store(Clients(region="eu-west-1"), HERE, RealClock())


def test_only_the_first_makes_a_parameter(store: Store) -> None:
    """The one that made it is told so."""
    assert store.create(NAME, "a") is True
    assert store.create(NAME, "b") is False
    entry = store.read(NAME)
    assert entry is not None
    assert (entry.value, entry.version) == ("a", 1)
    assert entry.age < 60


def test_writing_makes_overwrites_and_counts(store: Store) -> None:
    """Each version has a number; the newest is read."""
    assert [store.write(NAME, text) for text in ("a", "b", "c")] == [1, 2, 3]
    assert store.versions(NAME) == [(1, "a"), (2, "b"), (3, "c")]


def test_what_is_not_there(store: Store) -> None:
    """Is nothing, and no fault."""
    assert store.read(NAME) is None
    assert store.versions(NAME) == ()
    assert store.below("/perpetual/prod/deploy") == []
    store.delete(NAME)


def test_only_what_is_right_below_a_path_is_listed(store: Store) -> None:
    """Names, without what is deeper or elsewhere."""
    for name in ("/p/lock/1", "/p/lock/2", "/p/lock/2/deep", "/p/locks/3"):
        store.create(name, "x")
    assert sorted(store.below("/p/lock")) == ["/p/lock/1", "/p/lock/2"]


def test_the_double_of_the_simulated_tests_agrees_with_moto(store: Store) -> None:
    """The same steps, the same answers."""
    parameters = Parameters(lambda: datetime.now(UTC))

    class Double:
        """A client of the double."""

        def client(self, _service: str) -> Any:
            """Return itself, for any service."""
            return self

        def __getattr__(self, name: str) -> Any:
            """Return an operation's method."""
            operation = "".join(part.capitalize() for part in name.split("_"))
            return lambda **request: parameters(operation, request)

        def get_paginator(self, name: str) -> Any:
            """Return a paginator of one page."""
            method = getattr(self, name)

            class Pages:
                """One page."""

                def paginate(self, **request: Any) -> Iterator[Any]:
                    """Yield it."""
                    yield method(**request)

            return Pages()

    double = Store(Double(), HERE, RealClock())  # type: ignore[arg-type]  # the methods it needs

    def steps(one: Store) -> list[object]:
        return [
            one.create(NAME, "a"),
            one.create(NAME, "b"),
            one.write(NAME, "c"),
            one.versions(NAME),
            [one.write(NAME, str(number)) for number in range(110)][-1],
            len(one.versions(NAME)),
            one.versions(NAME)[0],
            one.below("/perpetual/prod/deploy"),
            gone(one),
            one.write(NAME, "d"),
        ]

    def gone(one: Store) -> bool:
        one.delete(NAME)
        return one.read(NAME) is None

    assert steps(store) == steps(double)


def test_the_exact_requests() -> None:
    """Tags where a parameter is made, none where it is overwritten; no secure string."""
    client = boto3.client("ssm", region_name="eu-west-1")
    absent = {"service_error_code": "ParameterNotFound", "expected_params": {"Name": NAME}}
    with Stubber(client) as stub:
        stub.add_client_error("get_parameter", **absent)
        made = {"Name": NAME, "Value": "a", "Type": "String"}
        tags = {"Tags": [{"Key": "perpetual:stack", "Value": "prod"}]}
        stub.add_response("put_parameter", {"Version": 1}, {**made, **tags})
        again = {"Name": NAME, "Value": "b", "Type": "String", "Overwrite": True}
        stub.add_response("put_parameter", {"Version": 2}, again)
        clients = Clients(region="eu-west-1")
        clients._made["ssm"] = client  # noqa: SLF001 - the stubbed one
        store = Store(clients, HERE, RealClock())
        assert store.write(NAME, "a") == 1
        assert store.write(NAME, "b") == 2
        stub.assert_no_pending_responses()


def test_the_age_is_by_the_clock_of_aws() -> None:
    """This machine's may be hours off."""
    client = boto3.client("ssm", region_name="eu-west-1")
    with Stubber(client) as stub:
        at = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
        stub.add_response(
            "get_parameter",
            {
                "Parameter": {"Name": NAME, "Value": "a", "Version": 1, "LastModifiedDate": at},
                "ResponseMetadata": {"HTTPHeaders": {"date": "Sun, 29 Nov 2026 12:01:30 GMT"}},
            },
        )
        clients = Clients(region="eu-west-1")
        clients._made["ssm"] = client  # noqa: SLF001 - as above
        entry = Store(clients, HERE, RealClock()).read(NAME)
    assert entry is not None
    assert entry.age == timedelta(seconds=90).total_seconds()


JOURNAL = Journal(
    run="r1",
    kind=Kind.DEPLOY,
    image="sha256:1",
    tag="t",
    commit="c",
    who="ada",
    began="2026-11-29T12:00:00+00:00",
    phase=Phase.SERVE,
    schema=Schema.MOVED,
)


def test_a_journal_is_read_as_it_was_written(store: Store) -> None:
    """Until it is done: then there is none."""
    book = journal.Book(store, JOURNAL)
    book.write(definition="arn")
    assert journal.read(store) == book.journal
    assert book.journal.touched
    book.write(done=True)
    assert journal.read(store) is None


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", "{}", '{"version": 2}', journal.text(JOURNAL).replace("serve", "x")]
)
def test_a_journal_that_cannot_be_read_is_not_overlooked(text: str, store: Store) -> None:
    """Whatever that run had begun would be lost with it."""
    store.create(NAME, text)
    with pytest.raises(OperatorError, match="cannot be read") as raised:
        journal.read(store)
    assert NAME in raised.value.detail


@pytest.mark.parametrize("text", ["nonsense", "[]", "{}", '{"version": 1, "kind": "other"}'])
def test_a_history_that_cannot_be_read_is_not_overlooked(text: str, store: Store) -> None:
    """It may say that the schema moved."""
    store.create(history.name(HERE), text)
    with pytest.raises(OperatorError, match="release 1 of the history cannot be read"):
        history.read(store)


def test_a_history_of_several_pages_is_read_whole(store: Store) -> None:
    """AWS keeps a hundred versions, and shows fifty a page; locks come ten a page."""
    for number in range(1, 121):
        assert store.write("/perpetual/prod/deploy/history", str(number)) == number
    found = store.versions("/perpetual/prod/deploy/history")
    assert [version for version, _ in found] == list(range(21, 121))
    for number in range(25):
        store.create(f"/perpetual/prod/deploy/lock/{number}", "x")
    assert len(store.below("/perpetual/prod/deploy/lock")) == 25
