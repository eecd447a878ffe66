defmodule Shop.Lifecycle do
  @moduledoc """
  Whether the node takes new work, and how many requests it is busy with.
  """

  @key __MODULE__

  @doc "Start counting from nothing."
  def reset do
    :persistent_term.put(@key, %{
      busy: :counters.new(1, [:atomics]),
      draining: :atomics.new(1, [])
    })
  end

  @doc "Refuse new work from now on."
  def drain, do: :atomics.put(state().draining, 1, 1)

  def draining?, do: :atomics.get(state().draining, 1) == 1

  @doc "The number of requests under way."
  def busy, do: :counters.get(state().busy, 1)

  @doc "Run `fun` as one request."
  def request(fun) do
    :counters.add(state().busy, 1, 1)

    try do
      fun.()
    after
      :counters.sub(state().busy, 1, 1)
    end
  end

  defp state, do: :persistent_term.get(@key)
end
