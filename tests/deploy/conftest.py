"""A stack's AWS for every test that asks for one."""

import os
from pathlib import Path

import pytest

from tests.deploy.desk import Bench
from tests.deploy.world import Aws


@pytest.fixture(autouse=True)
def own_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says of AWS: no test asks any but its own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "PERPETUAL_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def aws() -> Aws:
    """Return the AWS of a stack that runs its first release."""
    return Aws()


@pytest.fixture
def bench(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a desk at that AWS, with an image that was checked."""
    return Bench(aws, tmp_path, monkeypatch)
