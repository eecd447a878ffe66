"""Traps in names and cookies of nodes, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

ENV: Final = "rel/env.sh.eex"
FLAGS: Final = "rel/vm.args.eex"
REMOTE: Final = "rel/remote.vm.args.eex"
SERVER: Final = "rel/overlays/bin/server"
ADDRESS: Final = "${address:-127.0.0.1}"
NAME: Final = "<%= @release.name %>${RELEASE_NODE_SUFFIX:+-$RELEASE_NODE_SUFFIX}@"

CASES = [
    trap(
        "node-name",
        "mix.exs",
        "app: :shop",
        {
            ENV: None,
            FLAGS: {"-start_epmd false": "-start_epmd false\n-erl_epmd_port 9100"},
            REMOTE: {"-start_epmd false": "-start_epmd false\n-erl_epmd_port 9100"},
        },
        "missing",
    ),
    edit(
        "node-name",
        ENV,
        f'RELEASE_NODE="{NAME}{ADDRESS}"',
        ":",
        "export RELEASE_DISTRIBUTION",
        "unset",
    ),
    edit("node-name", ENV, f"{NAME}{ADDRESS}", f"{NAME}127.0.0.1", "RELEASE_NODE=", "loopback"),
    trap(
        "node-name",
        ENV,
        "RELEASE_NODE=",
        {ENV: {f"{NAME}{ADDRESS}": "$app@127.0.0.1", "if [ -z": "app=$(cat /app/name)\nif [ -z"}},
        "loopback-by-variable",
    ),
    edit("node-name", ENV, f"{NAME}{ADDRESS}", f"{NAME}$(hostname -f)", "RELEASE_NODE=", "host"),
    edit("node-name", ENV, f"{NAME}{ADDRESS}", f"{NAME}$FLY_PRIVATE_IP", "RELEASE_NODE=", "fly"),
    edit("node-name", ENV, f"{NAME}{ADDRESS}", "shop", "RELEASE_NODE=", "short"),
    trap(
        "node-name",
        ENV,
        "RELEASE_NODE=",
        {ENV: {f"{NAME}{ADDRESS}": f"{NAME}$where", "export RELEASE_NODE\n": "where=$HOSTNAME\n"}},
        "by-variable",
    ),
    edit(
        "node-name-random",
        ENV,
        "  RELEASE_NODE=",
        "  nonce=$(uuidgen)\n  RELEASE_NODE=",
        "uuidgen",
    ),
    edit("node-name-random", ENV, NAME, "shop-$RANDOM@", "RELEASE_NODE=", "bash"),
    edit(
        "node-name-random",
        SERVER,
        "PHX_SERVER=true",
        'RELEASE_NODE="shop-$(date +%s)@$(hostname -i)" PHX_SERVER=true',
        at="overlay",
    ),
    edit("node-name-short", ENV, "RELEASE_DISTRIBUTION:-name", "RELEASE_DISTRIBUTION:-sname"),
    edit("node-name-short", FLAGS, "+Q 65536", "+Q 65536\n-sname shop", "-sname", "flag"),
    edit("node-name-short", FLAGS, "+Q 65536", "+Q 65536\n-name shop@h", "-name", "long-flag"),
    edit("cookie-in-image", FLAGS, "+Q 65536", "+Q 65536\n-setcookie x", "-setcookie", "flag"),
    edit("cookie-in-image", ENV, "export RELEASE_NODE\n", "export RELEASE_COOKIE=x\n", at="env"),
    edit(
        "cookie-in-image",
        ENV,
        "export RELEASE_NODE\n",
        'export RELEASE_COOKIE="${RELEASE_COOKIE:-x}"\n',
        "RELEASE_COOKIE",
        "default",
    ),
    edit(
        "cookie-in-image",
        "Dockerfile",
        "EXPOSE 5000",
        "ENV RELEASE_COOKIE=x\nEXPOSE 5000",
        at="dockerfile",
    ),
    edit(
        "cookie-in-image",
        "Dockerfile",
        "EXPOSE 5000",
        "ENV RELEASE_COOKIE x\nEXPOSE 5000",
        at="dockerfile-old",
    ),
    edit(
        "cookie-in-image",
        "mix.exs",
        "releases: [shop: [",
        'releases: [shop: [cookie: "x", ',
        at="mix",
    ),
    trap(
        "cookie-in-image",
        "rel/overlays/releases/COOKIE",
        "x",
        {"rel/overlays/releases/COOKIE": "x\n"},
        "file",
    ),
]
