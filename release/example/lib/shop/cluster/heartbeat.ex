defmodule Shop.Cluster.Heartbeat do
  @moduledoc """
  Nodes by a table of heartbeats, where there is no discovery by DNS.

  With Phoenix this is libcluster_postgres, which needs no table.
  """

  @doc "Say that this node lives, and return the names of the others that lately did so."
  def names(_config) do
    with {:ok, _} <-
           Shop.Repo.query(
             "INSERT INTO nodes (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET seen_at = now()",
             [node()]
           ),
         {:ok, _} <-
           Shop.Repo.query("DELETE FROM nodes WHERE seen_at < now() - interval '1 hour'"),
         {:ok, rows} <-
           Shop.Repo.query("SELECT name FROM nodes WHERE seen_at > now() - interval '15 seconds'") do
      for [name] <- rows, do: String.to_atom(name)
    else
      {:error, _} -> []
    end
  end
end
