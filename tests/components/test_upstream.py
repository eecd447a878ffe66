"""Pins: another stack's layer is used as long as it is what was pinned."""

import json
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import upstream
from components.component import Component
from perpetual import contract
from perpetual.offline.capture import UNKNOWN, Capture, capture, plain

STACK = contract.Stack(name="shop", account="111122223333", region="eu-west-1")
FIELDS = {"address": "db.example", "port": 5432, "replicas": ["r1"], "masterSecret": ""}
PIN = contract.pin(FIELDS)
REFERENCE = "acme/perpetual/shared"


class Reader(Component):
    """A component that uses another stack's database."""

    token = "perpetual:test:Reader"  # noqa: S105 - a type token

    def __init__(self, reference: str | None = REFERENCE, pin: str | None = PIN) -> None:
        """Read it."""
        super().__init__("reader")
        self.fields = upstream.layer_fields(self, reference, contract.Layer.DATABASE, pin, STACK)
        self.register_outputs({"fields": self.fields})


def read(outputs: dict[str, Any] | None, pin: str = PIN) -> Capture:
    """Run a program that reads a layer of a stack with these outputs; None leaves them unknown."""
    return capture(
        lambda: Reader(pin=pin),
        project="perpetual",
        stack="shop",
        config={},
        invokes={},
        stacks={} if outputs is None else {"shared": outputs},
    )


def outputs(**changed: Any) -> dict[str, Any]:
    """Return what the upstream publishes."""
    return {"version": contract.VERSION, "database": {**FIELDS, **changed}}


def test_the_fields_come_back_as_they_were_published() -> None:
    """They reach the component's users, and the pin that was made of whole numbers holds."""
    found = read(outputs())
    shown = plain(found.registered_outputs[found.named("reader").urn])
    assert shown == {"fields": FIELDS}


def test_a_port_is_a_whole_number_again() -> None:
    """The wire knows floats only, and AWS takes no port 5432.0."""
    found = upstream.pinned(outputs(port=5432.0), REFERENCE, contract.Layer.DATABASE, PIN)
    assert isinstance(found["port"], int)


def test_the_claim_says_who_depends_on_what_at_which_pin() -> None:
    """It lies below the upstream's own path, one for each layer."""
    claim = read(outputs()).named("reader-claim").inputs
    assert claim["name"] == "/perpetual/shared/claims/shop/database"
    assert claim["type"] == "String"
    assert json.loads(claim["insecureValue"]) == {"stack": "shop", "layer": "database", "pin": PIN}


def test_before_the_upstream_is_known_nothing_is_refused_and_nothing_claimed() -> None:
    """A preview without the upstream's outputs goes on with unknown fields."""
    claim = read(None).named("reader-claim").inputs
    assert claim["insecureValue"] == UNKNOWN


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"address": "other.example"}, "address changed"),
        ({"port": 5433, "replicas": []}, "port, replicas changed"),
        ({"new": 1}, "new changed"),
    ],
)
def test_a_changed_upstream_is_refused_with_the_fields_and_the_new_pin(
    changed: dict[str, Any], named: str
) -> None:
    """The sentence names the setting, what differs, and what to set once that is accepted."""
    new_pin = contract.pin({**FIELDS, **changed})
    with pytest.raises(pulumi.RunError) as caught:
        read(outputs(**changed))
    text = str(caught.value)
    assert f"The database of {REFERENCE} is not what database.pin recorded: {named}." in text
    assert text.endswith(f"set database.pin to {new_pin}")


def test_a_removed_field_counts_as_changed() -> None:
    """The pin covers the whole layer."""
    fewer = {"version": 1, "database": {key: FIELDS[key] for key in ("address", "port")}}
    with pytest.raises(pulumi.RunError, match="masterSecret, replicas changed"):
        read(fewer)


@pytest.mark.parametrize("published", [{}, {"version": 1, "database": None}])
def test_an_upstream_without_the_layer_is_named(published: dict[str, Any]) -> None:
    """It was never brought up, or the reference is wrong."""
    message = rf"{REFERENCE} publishes no database\. .* correct database\.stack"
    with pytest.raises(pulumi.RunError, match=message):
        read(published)


def test_another_version_of_the_contract_is_not_read() -> None:
    """Its fields may mean something else."""
    with pytest.raises(pulumi.RunError, match=r"version 2 of the contract, .* reads version 1"):
        read({**outputs(), "version": 2})


@pytest.mark.parametrize(("reference", "pin"), [(None, PIN), (REFERENCE, None)])
def test_a_reference_and_a_pin_go_together(reference: str | None, pin: str | None) -> None:
    """One without the other is refused before anything is asked."""
    with pytest.raises(pulumi.RunError, match=r"set database\.stack and database\.pin"):
        capture(lambda: Reader(reference, pin), project="p", stack="shop", config={}, invokes={})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def _on_the_wire(value: Any) -> Any:
    """Turn every number into a float, as protobuf does."""
    match value:
        case dict():
            return {key: _on_the_wire(item) for key, item in value.items()}
        case list():
            return [_on_the_wire(item) for item in value]
        case bool():
            return value
        case int():
            return float(value)
        case _:
            return value


@given(_JSON)
def test_whole_numbers_survive_the_wire(value: object) -> None:
    """So that a pin made of what was published is the pin of what is read."""
    assert contract.canonical(upstream.whole(_on_the_wire(value))) == contract.canonical(value)
