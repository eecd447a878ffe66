defmodule Shop.Migrator do
  @moduledoc """
  Runs the files of `priv/repo/migrations`, each in one transaction with the record that it ran.

  One migrator works at a time: it holds an advisory lock. A lock on the table of versions, which is
  Ecto's default, cannot guard the making of that table; two tasks on an empty database would race.
  With Ecto all of this is `Ecto.Migrator` and `migration_lock: :pg_advisory_lock`.
  """
  alias Shop.Repo.{Connection, Error}

  # Any number will do that nobody else uses in this database.
  @lock 5_206_411_978
  @timeout 3_600_000

  @doc "Run what is pending; return the versions that ran."
  def up(path \\ path()) do
    locked(fn db ->
      done = versions(db)

      for {version, module} <- migrations(path),
          version not in done,
          do: change(db, version, module, :up)
    end)
  end

  @doc "Undo all migrations after `version`, latest first, or `:all`; return the versions undone."
  def down(target, path \\ path()) do
    locked(fn db ->
      known = Map.new(migrations(path))
      keep = if target == :all, do: 0, else: target
      known(target, known)

      for version <- db |> versions() |> Enum.sort(:desc), version > keep do
        module =
          known[version] ||
            raise Error,
              message: "migration #{version} has run, and this release has no file of it"

        change(db, version, module, :down)
      end
    end)
  end

  @doc "Return each migration as version, name, and whether it has run."
  def status(path \\ path()) do
    locked(fn db ->
      done = versions(db)
      for file <- files(path), {version, name} = parse(file), do: {version, name, version in done}
    end)
  end

  defp known(:all, _known), do: :ok

  defp known(target, known) do
    unless Map.has_key?(known, target) do
      listed = known |> Map.keys() |> Enum.sort() |> Enum.join(", ")

      raise Error,
        message: "there is no migration #{target} to roll back to; there are: #{listed}"
    end
  end

  defp locked(fun) do
    result =
      Shop.Repo.run(
        fn db ->
          lock(db)

          try do
            create(db)
            {:ok, fun.(db)}
          after
            Connection.query(db, "SELECT pg_advisory_unlock($1)::text", [@lock])
          end
        end,
        @timeout
      )

    case result do
      {:ok, value} -> value
      {:error, error} -> raise error
    end
  end

  defp lock(db) do
    case query!(db, "SELECT pg_try_advisory_lock($1)", [@lock]) do
      [[true]] ->
        :ok

      [[false]] ->
        IO.puts("another migration is running: waiting for it to end")
        query!(db, "SELECT pg_advisory_lock($1)::text", [@lock])
    end
  end

  defp create(db) do
    if query!(db, "SELECT to_regclass('schema_migrations') IS NULL") == [[true]] do
      script!(db, [
        "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamptz NOT NULL DEFAULT now())"
      ])
    end
  end

  defp versions(db),
    do: for([version] <- query!(db, "SELECT version FROM schema_migrations"), do: version)

  defp change(db, version, module, direction) do
    started = System.monotonic_time(:millisecond)

    record =
      case direction do
        :up -> "INSERT INTO schema_migrations (version) VALUES (#{version})"
        :down -> "DELETE FROM schema_migrations WHERE version = #{version}"
      end

    case Connection.script(db, apply(module, direction, []) ++ [record]) do
      :ok ->
        IO.puts(
          "#{direction} #{version} #{inspect(module)} #{System.monotonic_time(:millisecond) - started} ms"
        )

        version

      {:error, error} ->
        raise Error,
          code: error.code,
          message:
            "migration #{version} (#{inspect(module)}) failed #{direction}, and changed nothing: #{error.message}"
    end
  end

  defp migrations(path),
    do: for(file <- files(path), do: {file |> parse() |> elem(0), module(file)})

  defp files(path), do: path |> Path.join("*.exs") |> Path.wildcard() |> Enum.sort()

  defp parse(file) do
    {version, "_" <> name} = file |> Path.basename(".exs") |> Integer.parse()
    {version, name}
  end

  defp module(file) do
    Code.put_compiler_option(:ignore_module_conflict, true)
    [{module, _bytecode} | _] = Code.compile_file(file)
    module
  end

  defp query!(db, sql, parameters \\ []) do
    case Connection.query(db, sql, parameters) do
      {:ok, rows} -> rows
      {:error, error} -> raise error
    end
  end

  defp script!(db, statements) do
    with {:error, error} <- Connection.script(db, statements), do: raise(error)
  end

  defp path, do: Application.app_dir(:shop, "priv/repo/migrations")
end
