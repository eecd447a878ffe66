defmodule Shop.Drainer do
  @moduledoc """
  Ends the node without losing a request.

  SIGTERM stops the supervisor's children from last to first, and this is the last. From then on
  `/ready` answers 503 and each answer tells its connection to close. For a moment more the node
  takes connections, since the balancer may not know yet; then it stops listening, lets go of
  connections without a request, waits for the others, and lets its siblings stop.

  `DRAIN_SECONDS` bound it all. The stack sets them below `stopTimeout`, after which comes SIGKILL.
  """
  use GenServer
  require Logger

  @linger_ms 2_000
  @poll_ms 50

  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @doc "A supervisor gives it the time that it takes to drain, and a second to spare."
  def child_spec(opts) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}, shutdown: drain_ms() + 1_000}
  end

  @impl true
  def init(_opts) do
    Process.flag(:trap_exit, true)
    {:ok, nil}
  end

  @impl true
  def terminate(_reason, _state) do
    started = now()
    deadline = started + drain_ms()
    Shop.Lifecycle.drain()
    Logger.info("draining", busy: Shop.Lifecycle.busy())
    Process.sleep(min(@linger_ms, div(drain_ms(), 2)))
    ShopWeb.Endpoint.stop_listening()
    Shop.Lifecycle.close_idle()
    await(deadline)
    ended(Shop.Lifecycle.busy(), now() - started)
  end

  # Connections and not requests: what a client has sent may not have been read yet.
  defp await(deadline) do
    if Task.Supervisor.children(ShopWeb.Connections) != [] and now() < deadline do
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

  defp now, do: System.monotonic_time(:millisecond)
end
