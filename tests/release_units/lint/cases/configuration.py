"""Traps in settings, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

PROD: Final = "config/prod.exs"
RUNTIME: Final = "config/runtime.exs"

CASES = [
    edit(
        "compile-time-values",
        PROD,
        "config :logger, level: :info",
        'config :logger, level: String.to_atom(System.get_env("LEVEL", "info"))',
        at="environment",
    ),
    edit(
        "compile-time-values",
        "config/config.exs",
        "config :phoenix",
        'config :shop, bucket: {:system, "BUCKET"}\nconfig :phoenix',
        at="system",
    ),
    edit(
        "compile-time-values",
        PROD,
        "  cache_static",
        '  url: [host: "shop.example"],\n  cache_static',
        at="host",
    ),
    edit(
        "compile-time-values",
        PROD,
        "config :logger, level",
        'config :shop, Shop.Repo, hostname: "db.internal"\nconfig :logger, level',
        at="database",
    ),
    edit(
        "secret-in-source",
        RUNTIME,
        'secret_key_base: env.("SECRET_KEY_BASE")',
        'secret_key_base: "written here"',
        at="literal",
    ),
    edit(
        "secret-in-source",
        RUNTIME,
        'secret_key_base: env.("SECRET_KEY_BASE")',
        'secret_key_base: System.get_env("SECRET_KEY_BASE", "else this")',
        at="default",
    ),
    edit(
        "secret-in-source",
        PROD,
        "config :logger, level",
        'config :shop, Shop.Repo,\n  password: "written here"\nconfig :logger, level',
        "password:",
        "password",
    ),
    trap(
        "logger-json",
        PROD,
        "config :logger, level",
        {PROD: {"LoggerJSON.Formatters": "Shop.Lines", "LoggerJSON.Redactors": "Shop.Redactors"}},
    ),
]
