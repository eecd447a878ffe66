"""Traps in the scripts of a release, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

ENV: Final = "rel/env.sh.eex"
SERVER: Final = "rel/overlays/bin/server"

CASES = [
    edit("shell-syntax", ENV, "export RELEASE_NODE\n", "[[ -n $a ]] && :\n", at="bash"),
    edit("shell-syntax", ENV, "export RELEASE_NODE\n", "source /x\n", at="source"),
    edit("shell-syntax", ENV, "export RELEASE_NODE\n", "export RELEASE_NODE\r\n", "NODE\r", "cr"),
    edit("shell-syntax", SERVER, "set -eu", "set -o pipefail", at="pipefail"),
    trap("release-scripts", "mix.exs", "app: :shop", {SERVER: None}, "server"),
    edit("release-scripts", SERVER, "/shop", "/other", "/other", "release"),
    edit(
        "release-scripts",
        "rel/overlays/bin/migrate",
        "Shop.Release.migrate",
        "Shop.Tasks.migrate",
        "Shop.Tasks",
        "module",
    ),
    edit(
        "release-scripts",
        "rel/overlays/bin/migrate",
        "Shop.Release.migrate",
        "Shop.Release.up",
        "Shop.Release.up",
        "function",
    ),
]
