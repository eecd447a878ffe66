"""One account with its providers, for all tests of single calls in a module."""

from collections.abc import Iterator

import pytest

from perpetual.sandbox.fronts import attached
from tests.sandbox.resources import emulated, stories
from tests.sandbox.resources.client import Client


@pytest.fixture(scope="module")
def account() -> Iterator[emulated.Emulated]:
    """Yield an account."""
    with stories.fresh("dev") as found:
        yield found


@pytest.fixture(scope="module")
def ports(account: emulated.Emulated) -> Iterator[dict[str, int]]:
    """Yield the ports of the three providers."""
    with attached.serving(account.cloud) as found:
        yield found


@pytest.fixture
def aws(ports: dict[str, int]) -> Iterator[Client]:
    """Yield a client of the AWS provider."""
    client = Client(ports["aws"], {"region": emulated.REGION})
    yield client
    client.connection.close()
