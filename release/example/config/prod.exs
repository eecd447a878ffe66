import Config

# Read when the release is compiled: what runtime.exs said about it would come too late.
# The balancer asks for the health paths by plain HTTP, at the task's own address.
config :shop, ShopWeb.Endpoint,
  force_ssl: [rewrite_on: [:x_forwarded_proto], exclude: [paths: ["/health", "/ready"]]]

config :logger, :default_formatter,
  format: {Shop.JSONFormatter, :format},
  metadata: :all,
  colors: [enabled: false]
