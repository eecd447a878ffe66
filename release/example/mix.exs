defmodule Shop.MixProject do
  use Mix.Project

  def project do
    [
      app: :shop,
      version: "0.1.0",
      elixir: "~> 1.18",
      start_permanent: Mix.env() == :prod,
      # Where the XMPP package is installed, its :scram would otherwise be taken for a mistake.
      elixirc_options: [ignore_module_conflict: true],
      deps: deps(),
      releases: [shop: [include_executables_for: [:unix]]]
    ]
  end

  def application do
    [
      mod: {Shop.Application, []},
      extra_applications: [:logger, :runtime_tools, :crypto, :ssl, :p1_pgsql]
    ]
  end

  # What a Phoenix project has here comes from hex.pm; this example makes do with Erlang/OTP and
  # the Postgres driver that Debian packages as erlang-p1-pgsql.
  defp deps, do: []
end
