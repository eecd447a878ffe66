"""Property paths, as `pulumi config set --path` has them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.offline.property_path import PathError, coerced, get, parse, put

NAMES = st.text(alphabet="abcXYZ019-_ ", min_size=1)
PATHS = st.lists(NAMES, min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("zones", ("zones",)),
        ("network.zones", ("network", "zones")),
        ("network.zones[0]", ("network", "zones", 0)),
        ("a[0][1].b", ("a", 0, 1, "b")),
        ('tags["perpetual.io/owner"]', ("tags", "perpetual.io/owner")),
        ('tags["a \\"b\\""]', ("tags", 'a "b"')),
        ('["root"].leaf', ("root", "leaf")),
    ],
)
def test_a_path_is_read_segment_by_segment(text: str, path: tuple[str | int, ...]) -> None:
    """Names, indices, and names in quotes."""
    assert parse(text) == path


@pytest.mark.parametrize("text", ["", ".a", "a..b", "a.", "[0]", "a[", "a[x]", 'a["b]'])
def test_a_malformed_path_is_refused(text: str) -> None:
    """The sentence quotes the path."""
    with pytest.raises(PathError, match=r"no property path|no configuration key"):
        parse(text)


@given(names=PATHS)
def test_a_path_of_names_is_read_back_as_written(names: list[str]) -> None:
    """Dots separate, whatever the names."""
    assert parse(".".join(names)) == tuple(names)


@given(names=PATHS, value=st.integers(), before=st.dictionaries(NAMES, st.integers()))
def test_what_is_put_is_found_and_nothing_else_moves(
    names: list[str], value: int, before: dict[str, Any]
) -> None:
    """The value given in stays as it was."""
    before.pop(names[0], None)
    original = dict(before)
    after = put(before, names, value)
    assert get(after, names) == (value, True)
    assert {key: after[key] for key in original} == original
    assert before == original


def test_a_list_grows_at_its_end_only() -> None:
    """As in the engine, an index may be one past the last."""
    assert put({"a": [1]}, ("a", 1), 2) == {"a": [1, 2]}
    assert put({}, ("a", 0, "b"), 1) == {"a": [{"b": 1}]}
    with pytest.raises(PathError, match="index 3 is out of range: the list has 1 items"):
        put({"a": [1]}, ("a", 3), 2)


def test_a_plain_value_gives_way_at_the_root_only() -> None:
    """Further down, a name below a number is a mistake."""
    assert put("text", ("a",), 1) == {"a": 1}
    with pytest.raises(PathError, match="'b' needs keys with values, but there is 5"):
        put({"a": 5}, ("a", "b"), 1)
    with pytest.raises(PathError, match="0 needs a list"):
        put({"a": {"b": 1}}, ("a", 0), 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("42", 42),
        ("-42", -42),
        ("0", 0),
        ("007", "007"),
        ("1.5", "1.5"),
        ("", ""),
        ("99999999999999999999", "99999999999999999999"),  # beyond 64 bits
        ("٤٢", "٤٢"),
    ],
)
def test_text_becomes_a_boolean_or_an_integer_only_where_the_engine_makes_it_one(
    text: str, value: object
) -> None:
    """Leading zeros keep an account number what it is."""
    found = coerced(text)
    assert found == value
    assert type(found) is type(value)
