"""A stack's AWS for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.deploy.desk import Bench
from tests.deploy.world import Aws


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return the AWS of a stack that runs its first release."""
    with mock_aws():
        yield Aws()


@pytest.fixture
def bench(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a desk at that AWS, with an image that was checked."""
    return Bench(aws, tmp_path, monkeypatch)
