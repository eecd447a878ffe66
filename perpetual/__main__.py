"""Allow `python -m perpetual`."""

import sys

from perpetual.cli import main

sys.exit(main())
