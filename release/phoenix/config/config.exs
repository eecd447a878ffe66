import Config

config :shop, ecto_repos: [Shop.Repo]

# Ecto's default, a lock on the table of versions, cannot guard the making of that table: of two
# tasks that migrate an empty database, one would fail.
config :shop, Shop.Repo, migration_lock: :pg_advisory_lock

config :shop, ShopWeb.Endpoint,
  adapter: Bandit.PhoenixAdapter,
  # What development needs; runtime.exs says what users open.
  url: [host: "localhost"],
  render_errors: [formats: [json: ShopWeb.ErrorJSON], layout: false],
  pubsub_server: Shop.PubSub,
  live_view: [signing_salt: "any text will do"]

config :phoenix, :json_library, Jason

import_config "#{config_env()}.exs"
