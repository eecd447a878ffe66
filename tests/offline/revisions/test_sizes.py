"""A database that shall get smaller: what is true about it."""

from typing import Any

import pytest

from perpetual.offline.revisions.sizes import DATABASE, shrunk, size

BIG = {"allocatedStorage": 100, "instanceClass": "db.m7g.large", "maxAllocatedStorage": 1000}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        ({"allocatedStorage": 200, "instanceClass": "db.m7g.2xlarge"}, []),
        ({"allocatedStorage": 50}, ["under storage autoscaling the provider ignores it"]),
        (
            {"allocatedStorage": 50, "maxAllocatedStorage": 0},
            ["RDS refuses the update; a smaller one is a new instance, filled from a dump"],
        ),
        ({"instanceClass": "db.t4g.medium"}, ["RDS restarts it in its next window"]),
        (
            {"instanceClass": "db.t4g.medium", "applyImmediately": True},
            ["RDS restarts it at once"],
        ),
        ({"allocatedStorage": 50, "instanceClass": "db.t4g.micro"}, ["shrink", "smaller class"]),
        ({"instanceClass": "db.r9z.odd"}, []),
    ],
)
def test_it_says_what_the_provider_and_rds_make_of_it(
    changes: dict[str, Any], says: list[str]
) -> None:
    """RDS never shrinks storage: the update is ignored, or refused."""
    found = list(shrunk(DATABASE, BIG, {**BIG, **changes}))
    assert len(found) == len(says)
    for sentence, part in zip(found, says, strict=True):
        assert part in sentence


def test_sizes_are_in_order() -> None:
    """From micro to the largest."""
    names = ["micro", "small", "medium", "large", "xlarge", "2xlarge", "16xlarge"]
    found = [size(f"db.m7g.{name}") or 0 for name in names]
    assert found == sorted(set(found))


def test_other_types_have_no_size() -> None:
    """Only databases are asked."""
    assert list(shrunk("aws:s3/bucket:Bucket", {"allocatedStorage": 2}, {})) == []
