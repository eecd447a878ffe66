"""Traps in how nodes find each other, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

ENV: Final = "rel/env.sh.eex"
FLAGS: Final = "rel/vm.args.eex"
REMOTE: Final = "rel/remote.vm.args.eex"
RUNTIME: Final = "config/runtime.exs"
QUERY: Final = "Application.get_env(:shop, :dns_cluster_query) || :ignore"

CASES = [
    trap(
        "cluster-discovery",
        "mix.exs",
        "app: :shop",
        {
            "mix.exs": {'      {:dns_cluster, "~> 0.2"},\n': ""},
            "lib/shop/application.ex": {f"      {{DNSCluster, query: {QUERY}, log: :info}},\n": ""},
        },
    ),
    trap(
        "cluster-discovery",
        "mix.exs",
        "{:dns_cluster",
        {"lib/shop/application.ex": {f"      {{DNSCluster, query: {QUERY}, log: :info}},\n": ""}},
        "not-started",
    ),
    edit(
        "cluster-discovery",
        RUNTIME,
        "  config :shop, dns_cluster_query",
        "  config :libcluster, topologies: [a: [strategy: Cluster.Strategy.Gossip]]\n"
        "  config :shop, dns_cluster_query",
        at="multicast",
    ),
    edit("cluster-query", "lib/shop/application.ex", QUERY, ":ignore", at="ignore"),
    edit("cluster-query", "lib/shop/application.ex", QUERY, '"shop.internal"', at="literal"),
    edit(
        "cluster-query",
        "lib/shop/application.ex",
        QUERY,
        '{"other", System.get_env("DNS_CLUSTER_QUERY")}',
        at="basename",
    ),
    edit(
        "cluster-query",
        "lib/shop/application.ex",
        ":shop, :dns_cluster_query",
        ":other, :dns_cluster_query",
        at="application",
    ),
    trap(
        "cluster-query",
        "lib/shop/application.ex",
        "{DNSCluster",
        {RUNTIME: {'config :shop, dns_cluster_query: if(query == "", do: nil, else: query)': ""}},
        "unset",
    ),
    trap(
        "cluster-query",
        "lib/shop/application.ex",
        "{DNSCluster",
        {RUNTIME: {"DNS_CLUSTER_QUERY": "CLUSTER"}},
        "variable",
    ),
    edit(
        "cluster-query",
        RUNTIME,
        "  config :shop, dns_cluster_query",
        '  config :libcluster, topologies: [a: [config: [node_basename: "other"]]]\n'
        "  config :shop, dns_cluster_query",
        at="libcluster",
    ),
    edit("distribution-port", FLAGS, "-start_epmd false", "", "+Q 65536"),
    edit("distribution-port", REMOTE, "-start_epmd false", "", "-dist_listen", "remote"),
    edit("distribution-port", REMOTE, "-dist_listen false", "", "-start_epmd", "listening"),
    trap("distribution-port", FLAGS, "-start_epmd false", {REMOTE: None}, "no-remote"),
    trap("distribution-port", "mix.exs", "app: :shop", {FLAGS: None}, "no-flags"),
    trap(
        "distribution-port", FLAGS, "-start_epmd false", {ENV: {"-erl_epmd_port": "-x"}}, "no-port"
    ),
    edit("port-table", FLAGS, "+Q 65536", "", "-start_epmd"),
]
