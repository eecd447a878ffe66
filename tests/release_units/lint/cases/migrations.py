"""Traps in migrations, seeds and what runs them, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import MIGRATION, edit, trap

RUNTIME: Final = "config/runtime.exs"
SERVER: Final = "rel/overlays/bin/server"

CASES = [
    edit(
        "migration-calls-application",
        MIGRATION,
        "    create unique_index",
        "    Shop.Seeds.run()\n    create unique_index",
    ),
    edit(
        "migration-calls-application",
        MIGRATION,
        "  use Ecto.Migration\n",
        "  use Ecto.Migration\n  alias ShopWeb.Endpoint\n",
        "alias ShopWeb",
        "web",
    ),
    trap(
        "migration-lock",
        RUNTIME,
        "config :shop, Shop.Repo",
        {"config/config.exs": {"config :shop, Shop.Repo, migration_lock: :pg_advisory_lock\n": ""}},
        "missing",
    ),
    edit("migration-lock", "config/config.exs", ":pg_advisory_lock", ":table_lock"),
    edit(
        "migration-lock",
        MIGRATION,
        "  use Ecto.Migration\n",
        "  use Ecto.Migration\n  @disable_migration_lock true\n",
        "@disable_migration_lock",
        "disabled",
    ),
    edit(
        "migrate-at-start",
        "lib/shop/application.ex",
        "      ShopWeb.Endpoint,",
        "      {Ecto.Migrator, repos: [Shop.Repo]},\n      ShopWeb.Endpoint,",
    ),
    edit(
        "migrate-at-start",
        SERVER,
        "PHX_SERVER=true",
        "/app/bin/migrate\nPHX_SERVER=true",
        at="overlay",
    ),
    edit(
        "migrate-at-start",
        "Dockerfile",
        'CMD ["/app/bin/server"]',
        'CMD ["/bin/sh", "-c", "/app/bin/migrate && exec /app/bin/server"]',
        at="container",
    ),
    trap(
        "release-module",
        "mix.exs",
        "app: :shop",
        {
            "lib/shop/release.ex": None,
            **{f"rel/overlays/bin/{name}": "#!/bin/sh\n" for name in ("migrate", "rollback")},
            **{f"rel/overlays/bin/{name}": "#!/bin/sh\n" for name in ("seed", "status", "observe")},
        },
    ),
    trap(
        "seeds",
        "priv/repo/seeds.exs",
        "Shop.Repo.insert!",
        {
            "priv/repo/seeds.exs": "# Seeds.\n\nShop.Repo.insert!(%Shop.Product{})\n",
            "lib/shop/release.ex": {"  def seed do": "  def fill do"},
            "rel/overlays/bin/seed": None,
        },
        "unreachable",
    ),
    trap(
        "seeds",
        "priv/repo/seeds.exs",
        "Mix.env",
        {"priv/repo/seeds.exs": "import Ecto\nif Mix.env() in [:test, :prod], do: :ok\n"},
    ),
    edit(
        "seeds",
        "lib/shop/release.ex",
        "      Shop.Seeds.run()",
        '      Mix.Task.run("app.start") && Mix.shell().info("x")\n      Shop.Seeds.run()',
        at="release",
    ),
]
