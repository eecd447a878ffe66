"""Reading properties: typed facts out of plain values, with the default that applies when unset."""

from collections.abc import Mapping
from typing import TypeVar

from graph.cidr import NOTHING, Addresses
from graph.facts import Fact, Source, Standing
from graph.index import Index
from graph.resource import UNKNOWN, Resource, Unknown
from graph.tokens import SUBNET, VPC

T = TypeVar("T")


def text(resource: Resource, key: str, default: str | None = None) -> Fact[str | None]:
    """Return a string property; the empty string counts as unset."""
    value = resource.properties.get(key)
    if isinstance(value, str) and value:
        return known(value, resource, key)
    return unset_or_unknown(None if value == "" else value, default, resource, key)


def flag(resource: Resource, key: str, *, default: bool) -> Fact[bool]:
    """Return a boolean property; launch templates spell booleans as text."""
    return as_flag(resource.properties.get(key), resource, key, default=default)


def as_flag(value: object, resource: Resource, path: str, *, default: bool) -> Fact[bool]:
    """Return `value` as a boolean fact."""
    spelled = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in spelled:
        value = spelled[value.lower()]
    if isinstance(value, bool):
        return known(value, resource, path)
    return unset_or_unknown(None if value == "" else value, default, resource, path)


def number(resource: Resource, key: str) -> Fact[int | None]:
    """Return an integer property; the wire carries every number as a float."""
    value = resource.properties.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return known(int(value), resource, key)
    return unset_or_unknown(value, None, resource, key)


def known(value: T, resource: Resource, path: str) -> Fact[T]:
    """Return a fact that is known."""
    return Fact(value, Standing.KNOWN, Source(resource.urn, path))


def unset_or_unknown(value: object, default: T, resource: Resource, path: str) -> Fact[T]:
    """Return the default where nothing is set, and an unknown fact for anything unreadable."""
    source = Source(resource.urn, path)
    if value is None:
        return Fact(default, Standing.DEFAULT, source)
    return Fact(UNKNOWN, Standing.UNKNOWN, source)


def mappings(value: object) -> list[Mapping[str, object]] | None:
    """Return a list of objects, or `None` where the list or an element of it is unknown."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value):
        return list(value)
    return None


def strings(value: object) -> list[str | Unknown]:
    """Return a list of strings; what is not one reads `UNKNOWN`, an unset list is empty."""
    if value is None:
        return []
    items = value if isinstance(value, (list, tuple)) else [value]
    return [item if isinstance(item, str) else UNKNOWN for item in items]


def port(value: object) -> int | Unknown | None:
    """Return a port number, `None` where it is unset."""
    if value is None:
        return None
    try:
        return int(value) if isinstance(value, (int, float, str)) else UNKNOWN
    except ValueError:
        return UNKNOWN


def addresses(
    index: Index, resource: Resource, path: str, value: str | Unknown
) -> Addresses | Unknown:
    """Return the addresses of one CIDR.

    An unknown one that was computed from a VPC or a subnet alone is a range of theirs: not yet
    known, but the network's own, so it adds nothing that comes from elsewhere.
    """
    if value is not UNKNOWN:
        try:
            return Addresses.parse(value)
        except ValueError:
            return UNKNOWN
    top = path.split("[", 1)[0]
    urns = list(resource.property_dependencies.get(top, ()))
    own = index.sources(resource, path, (VPC, SUBNET))
    return NOTHING if own and len(own) == len(urns) else UNKNOWN
