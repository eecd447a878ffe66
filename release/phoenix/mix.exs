defmodule Shop.MixProject do
  use Mix.Project

  def project do
    [
      app: :shop,
      version: "0.1.0",
      elixir: "~> 1.18",
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      listeners: [Phoenix.CodeReloader],
      aliases: aliases(),
      deps: deps(),
      releases: [shop: [include_executables_for: [:unix]]]
    ]
  end

  def application do
    # :runtime_tools lets `observer` and `recon` look into a running node.
    [mod: {Shop.Application, []}, extra_applications: [:logger, :runtime_tools]]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib"]

  defp deps do
    [
      {:phoenix, "~> 1.8.12"},
      {:phoenix_ecto, "~> 4.6"},
      {:ecto_sql, "~> 3.14"},
      # From 0.21 on, `ssl: [...]` verifies certificate and host name by itself.
      {:postgrex, "~> 0.22"},
      {:phoenix_html, "~> 4.2"},
      {:phoenix_live_view, "~> 1.1"},
      {:telemetry_metrics, "~> 1.0"},
      {:telemetry_poller, "~> 1.0"},
      {:jason, "~> 1.4"},
      {:dns_cluster, "~> 0.2"},
      # From 1.19 on, force_ssl can leave out paths.
      {:plug, "~> 1.19"},
      # From 1.8 on, a response's `connection: close` ends its connection.
      {:bandit, "~> 1.8"},
      {:logger_json, "~> 7.0"}
    ]
  end

  defp aliases do
    [
      setup: ["deps.get", "ecto.setup"],
      "ecto.setup": ["ecto.create", "ecto.migrate", "run -e Shop.Seeds.run()"],
      "ecto.reset": ["ecto.drop", "ecto.setup"],
      test: ["ecto.create --quiet", "ecto.migrate --quiet", "test"],
      "assets.deploy": ["phx.digest"]
    ]
  end
end
