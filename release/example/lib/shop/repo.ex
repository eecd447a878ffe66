defmodule Shop.Repo do
  @moduledoc """
  Connections to Postgres, always over TLS with its certificate and host name verified.

  A process always gets the same connection, so that what it does in a transaction stays together.
  With Ecto this module is `use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres`.
  """
  use Supervisor
  alias Shop.Repo.Connection

  def start_link(_opts), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)

  @impl true
  def init(_opts) do
    children =
      for number <- 1..pool_size(),
          do: Supervisor.child_spec({Connection, name(number)}, id: number)

    Supervisor.init(children, strategy: :one_for_one, max_restarts: 100)
  end

  @doc "Run one statement with parameters; return its rows as lists, or the count of rows changed."
  def query(sql, parameters \\ []), do: run(&Connection.query(&1, sql, parameters))

  @doc "As `query/2`; raise where it fails."
  def query!(sql, parameters \\ []) do
    case query(sql, parameters) do
      {:ok, result} -> result
      {:error, error} -> raise error
    end
  end

  @doc "Run `fun` with a connection that nobody else uses meanwhile."
  def run(fun, timeout \\ 15_000) do
    self() |> :erlang.phash2(pool_size()) |> Kernel.+(1) |> name() |> Connection.run(fun, timeout)
  end

  @doc "Run `fun` with the repository, and nothing else of the application, started."
  def with_repo(fun) do
    {:ok, _} = Application.ensure_all_started(:ssl)
    {:ok, _} = Application.ensure_all_started(:p1_pgsql)
    Application.load(:shop)
    started = start_link([])

    try do
      fun.()
    after
      with {:ok, pid} <- started, do: Supervisor.stop(pid)
    end
  end

  defp pool_size, do: config()[:pool_size] || 4
  defp name(number), do: Module.concat(__MODULE__, "Connection#{number}")
  defp config, do: Application.get_env(:shop, __MODULE__, [])
end
