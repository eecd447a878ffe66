defmodule Shop.Cluster do
  @moduledoc """
  Connects the nodes: asks a strategy again and again for names, and connects to each.

  A node that cannot be connected says so once, and again when that changes: of a closed port or a
  wrong cookie the VM itself says nothing to the one who tries. With Phoenix this is dns_cluster.
  """
  use GenServer
  require Logger

  @first_ms 100
  @poll_ms 1_000
  @at_once 16

  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @impl true
  def init(_opts) do
    config = Application.get_env(:shop, __MODULE__, [])
    :net_kernel.monitor_nodes(true)

    if Node.alive?() do
      Logger.info("clustering", strategy: config[:strategy])
      Process.send_after(self(), :poll, @first_ms)
    end

    # Distribution was up before: who connected until now is told by no message, and one who
    # connects just now is in the list and told as well.
    state = %{config: config, joined: MapSet.new(), refused: MapSet.new()}
    {:ok, Enum.reduce(Node.list(), state, &join/2)}
  end

  @impl true
  def handle_info(:poll, state) do
    wanted = for name <- strategy(state.config).names(state.config), name != node(), do: name
    refused = wanted |> Enum.reject(&(&1 in Node.list())) |> connect() |> MapSet.new()

    for name <- MapSet.difference(refused, state.refused) do
      Logger.warning("cannot connect to #{name}: the port is closed, or the cookies differ")
    end

    Process.send_after(self(), :poll, @poll_ms)
    {:noreply, %{state | refused: refused}}
  end

  def handle_info({:nodeup, name}, state), do: {:noreply, join(name, state)}

  def handle_info({:nodedown, name}, state) do
    Logger.info("node left", peer: name)
    {:noreply, %{state | joined: MapSet.delete(state.joined, name)}}
  end

  defp join(name, state) do
    if name not in state.joined, do: Logger.info("node joined", peer: name)
    %{state | joined: MapSet.put(state.joined, name)}
  end

  # At the same time: to give up on an address that nobody has any more takes 7 s.
  defp connect(names) do
    connected =
      names
      |> Task.async_stream(&Node.connect/1, timeout: :infinity, max_concurrency: @at_once)
      |> Enum.map(fn {:ok, connected} -> connected end)

    for {name, answer} <- Enum.zip(names, connected), answer != true, do: name
  end

  defp strategy(config) do
    case config[:strategy] do
      :heartbeat -> Shop.Cluster.Heartbeat
      _ -> Shop.Cluster.DNS
    end
  end
end
