"""What the name of an instance type tells."""

import pytest

from settings.capacity import Capacity, capacity, is_graviton


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("t4g.nano", Capacity(2048, 512, 1)),
        ("t4g.medium", Capacity(2048, 4096, 2)),
        ("t3.2xlarge", Capacity(8192, 32768, 3)),
        ("m7g.large", Capacity(2048, 8192, None)),
        ("c8g.medium", Capacity(1024, 2048, None)),
        ("r7i.4xlarge", Capacity(16384, 131072, None)),
    ],
)
def test_regular_families_are_known(name: str, expected: Capacity) -> None:
    """Size gives processors, the letter gives memory for each."""
    assert capacity(name) == expected


@pytest.mark.parametrize(
    "name", ["c5n.large", "x2gd.large", "t2.micro", "m4.large", "m7g.metal", "i4g.large"]
)
def test_of_others_nothing_is_claimed(name: str) -> None:
    """What is not known is not refused."""
    assert capacity(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "t4g.medium",
        "m7g.large",
        "m8gd.xlarge",
        "c7gn.large",
        "a1.large",
        "is4gen.large",
        "g5g.xlarge",
        "x2gd.large",
    ],
)
def test_graviton_is_told_by_the_attribute(name: str) -> None:
    """The g stands behind the generation, not before it."""
    assert is_graviton(name)


@pytest.mark.parametrize(
    "name", ["t3.medium", "m7i.large", "c6a.large", "g4dn.xlarge", "g6.xlarge", "m5zn.large"]
)
def test_other_processors_are_told_apart(name: str) -> None:
    """A g before the generation is the series of graphics processors."""
    assert not is_graviton(name)


@pytest.mark.parametrize(
    ("cpu", "memory", "count"), [(512, 896, 2), (2048, 896, 1), (512, 4096, 1), (4096, 896, 0)]
)
def test_a_host_holds_what_its_scarcest_part_allows(cpu: int, memory: int, count: int) -> None:
    """CPU, memory and network interfaces of a t4g.medium."""
    medium = capacity("t4g.medium")
    assert medium is not None
    assert medium.fits(cpu=cpu, memory=memory) == count
