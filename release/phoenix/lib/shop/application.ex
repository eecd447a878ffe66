defmodule Shop.Application do
  @moduledoc """
  What runs, and in which order; stopping goes backwards, so the drainer is last here.

  A one-off command may start the application for the sake of its code. Then only the repository
  runs: a console must not answer requests, join the cluster or work through queues.
  """
  use Application

  @impl true
  def start(_type, _args) do
    Shop.Lifecycle.reset()
    Supervisor.start_link(children(serving?()), strategy: :one_for_one, name: Shop.Supervisor)
  end

  @doc "Whether this is the node itself, and not a console or a one-off command beside it."
  def serving?(command \\ System.get_env("RELEASE_COMMAND")) do
    command in [nil, "start", "start_iex", "daemon", "daemon_iex"]
  end

  @impl true
  def config_change(changed, _new, removed) do
    ShopWeb.Endpoint.config_change(changed, removed)
    :ok
  end

  defp children(false), do: [Shop.Repo]

  defp children(true) do
    [
      ShopWeb.Telemetry,
      Shop.Repo,
      # Nodes whose name begins as this one's, at the addresses behind the query. Without `log`, it
      # says nothing of the nodes that it connects.
      {DNSCluster, query: Application.get_env(:shop, :dns_cluster_query) || :ignore, log: :info},
      {Phoenix.PubSub, name: Shop.PubSub},
      # Your own workers come here: before what needs them, after what they need.
      ShopWeb.Endpoint,
      Shop.Drainer
    ]
  end
end
