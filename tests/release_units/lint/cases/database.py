"""Traps in the way to the database, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

RUNTIME: Final = "config/runtime.exs"
SSL: Final = 'ssl: [cacertfile: env.("PGSSLROOTCERT")]'

CASES = [
    edit("database-tls", RUNTIME, SSL, "ssl: true"),
    edit("database-tls", RUNTIME, SSL, "ssl: false", at="off"),
    edit("database-tls", RUNTIME, SSL, "ssl: []", at="empty"),
    edit("database-tls", RUNTIME, SSL, "ssl: [depth: 3]", at="authorities"),
    edit("database-tls", RUNTIME, SSL, 'ssl: env.("SSL") == "true"', at="expression"),
    edit(
        "database-tls",
        RUNTIME,
        SSL,
        "ssl: [cacerts: :public_key.cacerts_get()]",
        at="operating-system",
    ),
    edit(
        "database-tls",
        RUNTIME,
        SSL,
        'ssl: [cacertfile: "/etc/ssl/certs/ca-certificates.crt"]',
        at="web",
    ),
    edit("database-tls", RUNTIME, SSL, f"ssl_opts: {SSL[5:]}", at="old"),
    edit("database-tls", RUNTIME, f"    {SSL},\n", "", "config :shop, Shop.Repo", "missing"),
    trap(
        "database-tls",
        RUNTIME,
        "ssl: options",
        {
            RUNTIME: {
                "  config :shop, Shop.Repo,": "  options = [depth: 3]\n  config :shop, Shop.Repo,",
                SSL: "ssl: options",
            }
        },
        "variable",
    ),
    edit(
        "database-verify",
        RUNTIME,
        SSL,
        f"{SSL[:-1]}, verify: :verify_none]",
    ),
    edit(
        "database-verify",
        "lib/shop/repo.ex",
        "\nend",
        "\n  def init(_, c), do: {:ok, c ++ [ssl: [verify: :verify_none]]}\nend",
        ":verify_none",
        "repository",
    ),
    edit(
        "database-bundle",
        "Dockerfile",
        "COPY --from=builder /certs/rds-global-bundle.pem ./\n",
        "",
        "FROM ${RUNNER_IMAGE}",
    ),
    edit(
        "database-bundle",
        "Dockerfile",
        "| sha256sum --check --strict -",
        "",
        "RUN cd /certs",
        "unchecked",
    ),
    trap(
        "database-tls",
        RUNTIME,
        "config :shop, Shop.Replica",
        {
            RUNTIME: {
                "  config :shop, Shop.Repo,": "  config :shop, Shop.Replica, pool_size: 1\n\n"
                "  config :shop, Shop.Repo,"
            },
            "lib/shop/repo.ex": {
                "\nend": "\nend\n\ndefmodule Shop.Replica do\n  use Ecto.Repo, otp_app: :shop\nend"
            },
        },
        "second",
    ),
]
