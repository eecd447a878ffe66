defmodule Shop.Drainer do
  @moduledoc """
  Ends the node without losing a request.

  SIGTERM stops the supervisor's children from last to first, and this is the last. From then on
  `/ready` answers 503 and each answer tells its connection to close. For a moment more the node
  takes connections, since the balancer may not know yet; then it stops listening, waits for the
  requests under way, and lets the endpoint stop, which asks LiveViews and channels to connect
  elsewhere, and then closes what is left.

  `DRAIN_SECONDS` bound it all. The stack sets them below `stopTimeout`, after which comes SIGKILL.
  Bandit's own `shutdown_timeout` could not: it holds for each pool of connections, one after the
  other.
  """
  use GenServer
  require Logger

  @linger_ms 2_000
  @poll_ms 50

  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @doc "A supervisor gives it the time that it takes to drain, and a second to spare."
  def child_spec(opts) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}, shutdown: requests_ms() + 1_000}
  end

  @doc "How the endpoint drains a socket: the option `drainer: {Shop.Drainer, :sockets, []}`."
  def sockets, do: [shutdown: sockets_ms()]

  @impl true
  def init(_opts) do
    Process.flag(:trap_exit, true)
    {:ok, nil}
  end

  @impl true
  def terminate(_reason, _state) do
    started = now()
    deadline = started + requests_ms()
    Shop.Lifecycle.drain()
    Logger.info("draining", busy: Shop.Lifecycle.busy())
    Process.sleep(min(@linger_ms, div(drain_ms(), 2)))
    stop_listening()
    await(deadline)
    ended(Shop.Lifecycle.busy(), now() - started)
  end

  # Nothing listens where PHX_SERVER is not set.
  defp stop_listening do
    with {:ok, pid} when is_pid(pid) <- Bandit.PhoenixAdapter.bandit_pid(ShopWeb.Endpoint, :http) do
      ThousandIsland.suspend(pid)
    end
  end

  defp await(deadline) do
    if Shop.Lifecycle.busy() > 0 and now() < deadline do
      Process.sleep(@poll_ms)
      await(deadline)
    end
  end

  defp ended(0, milliseconds), do: Logger.info("drained", milliseconds: milliseconds)

  defp ended(cut, milliseconds) do
    Logger.warning("drained for as long as it may: requests are cut",
      requests: cut,
      milliseconds: milliseconds
    )
  end

  defp drain_ms do
    :shop
    |> Application.get_env(Shop.Lifecycle, [])
    |> Keyword.get(:drain_seconds, 45)
    |> Kernel.*(1_000)
  end

  # Sockets come after the requests, and take a third of the time; they ask to be elsewhere at once.
  defp sockets_ms, do: div(drain_ms(), 3)
  defp requests_ms, do: drain_ms() - sockets_ms()
  defp now, do: System.monotonic_time(:millisecond)
end
