defmodule ShopWeb.Endpoint do
  @moduledoc """
  Listens for HTTP, and gives each connection a process. With Phoenix this is Bandit.
  """
  use GenServer
  require Logger

  @backlog 1_024

  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @doc "Accept what has already arrived, and then nothing more."
  def stop_listening, do: GenServer.call(__MODULE__, :stop_listening)

  @impl true
  def init(_opts) do
    Shop.Lifecycle.reset()
    config = Application.get_env(:shop, __MODULE__, [])
    if config[:server], do: listen(config[:port]), else: {:ok, nil}
  end

  @impl true
  def handle_info({:DOWN, reference, :process, _pid, reason}, {socket, reference}) do
    {:stop, {:acceptor, reason}, {socket, reference}}
  end

  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def handle_call(:stop_listening, _from, {socket, reference}) do
    Process.demonitor(reference, [:flush])
    # The acceptor takes a connection at a time; closing ends its wait.
    :gen_tcp.close(socket)
    {:reply, :ok, nil}
  end

  def handle_call(:stop_listening, _from, nil), do: {:reply, :ok, nil}

  defp listen(port) do
    options = [
      :binary,
      packet: :http_bin,
      active: false,
      reuseaddr: true,
      backlog: @backlog,
      nodelay: true
    ]

    case :gen_tcp.listen(port, options) do
      {:ok, socket} ->
        {_pid, reference} = spawn_monitor(fn -> accept(socket) end)
        Logger.info("listening", port: port)
        {:ok, {socket, reference}}

      {:error, reason} ->
        {:stop, "port #{port} cannot be listened on: #{:inet.format_error(reason)}"}
    end
  end

  defp accept(socket) do
    case :gen_tcp.accept(socket) do
      {:ok, connection} ->
        {:ok, pid} =
          Task.Supervisor.start_child(ShopWeb.Connections, ShopWeb.Connection, :serve, [
            connection
          ])

        with :ok <- :gen_tcp.controlling_process(connection, pid), do: send(pid, :go)
        accept(socket)

      {:error, :closed} ->
        :ok

      {:error, reason} when reason in [:emfile, :enfile] ->
        Process.sleep(100)
        accept(socket)

      {:error, _reason} ->
        accept(socket)
    end
  end
end
