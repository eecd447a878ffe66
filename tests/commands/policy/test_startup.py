"""The command starts without what only one of its subcommands needs."""

import subprocess
import sys

from tests.support.stacks import ROOT

LOADED = """
import sys, perpetual.cli
heavy = ("pulumi", "grpc", "rules", "graph", "pulumi_aws", "yaml", "rich.console")
print([name for name in heavy if name in sys.modules])
"""


def test_nothing_heavy_is_loaded_to_parse_options() -> None:
    """Neither the rules, nor the graph, nor the SDK: `--help` is for people who wait."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
