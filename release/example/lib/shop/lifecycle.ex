defmodule Shop.Lifecycle do
  @moduledoc """
  Whether the node takes new work, and how many requests it is busy with.

  It goes one way: serving, draining (new work is still done, and sent elsewhere from then on),
  closing (connections without a request end).
  """

  @key __MODULE__
  @draining 1
  @closing 2

  @doc "Start serving, and counting from nothing."
  def reset do
    # A new atomic is 0: serving.
    :persistent_term.put(@key, %{
      busy: :counters.new(1, [:atomics]),
      stage: :atomics.new(1, [])
    })
  end

  @doc "Ask for new work to go elsewhere."
  def drain, do: :atomics.put(state().stage, 1, @draining)

  @doc "Let connections end that have no request."
  def close_idle, do: :atomics.put(state().stage, 1, @closing)

  def draining?, do: :atomics.get(state().stage, 1) >= @draining

  def closing?, do: :atomics.get(state().stage, 1) == @closing

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
