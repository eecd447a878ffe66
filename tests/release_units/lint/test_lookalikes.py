"""What only looks like a trap is no finding: comments, texts, other environments, other ways."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.release_units.lint.good import MIGRATION, Change, changed, found

ENV = "rel/env.sh.eex"
PROD = "config/prod.exs"
RUNTIME = "config/runtime.exs"
ENDPOINT = "lib/shop_web/endpoint.ex"
SSL = 'ssl: [cacertfile: env.("PGSSLROOTCERT")]'
BASE = 'env.("SECRET_KEY_BASE")'
KEY = ":dns_cluster_query"
QUERY = 'if(query == "", do: nil, else: query)'
EXCLUDE = 'exclude: [paths: ["/health", "/ready"], hosts: ["localhost", "127.0.0.1"]]'
SERVER = 'CMD ["/app/bin/server"]'
COPY = "COPY mix.exs mix.loc[k] ./"
DISCOVERY = (
    "      {DNSCluster, query: Application.get_env(:shop, :dns_cluster_query) || :ignore, "
    "log: :info},\n"
)


def same(name: str, changes: Mapping[str, Change]) -> Any:
    """Return a case."""
    return pytest.param(changes, id=name)


def before(text: str, more: str) -> dict[str, str]:
    """Return a change that puts something before a text."""
    return {text: f"{more}{text}"}


SETTINGS = [
    same("comment", {RUNTIME: before("      secret_key_base", "# force_ssl: [hsts: true]\n")}),
    same(
        "documentation",
        {
            "lib/shop/seeds.ex": before(
                "  @products",
                '  @doc "as check_origin: false, ssl: true and verify: :verify_none"\n'
                '  @text """\n  check_origin: false\n  {Ecto.Migrator, []}\n  """\n',
            )
        },
    ),
    same(
        "other-environment",
        {
            RUNTIME: before(
                "if config_env() == :prod",
                "if config_env() == :dev do\n  config :shop, Shop.Web, check_origin: false\n"
                '  config :shop, Shop.Repo, ssl: false, password: "postgres"\nend\n',
            )
        },
    ),
    same(
        "other-branch",
        {
            RUNTIME: before(
                "if config_env() == :prod",
                "if config_env() in [:prod, :staging] do\n  :ok\nelse\n"
                "  config :shop, ShopWeb.Endpoint, check_origin: false\nend\n",
            )
        },
    ),
    same(
        "not-forced",
        {PROD: {f"    {EXCLUDE}\n": "", "[\n    rewrite_on: [:x_forwarded_proto],\n  ]": "false"}},
    ),
    same("excluded-by-function", {PROD: {EXCLUDE: "exclude: {ShopWeb, :excluded?, []}"}}),
    same("excluded-by-connection", {PROD: {EXCLUDE: "exclude: [conn: {ShopWeb, :health?, []}]"}}),
    same("origins-of-the-connection", {RUNTIME: {'["https://" <> env.("PHX_HOST")]': ":conn"}}),
    same(
        "route-by-its-parts",
        {"lib/shop_web/health.ex": {'request_path: "/health"': 'path_info: ["health"]'}},
    ),
    same("salt", {ENDPOINT: {'"any text will do"': '"another text"'}}),
    same("raise", {RUNTIME: {BASE: 'System.get_env("SECRET_KEY_BASE") || raise "it is missing"'}}),
    same("secret-by-name", {RUNTIME: {BASE: 'System.fetch_env!("SECRET_KEY_BASE")'}}),
    same(
        "no-password",
        {PROD: before("config :logger, level", 'config :shop, Shop.X, password: ""\n')},
    ),
    same(
        "name-in-a-text",
        {PROD: before("config :logger, level", 'config :shop, a: "System.get_env"\n')},
    ),
    same(
        "logs-by-code",
        {
            PROD: {"LoggerJSON.Formatters": "Shop.Lines", "LoggerJSON.Redactors": "Shop.Redactors"},
            "lib/shop/application.ex": before(
                "    Supervisor.start_link", "    LoggerJSON.Formatters.Basic.new([])\n"
            ),
        },
    ),
    same(
        "setting-without-variable",
        {RUNTIME: {f"dns_cluster_query: {QUERY}": 'dns_cluster_query: env.("DNS_CLUSTER_QUERY")'}},
    ),
    same(
        "settings-in-brackets",
        {RUNTIME: {f"config :shop, dns_cluster_query: {QUERY}": f"config(:shop, {KEY}, {QUERY})"}},
    ),
]

DATABASE = [
    same(
        "variable",
        {
            RUNTIME: {
                "  config :shop, Shop.Repo,": f"  options = {SSL[5:]}\n  config :shop, Shop.Repo,",
                SSL: "ssl: options",
            }
        },
    ),
    same("library", {RUNTIME: {SSL: "ssl: AwsRdsCAStore.ssl_opts(url)"}}),
    same(
        "in-the-repository",
        {
            RUNTIME: {f"    {SSL},\n": ""},
            "lib/shop/repo.ex": {
                "\nend": '\n  def init(_, c), do: {:ok, c ++ [ssl: [cacertfile: "a"]]}\nend'
            },
        },
    ),
    same(
        "migration-in-a-text",
        {MIGRATION: before("    create unique", '    execute "Shop.Seeds"\n')},
    ),
    same(
        "migration-in-a-comment",
        {MIGRATION: before("    create unique", "    # Shop.Seeds.run()\n")},
    ),
    same(
        "migration-asks-the-database",
        {
            MIGRATION: before(
                "    create unique", '    repo().query!("x")\n    Shop.Repo.query!("x")\n'
            )
        },
    ),
    same(
        "seeds-that-are-called",
        {"priv/repo/seeds.exs": "Shop.Repo.insert!(%Shop.Product{})\n"},
    ),
]

NODES = [
    same(
        "random-in-a-comment",
        {ENV: before("export RELEASE_NODE\n", "# not $RANDOM, not $(date)\n")},
    ),
    same(
        "cookie-demanded",
        {ENV: before("export RELEASE_NODE\n", ': "${RELEASE_COOKIE:?is not set}"\n')},
    ),
    same(
        "cookie-from-a-file",
        {ENV: before("export RELEASE_NODE\n", 'RELEASE_COOKIE="$(cat /run/cookie)"\n')},
    ),
    same(
        "cookie-passed-on",
        {ENV: before("export RELEASE_NODE\n", 'export RELEASE_COOKIE="$COOKIE"\n')},
    ),
    same("exports", {ENV: {"export RELEASE_NODE\n": "export RELEASE_COOKIE RELEASE_NODE\n"}}),
    same(
        "default-by-assignment",
        {
            ENV: {
                "export RELEASE_NODE\n": ': "${RELEASE_NODE:=shop@$address}"\nexport RELEASE_NODE\n'
            }
        },
    ),
    same(
        "in-a-circle",
        {ENV: {"@${address:-127.0.0.1}": "@$one", "export RELEASE_NODE\n": "one=$two\ntwo=$one\n"}},
    ),
    same("awk", {ENV: before("export RELEASE_NODE\n", "a=\"$(echo | awk '$1 == 2')\"\n")}),
    same(
        "flags-in-comments",
        {"rel/vm.args.eex": before("## The VM", "## -setcookie x\n# -name shop@host\n")},
    ),
    same(
        "another-library",
        {
            "mix.exs": {"{:dns_cluster": "{:libcluster_postgres"},
            "lib/shop/application.ex": {DISCOVERY: ""},
        },
    ),
    same(
        "releases-by-function",
        {
            "mix.exs": {
                "releases: [shop: [include_executables_for: [:unix]]]": "releases: releases()",
                "  defp aliases do": "  defp releases do\n    [\n      web: [applications: [shop: "
                ":permanent]],\n      shop: []\n    ]\n  end\n\n  defp aliases do",
            }
        },
    ),
]

BUILDER = "WORKDIR /app\nENV LANG=C.UTF-8 MIX"
FINAL = "FROM ${RUNNER_IMAGE} AS final\n"

DOCKER = [
    same("instruction-in-a-comment", {"Dockerfile": before("EXPOSE", "# STOPSIGNAL SIGINT\n")}),
    same("same-signal", {"Dockerfile": before("EXPOSE", "STOPSIGNAL SIGTERM\n")}),
    same("user-by-name", {"Dockerfile": {"USER 65534:65534": "USER nobody"}}),
    same("root-in-the-builder", {"Dockerfile": before(BUILDER, "USER root\n")}),
    same("command-of-the-builder", {"Dockerfile": before(BUILDER, "CMD mix test\n")}),
    same(
        "shell-that-gives-way",
        {"Dockerfile": {SERVER: 'CMD ["sh", "-c", "PHX_SERVER=true exec /app/bin/shop start"]'}},
    ),
    same(
        "command-in-lines",
        {"Dockerfile": {SERVER: 'CMD [ \\\n  # the server\n  "/app/bin/server" \\\n]'}},
    ),
    same("lock-by-name", {"Dockerfile": {COPY: "COPY mix.exs mix.lock VERSION ./"}}),
    same("lock-by-pattern", {"Dockerfile": {COPY: "COPY ./mix.* ./"}}),
    same("lock-as-a-list", {"Dockerfile": {COPY: 'COPY ["mix.exs", "mix.lock", "./"]'}}),
    same(
        "copied-between-stages",
        {"Dockerfile": before("COPY mix.exs", "COPY --from=deps /x/lib lib\n")},
    ),
    same(
        "dependencies-in-a-stage",
        {
            "Dockerfile": {
                "RUN mix deps.compile\n": "COPY --from=deps /x/deps deps\n",
                "FROM ${BUILDER_IMAGE} AS builder": "FROM ${BUILDER_IMAGE} AS deps\n"
                "RUN mix deps.compile\n\nFROM ${BUILDER_IMAGE} AS builder",
            }
        },
    ),
    same("no-cookie", {"Dockerfile": before("EXPOSE", 'ENV RELEASE_COOKIE=""\n')}),
    same(
        "user-of-a-base",
        {
            "Dockerfile": {
                FINAL: "FROM ${RUNNER_IMAGE} AS base\nUSER 65534\nFROM base AS final\n",
                "USER 65534:65534\n": "",
            }
        },
    ),
]


@pytest.mark.parametrize("changes", [*SETTINGS, *DATABASE, *NODES, *DOCKER])
def test_what_is_harmless_is_no_finding(changes: Mapping[str, Change]) -> None:
    """The project stays clean."""
    assert found(changed(changes)) == []
