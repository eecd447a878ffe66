import Config

# Read when the release is compiled: what runtime.exs said about it would come too late.
# The balancer asks for the health paths by plain HTTP, at the task's own address. `exclude` belongs
# inside: next to force_ssl, where some generators put it, nobody reads it. Given, it replaces the
# hosts that are excluded by default.
config :shop, ShopWeb.Endpoint,
  force_ssl: [
    rewrite_on: [:x_forwarded_proto],
    exclude: [paths: ["/health", "/ready"], hosts: ["localhost", "127.0.0.1"]]
  ],
  cache_static_manifest: "priv/static/cache_manifest.json"

# One JSON object a line. Events of a boot that fails come from the VM itself, and are none.
config :logger, :default_handler,
  formatter:
    {LoggerJSON.Formatters.Basic,
     metadata: {:all_except, [:conn]},
     redactors: [
       {LoggerJSON.Redactors.RedactKeys, ["authorization", "password", "secret", "token"]}
     ]}

config :logger, level: :info
