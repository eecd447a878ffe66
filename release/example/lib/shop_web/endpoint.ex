defmodule ShopWeb.Endpoint do
  @moduledoc """
  Listens for HTTP, and gives each connection a process. With Phoenix this is Bandit.
  """
  use GenServer
  require Logger

  @backlog 1_024
  @wait_ms 100
  # As much of a line as AWS's balancer lets through:
  # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
  @line 16_384

  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @doc "Take the connections that have arrived already, and then no more."
  def stop_listening, do: GenServer.call(__MODULE__, :stop_listening)

  @impl true
  def init(_opts) do
    config = Application.get_env(:shop, __MODULE__, [])
    if config[:server], do: listen(config[:port]), else: {:ok, nil}
  end

  @impl true
  def handle_info({:DOWN, reference, :process, _pid, reason}, {pid, reference}) do
    {:stop, {:acceptor, reason}, {pid, reference}}
  end

  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def handle_call(:stop_listening, _from, {pid, reference}) do
    send(pid, :stop)

    receive do
      {:DOWN, ^reference, :process, ^pid, _reason} -> {:reply, :ok, nil}
    end
  end

  def handle_call(:stop_listening, _from, nil), do: {:reply, :ok, nil}

  defp listen(port) do
    options = [
      :binary,
      packet: :http_bin,
      active: false,
      reuseaddr: true,
      backlog: @backlog,
      nodelay: true,
      buffer: @line,
      # An answer that its client does not take must not hold up the end of the node.
      send_timeout: 30_000,
      send_timeout_close: true
    ]

    case :gen_tcp.listen(port, options) do
      {:ok, socket} ->
        Logger.info("listening", port: port)
        {:ok, spawn_monitor(fn -> accept(socket) end)}

      {:error, reason} ->
        {:stop, "port #{port} cannot be listened on: #{:inet.format_error(reason)}"}
    end
  end

  defp accept(socket) do
    receive do
      :stop -> accept_rest(socket, @backlog)
    after
      0 ->
        case :gen_tcp.accept(socket, @wait_ms) do
          {:ok, connection} -> serve(connection)
          {:error, :timeout} -> :ok
          {:error, reason} when reason in [:emfile, :enfile] -> Process.sleep(@wait_ms)
          {:error, reason} -> exit({:accept, reason})
        end

        accept(socket)
    end
  end

  # Whoever waits in the queue has sent a request perhaps; to close over it would reset the connection.
  defp accept_rest(socket, at_most) do
    case at_most > 0 and :gen_tcp.accept(socket, 0) do
      {:ok, connection} ->
        serve(connection)
        accept_rest(socket, at_most - 1)

      _nobody ->
        :gen_tcp.close(socket)
    end
  end

  defp serve(connection) do
    {:ok, pid} =
      Task.Supervisor.start_child(ShopWeb.Connections, ShopWeb.Connection, :serve, [connection])

    with :ok <- :gen_tcp.controlling_process(connection, pid), do: send(pid, :go)
  end
end
