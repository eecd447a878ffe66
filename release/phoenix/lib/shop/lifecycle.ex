defmodule Shop.Lifecycle do
  @moduledoc """
  Whether the node takes new work, and how many requests it is busy with.

  Bandit tells when a request begins and ends; connections that are kept open do not count.
  """

  @key __MODULE__
  @events for event <- [:start, :stop, :exception], do: [:bandit, :request, event]

  @doc "Start serving, and counting from nothing; before the endpoint does."
  def reset do
    # A new atomic is 0: serving.
    :persistent_term.put(@key, %{
      busy: :counters.new(1, [:atomics]),
      draining: :atomics.new(1, [])
    })

    :telemetry.detach(@key)
    :ok = :telemetry.attach_many(@key, @events, &__MODULE__.count/4, nil)
  end

  @doc "Ask for new work to go elsewhere."
  def drain, do: :atomics.put(state().draining, 1, 1)

  def draining?, do: :atomics.get(state().draining, 1) == 1

  @doc "The number of requests under way."
  def busy, do: :counters.get(state().busy, 1)

  @doc false
  def count([:bandit, :request, :start], _measurements, _metadata, _config), do: add(1)
  def count(_ended, _measurements, _metadata, _config), do: add(-1)

  defp add(number), do: :counters.add(state().busy, 1, number)
  defp state, do: :persistent_term.get(@key)
end
