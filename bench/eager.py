"""The preview without lazy loading of SDK packages, to see what that saves."""

import sys

from perpetual import cli
from perpetual.offline import preview

if __name__ == "__main__":
    preview.SDKS = ()  # type: ignore[assignment, misc]  # the one thing that differs
    sys.exit(cli.main())
