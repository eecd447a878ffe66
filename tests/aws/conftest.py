"""Tests ask no AWS but their own, whatever the shell that runs them is set to."""

import os

import pytest


@pytest.fixture(autouse=True)
def own_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says of AWS; moto makes up credentials of its own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
