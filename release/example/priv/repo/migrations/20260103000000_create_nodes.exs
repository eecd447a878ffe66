defmodule Shop.Repo.Migrations.CreateNodes do
  use Shop.Migration

  # Heartbeats of nodes, for clustering without DNS. Losing them in a crash costs one beat.
  def up do
    [
      """
      CREATE UNLOGGED TABLE nodes (
        name text PRIMARY KEY,
        seen_at timestamptz NOT NULL DEFAULT now()
      )
      """
    ]
  end

  def down, do: ["DROP TABLE nodes"]
end
