defmodule Shop.Release do
  @moduledoc """
  One-off commands of the release, without Mix: `bin/shop eval Shop.Release.migrate`.

  Only the repository starts. A failure is one sentence on stderr and exit code 1, so that whoever
  started the task sees why.
  """
  @app :shop

  def migrate do
    command(fn repo ->
      case Ecto.Migrator.run(repo, :up, all: true) do
        [] -> IO.puts("nothing to migrate")
        versions -> IO.puts("migrated to #{List.last(versions)}")
      end
    end)
  end

  @doc "Undo the migrations after `version`, which stays, or `:all`."
  def rollback(target) do
    command(fn repo ->
      IO.puts("rolled back #{length(Ecto.Migrator.run(repo, :down, strategy(repo, target)))}")
    end)
  end

  def seed do
    command(fn _repo ->
      Shop.Seeds.run()
      IO.puts("seeded")
    end)
  end

  def status do
    command(fn repo ->
      for {state, version, name} <- Ecto.Migrator.migrations(repo) do
        IO.puts("#{state} #{version} #{name}")
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

  # Ecto undoes `:to` itself too; what stays is the version that was named.
  defp strategy(_repo, :all), do: [all: true]

  defp strategy(repo, version) do
    migrations = Ecto.Migrator.migrations(repo)

    unless Enum.any?(migrations, &match?({_state, ^version, _name}, &1)) do
      listed = Enum.map_join(migrations, ", ", &to_string(elem(&1, 1)))

      raise ArgumentError,
            "there is no migration #{version} to roll back to; there are: #{listed}"
    end

    case for {:up, above, _name} <- migrations, above > version, do: above do
      [] -> [step: 0]
      above -> [to: Enum.min(above)]
    end
  end

  # Two connections: one holds the lock, the other migrates.
  defp command(fun) do
    # The VM would take SIGTERM for a wish to stop, and end with 0 as if all had been done.
    :os.set_signal(:sigterm, :default)
    {:ok, _} = Application.ensure_all_started(:ssl)
    Application.ensure_loaded(@app)

    for repo <- Application.fetch_env!(@app, :ecto_repos) do
      {:ok, _, _} = Ecto.Migrator.with_repo(repo, fun, pool_size: 2)
    end

    :ok
  rescue
    error ->
      IO.puts(:stderr, Exception.message(error))
      System.halt(1)
  end

  defp mib(bytes), do: Float.round(bytes / 1_048_576, 1)
end
