defmodule Shop.Repo.Connection do
  @moduledoc """
  One connection: made at once, and again when it is needed after it was lost.
  """
  use GenServer
  require Logger
  alias Shop.Repo.{Error, Options}

  def start_link(name), do: GenServer.start_link(__MODULE__, [], name: name)

  @doc "Run `fun` in the connection's process; what it raises is raised here."
  def run(name, fun, timeout) do
    case GenServer.call(name, {:run, fun}, timeout) do
      {:returned, value} -> value
      {:raised, error, stacktrace} -> reraise(error, stacktrace)
      {:failed, %Error{} = error} -> {:error, error}
    end
  end

  @doc "Run one statement with parameters."
  def query(db, sql, parameters) do
    with {:ok, _status, _types, _columns} <- :pgsql.prepare(db, ~c"", bytes(sql)),
         {:ok, {_command, result}} <- :pgsql.execute(db, ~c"", Enum.map(parameters, &parameter/1)) do
      {:ok, decoded(result)}
    else
      {:error, fields} -> {:error, error(fields)}
    end
  end

  @doc "Run statements as they are, without parameters, in one transaction."
  def script(db, statements) do
    text = Enum.join(["BEGIN" | statements] ++ ["COMMIT"], ";\n")
    {:ok, results} = :pgsql.squery(db, bytes(text))

    case List.keyfind(results, :error, 0) do
      nil ->
        :ok

      {:error, fields} ->
        # Whoever has this connection next must not find a failed transaction on it.
        :pgsql.squery(db, bytes("ROLLBACK"))
        {:error, error(fields)}
    end
  end

  @impl true
  def init(_opts) do
    Process.flag(:trap_exit, true)
    {:ok, nil, {:continue, :connect}}
  end

  @impl true
  def handle_continue(:connect, nil) do
    case connected(nil) do
      {:ok, db} -> {:noreply, db}
      {:error, _logged} -> {:noreply, nil}
    end
  end

  @impl true
  def handle_call({:run, fun}, _from, db) do
    case connected(db) do
      {:ok, db} -> {:reply, guarded(fun, db), if(Process.alive?(db), do: db)}
      {:error, error} -> {:reply, {:failed, error}, nil}
    end
  end

  @impl true
  def handle_info({:EXIT, db, _reason}, db), do: {:noreply, nil}
  def handle_info(_message, db), do: {:noreply, db}

  # The driver's own way to end is to crash once the server has hung up, and to print that.
  @impl true
  def terminate(_reason, db), do: if(db, do: Process.exit(db, :kill))

  defp guarded(fun, db) do
    {:returned, fun.(db)}
  rescue
    error -> {:raised, error, __STACKTRACE__}
  catch
    :exit, reason ->
      {:failed, %Error{message: "the connection to the database was lost: #{explain(reason)}"}}
  end

  defp connected(db) when is_pid(db), do: {:ok, db}

  defp connected(nil) do
    config = Application.get_env(:shop, Shop.Repo, [])

    case config[:url] && :pgsql.connect(Options.of(config[:url], config[:cacertfile])) do
      nil ->
        {:error, %Error{message: "the database has no address: DATABASE_URL is not set"}}

      {:ok, db} ->
        Process.link(db)
        {:ok, db}

      {:error, reason} ->
        error = %Error{message: "cannot connect to the database: #{explain(reason)}"}
        Logger.error(error.message)
        {:error, error}
    end
  end

  # Of any other reason only the kind is told: crash reports hold arguments, the password among them.
  defp explain({:bad_return_value, reason}), do: explain(reason)
  defp explain({:error, reason}), do: explain(reason)
  defp explain({:init, reason}), do: explain(reason)

  defp explain({:tls_alert, {:unknown_ca, _}}),
    do: "none of the authorities in PGSSLROOTCERT signed the server's certificate"

  defp explain({:tls_alert, {:certificate_expired, _}}),
    do: "the server's certificate has expired"

  # By its text: the alert is a handshake_failure up to OTP 26, and a bad_certificate since.
  defp explain({:tls_alert, {kind, text}}) do
    if List.to_string(text) =~ "hostname_check_failed",
      do: "the server's certificate is for another host than DATABASE_URL names",
      else: "TLS failed with the alert #{kind}"
  end

  defp explain(reason) when is_tuple(reason) and elem(reason, 0) == :options,
    do: "PGSSLROOTCERT is no readable file of certificates"

  defp explain({:starttls, :denied}), do: "the server does not speak TLS"

  defp explain({kind, [{_, _} | _] = fields}) when kind in [:authentication, :error_response],
    do: error(fields).message

  defp explain(reason) when is_atom(reason), do: reason |> :inet.format_error() |> to_string()

  defp explain(reason) when is_tuple(reason) and is_atom(elem(reason, 0)),
    do: "#{elem(reason, 0)}"

  defp explain(_reason), do: "for a reason that the driver does not name"

  defp error(fields) do
    %Error{
      message: fields |> field(:message) |> to_string(),
      code: fields |> field(:code) |> to_string()
    }
  end

  defp field(fields, key),
    do: Enum.find_value(fields, "", fn {name, value} -> if name == key, do: value end)

  # Lists of bytes go out as text, whatever the type; binaries would have to be in its binary form.
  defp parameter(nil), do: :null
  defp parameter(value), do: value |> to_string() |> bytes()

  defp bytes(text), do: :binary.bin_to_list(text)

  defp decoded(rows) when is_list(rows), do: for(row <- rows, do: Enum.map(row, &value/1))
  defp decoded(count), do: count

  defp value(:null), do: nil
  defp value({_type, :null}), do: nil
  defp value({:bool, text}), do: text == "1"
  defp value({type, text}) when type in [:int2, :int4, :int8], do: String.to_integer(text)
  defp value({_type, text}), do: text
end
