"""The subnet plan: for every VPC size and every order in which zones can be added."""

from ipaddress import IPv4Network
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network.plan import LARGEST, PLACES, SLOTS, SMALLEST, Subnet, plan, ranges
from perpetual.contract import Tier

SIZES = range(LARGEST, SMALLEST + 1)
ORDERS = list(permutations("abcdef", SLOTS))


@st.composite
def vpcs(draw: st.DrawFn) -> IPv4Network:
    """Draw any range of an accepted size, anywhere in IPv4."""
    prefix = draw(st.sampled_from(SIZES))
    return IPv4Network((draw(st.integers(0, 2**prefix - 1)) << (32 - prefix), prefix))


def _by_key(subnets: tuple[Subnet, ...]) -> dict[str, IPv4Network]:
    return {subnet.key: subnet.cidr for subnet in subnets}


@pytest.mark.parametrize("prefix", SIZES)
def test_adding_zones_in_any_order_moves_no_existing_subnet(prefix: int) -> None:
    """Grow a VPC zone by zone, in each of the 360 orders of four letters out of six."""
    vpc = IPv4Network(("10.0.0.0", prefix))
    for order in ORDERS:
        before: dict[str, IPv4Network] = {}
        for count in range(1, SLOTS + 1):
            after = _by_key(plan(vpc, order[:count]))
            assert before.items() <= after.items()
            assert len(after) == count * len(PLACES)
            before = after


@given(vpcs(), st.sampled_from(ORDERS))
def test_a_full_vpc_keeps_every_subnet_inside_and_apart(
    vpc: IPv4Network, zones: tuple[str, ...]
) -> None:
    """Subnets lie inside the VPC, inside their zone's quarter, and never overlap."""
    subnets = plan(vpc, zones)
    quarters = list(vpc.subnets(prefixlen_diff=2))
    assert all(subnet.cidr.subnet_of(quarters[subnet.slot]) for subnet in subnets)
    assert not any(one.cidr.overlaps(other.cidr) for one, other in combinations(subnets, 2))


@given(vpcs())
def test_a_quarter_of_each_slot_stays_free_for_tiers_to_come(vpc: IPv4Network) -> None:
    """What is left of a slot is one aligned block of a quarter of its size."""
    subnets = plan(vpc, "abcd")
    for slot, quarter in enumerate(vpc.subnets(prefixlen_diff=2)):
        free = list(quarter.subnets(prefixlen_diff=2))[1]
        taken = [subnet.cidr for subnet in subnets if subnet.slot == slot]
        assert not any(free.overlaps(cidr) for cidr in taken)
        assert sum(cidr.num_addresses for cidr in taken) == 3 * free.num_addresses


def test_the_default_vpc_is_cut_as_written_down() -> None:
    """Pin the ranges themselves: a change of the arithmetic would replace subnets that exist."""
    subnets = plan(IPv4Network("10.0.0.0/16"), "ab")
    assert {subnet.key: str(subnet.cidr) for subnet in subnets} == {
        "public-a": "10.0.0.0/21",
        "data-a": "10.0.8.0/21",
        "private-a": "10.0.32.0/19",
        "public-b": "10.0.64.0/21",
        "data-b": "10.0.72.0/21",
        "private-b": "10.0.96.0/19",
    }


def test_ranges_of_a_tier_follow_the_order_of_the_zones() -> None:
    """Zones are in the order of configuration, not of the alphabet."""
    subnets = plan(IPv4Network("10.0.0.0/20"), "ca")
    assert [subnet.key for subnet in ranges(subnets, Tier.DATA)] == ["data-c", "data-a"]


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/21"])
def test_a_vpc_of_another_size_is_refused_by_name(cidr: str) -> None:
    """The message names the range and the sizes that work."""
    with pytest.raises(ValueError, match=rf"{cidr} .* /16 to /20"):
        plan(IPv4Network(cidr), "a")


@pytest.mark.parametrize("zones", ["", "abcde", "aa"])
def test_zones_that_have_no_slot_each_are_refused(zones: str) -> None:
    """No zone, a fifth zone and a repeated zone have no slot."""
    with pytest.raises(ValueError, match="one to 4 different letters"):
        plan(IPv4Network("10.0.0.0/16"), zones)
