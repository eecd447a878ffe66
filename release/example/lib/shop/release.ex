defmodule Shop.Release do
  @moduledoc """
  One-off commands of the release, without Mix: `bin/shop eval Shop.Release.migrate`.

  Only the repository starts. A failure is one sentence on stderr and exit code 1, so that whoever
  started the task sees why.
  """
  alias Shop.{Migrator, Repo}

  def migrate do
    command(fn ->
      case Migrator.up() do
        [] -> IO.puts("nothing to migrate")
        versions -> IO.puts("migrated to #{List.last(versions)}")
      end
    end)
  end

  def rollback(target) do
    command(fn -> IO.puts("rolled back #{length(Migrator.down(target))}") end)
  end

  def seed do
    command(fn ->
      Shop.Seeds.run()
      IO.puts("seeded")
    end)
  end

  def status do
    command(fn ->
      for {version, name, done?} <- Migrator.status() do
        IO.puts("#{if(done?, do: "up", else: "down")} #{version} #{name}")
      end
    end)
  end

  @doc "Print what the running node is busy with; by `rpc`, so this is the node itself."
  def observe do
    memory = :erlang.memory()

    for {name, value} <- [
          node: node(),
          connected: Enum.map_join(Node.list(), " ", &to_string/1),
          processes:
            "#{:erlang.system_info(:process_count)} of #{:erlang.system_info(:process_limit)}",
          run_queue: :erlang.statistics(:run_queue),
          schedulers: "#{:erlang.system_info(:schedulers_online)} online",
          memory_mib: mib(memory[:total]),
          processes_mib: mib(memory[:processes]),
          binary_mib: mib(memory[:binary]),
          ets_mib: mib(memory[:ets]),
          atoms: "#{:erlang.system_info(:atom_count)} of #{:erlang.system_info(:atom_limit)}",
          uptime_s: div(elem(:erlang.statistics(:wall_clock), 0), 1_000),
          requests: Shop.Lifecycle.busy(),
          draining: Shop.Lifecycle.draining?()
        ] do
      IO.puts("#{name} #{value}")
    end

    :ok
  end

  defp command(fun) do
    # The VM would take SIGTERM for a wish to stop, and end with 0 as if all had been done.
    :os.set_signal(:sigterm, :default)
    Repo.with_repo(fun)
    :ok
  rescue
    error ->
      IO.puts(:stderr, Exception.message(error))
      System.halt(1)
  end

  defp mib(bytes), do: Float.round(bytes / 1_048_576, 1)
end
