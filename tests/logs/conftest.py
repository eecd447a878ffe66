"""What every test of the logs needs: what those of the status need."""

from tests.status.conftest import no_account

__all__ = ["no_account"]
