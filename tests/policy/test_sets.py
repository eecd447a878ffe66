"""Set arithmetic, against brute force on spaces small enough to count through."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import EVERYTHING, INTERNET, PRIVATE, Addresses, Intervals, Traffic, whole_world
from graph.acl import Acl, AclRule
from graph.facts import Source
from graph.ports import ANY, TCP, UDP, protocol

SPACE = range(24)
spans = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 23)), max_size=5)


def members(intervals: Intervals) -> set[int]:
    """Return the numbers of the small space that are in the set."""
    return {number for number in SPACE if number in intervals}


def counted(pairs: list[tuple[int, int]]) -> set[int]:
    """Return the numbers of the small space that any pair spans."""
    return {number for number in SPACE for low, high in pairs if low <= number <= high}


@given(spans, spans)
def test_intervals_are_sets(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    """Union, intersection, difference, inclusion and emptiness are those of sets."""
    a, b = Intervals.of(left), Intervals.of(right)
    one, other = counted(left), counted(right)
    assert members(a) == one
    assert members(a | b) == one | other
    assert members(a & b) == one & other
    assert members(a - b) == one - other
    assert (a <= b) == (one <= other)
    assert bool(a) == bool(one)
    assert (a == b) == (one == other)


@given(spans)
def test_spans_are_sorted_and_apart(pairs: list[tuple[int, int]]) -> None:
    """There is one spelling for each set: neighbours are joined."""
    found = Intervals.of(pairs).spans
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))


v4_cidrs = st.builds(
    lambda host, length: str(ip_network(f"10.0.0.{host}/{length}", strict=False)),
    st.integers(0, 63),
    st.integers(26, 32),
)
v6_cidrs = st.builds(
    lambda host, length: str(ip_network(f"fd00::{host:x}/{length}", strict=False)),
    st.integers(0, 63),
    st.integers(122, 128),
)
cidr_lists = st.lists(v4_cidrs | v6_cidrs, max_size=5)
HOSTS: list[IPv4Address | IPv6Address] = [
    *(IPv4Address(f"10.0.0.{host}") for host in range(64)),
    *(IPv6Address(f"fd00::{host:x}") for host in range(64)),
]


def hosts(addresses: Addresses) -> set[IPv4Address | IPv6Address]:
    """Return which hosts of the small networks are in the set."""
    return {
        host for host in HOSTS if int(host) in (addresses.v4 if host.version == 4 else addresses.v6)
    }


@given(cidr_lists, cidr_lists)
def test_address_sets_agree_with_ipaddress(left: list[str], right: list[str]) -> None:
    """Every operation on ranges is the one on the hosts in them."""
    a, b = Addresses.parse(*left), Addresses.parse(*right)
    one = {host for host in HOSTS for cidr in left if host in ip_network(cidr)}
    other = {host for host in HOSTS for cidr in right if host in ip_network(cidr)}
    assert hosts(a) == one
    assert hosts(a | b) == one | other
    assert hosts(a & b) == one & other
    assert hosts(a - b) == one - other
    assert (a <= b) == (one <= other)
    assert bool(a) == bool(one)


@given(cidr_lists)
def test_a_set_is_spelt_in_ranges_that_make_it_again(cidrs: list[str]) -> None:
    """What a finding prints is the set that was judged."""
    found = Addresses.parse(*cidrs)
    assert Addresses.parse(*found.cidrs()) == found


def test_host_bits_are_ignored_and_nonsense_is_refused() -> None:
    """AWS takes 10.0.0.9/8 for 10.0.0.0/8; nobody takes text."""
    assert Addresses.parse("10.0.0.9/8") == Addresses.parse("10.0.0.0/8")
    with pytest.raises(ValueError, match="banana"):
        Addresses.parse("banana")


def test_the_internet_is_what_is_not_private() -> None:
    """Together they are everything, and nothing is in both."""
    assert INTERNET | PRIVATE == EVERYTHING
    assert not INTERNET & PRIVATE


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("172.15.255.255", True),
        ("172.16.0.0", False),
        ("172.31.255.255", False),
        ("172.32.0.0", True),
        ("100.64.0.1", False),
        ("192.167.255.255", True),
        ("2600::1", True),
        ("fd12::1", False),
        ("fe80::1", False),
    ],
)
def test_who_is_the_internet(address: str, *, public: bool) -> None:
    """The edges of the private ranges are where they belong."""
    assert bool(Addresses.parse(str(ip_address(address))) & INTERNET) is public


@pytest.mark.parametrize(
    ("cidrs", "world"),
    [
        (["0.0.0.0/0"], True),
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["0.0.0.0/1"], False),
        (["::/0"], True),
        (["2000::/3"], True),
        (["2000::/4", "3000::/4"], True),
        (["203.0.113.0/24"], False),
        ([str(cidr) for cidr in INTERNET.cidrs() if ":" not in cidr], True),
    ],
)
def test_the_whole_world_in_any_spelling(cidrs: list[str], *, world: bool) -> None:
    """Halves add up, an office does not."""
    assert whole_world(Addresses.parse(*cidrs)) is world


@pytest.mark.parametrize(
    ("name", "low", "high", "covered", "not_covered"),
    [
        ("tcp", 5432, 5432, [(TCP, 5432)], [(TCP, 5433), (UDP, 5432)]),
        ("6", 0, 65535, [(TCP, 0), (TCP, 65535)], [(UDP, 1)]),
        ("-1", None, None, [(TCP, 1), (UDP, 1), (1, None)], []),
        ("all", 0, 0, [(TCP, 5432)], []),
        ("tcp", -1, -1, [(TCP, 5432)], [(UDP, 1)]),
        ("udp", 53, 53, [(UDP, 53)], [(TCP, 53)]),
        ("icmp", -1, -1, [(1, None)], [(TCP, 5432)]),
    ],
)
def test_what_a_rule_speaks_about(
    name: str,
    low: int | None,
    high: int | None,
    covered: list[tuple[int, int | None]],
    not_covered: list[tuple[int, int | None]],
) -> None:
    """Protocols by name and number, and the two spellings of all ports."""
    traffic = Traffic.of(protocol(name), low, high)
    assert all(traffic.covers(number, port) for number, port in covered)
    assert not any(traffic.covers(number, port) for number, port in not_covered)


acl_rules = st.lists(
    st.builds(
        lambda number, allow, kind, low, width, cidr: AclRule(
            Source(f"rule-{number}"),
            number,
            egress=False,
            allow=allow,
            traffic=Traffic.of(kind, low, low + width),
            addresses=Addresses.parse(cidr),
        ),
        st.integers(1, 200),
        st.booleans(),
        st.sampled_from([TCP, UDP, ANY]),
        st.integers(0, 8),
        st.integers(0, 4),
        v4_cidrs,
    ),
    max_size=6,
    unique_by=lambda rule: rule.number,
)


@given(acl_rules)
def test_an_acl_lets_in_what_its_first_matching_rule_allows(
    rules: list[AclRule],
) -> None:
    """The openings are exactly those of walking the rules for each address and port."""
    acl = Acl("acl", "acl", tuple(rules))
    sources = Addresses.parse("10.0.0.0/24")
    walked: dict[str, set[int]] = {}
    for host in range(0, 64, 4):
        address = int(IPv4Address(f"10.0.0.{host}"))
        for kind in (TCP, UDP, 250):
            for port in range(14):
                for rule in sorted(rules, key=lambda item: item.number):
                    if rule.traffic.covers(kind, port) and address in rule.addresses.v4:
                        if rule.allow:
                            walked.setdefault(rule.source.urn, set()).add(address)
                        break
    found = {
        rule.source.urn: {
            address
            for host in range(0, 64, 4)
            if (address := int(IPv4Address(f"10.0.0.{host}"))) in opened.v4
        }
        for rule, opened in acl.openings(sources).items()
    }
    assert {urn: addresses for urn, addresses in found.items() if addresses} == walked
