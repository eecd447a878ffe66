defmodule Shop.Drainer do
  @moduledoc """
  Ends the node without losing a request.

  SIGTERM stops the supervisor's children from last to first, and this is the last. From then on
  `/ready` answers 503 and each answer tells its connection to close. For a moment more the node
  takes connections, since the balancer may not know yet; then it stops listening, waits for the
  requests under way, and lets the endpoint stop, which first tells LiveViews and channels to
  connect elsewhere (`sockets/0`) and then closes what is left.

  `DRAIN_SECONDS` bound it all. The stack sets them below `stopTimeout`, after which comes SIGKILL.
  Bandit's own `shutdown_timeout` could not: it holds for each pool of connections, one after the
  other.
  """
  use GenServer
  require Logger

  @linger_ms 2_000
  @poll_ms 50
  @key __MODULE__
  @events for event <- [:start, :stop, :exception], do: [:bandit, :request, event]

  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @doc "A supervisor gives it the time that it takes to drain, and a second to spare."
  def child_spec(opts) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}, shutdown: requests_ms() + 1_000}
  end

  @doc "Whether new work is to go elsewhere."
  def draining? do
    case :persistent_term.get(@key, nil) do
      nil -> false
      state -> :atomics.get(state.draining, 1) == 1
    end
  end

  @doc "The number of requests under way."
  def busy do
    case :persistent_term.get(@key, nil) do
      nil -> 0
      state -> max(:counters.get(state.busy, 1), 0)
    end
  end

  @doc "How sockets drain: `socket \\" / live \\ ", ..., drainer: {Shop.Drainer, :sockets, []}`."
  def sockets, do: [shutdown: sockets_ms()]

  @impl true
  def init(_opts) do
    Process.flag(:trap_exit, true)

    :persistent_term.put(@key, %{
      busy: :counters.new(1, [:atomics]),
      draining: :atomics.new(1, [])
    })

    # After a restart of this process, those of the one before.
    :telemetry.detach(@key)
    :ok = :telemetry.attach_many(@key, @events, &__MODULE__.count/4, nil)
    {:ok, nil}
  end

  @doc false
  def count([:bandit, :request, :start], _measurements, _metadata, _config), do: add(1)
  def count(_ended, _measurements, _metadata, _config), do: add(-1)

  @impl true
  def terminate(_reason, _state) do
    started = now()
    :atomics.put(:persistent_term.get(@key).draining, 1, 1)
    Logger.info("draining", busy: busy())
    Process.sleep(min(@linger_ms, div(drain_ms(), 2)))
    stop_listening()
    await(started + requests_ms())
    ended(busy(), now() - started)
  end

  # Nothing listens where PHX_SERVER is not set.
  defp stop_listening do
    with {:ok, pid} when is_pid(pid) <- Bandit.PhoenixAdapter.bandit_pid(ShopWeb.Endpoint, :http) do
      ThousandIsland.suspend(pid)
    end
  end

  defp await(deadline) do
    if busy() > 0 and now() < deadline do
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

  defp add(number), do: :counters.add(:persistent_term.get(@key).busy, 1, number)

  defp drain_ms do
    :shop
    |> Application.get_env(__MODULE__, [])
    |> Keyword.get(:drain_seconds, 45)
    |> Kernel.*(1_000)
  end

  defp sockets_ms, do: div(drain_ms(), 3)
  defp requests_ms, do: drain_ms() - sockets_ms()
  defp now, do: System.monotonic_time(:millisecond)
end
