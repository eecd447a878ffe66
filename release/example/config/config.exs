import Config

config :shop, Shop.Repo, pool_size: 4

config :logger, level: :info, utc_log: true

import_config "#{config_env()}.exs"
