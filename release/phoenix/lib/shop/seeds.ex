defmodule Shop.Seeds do
  @moduledoc """
  What every installation starts with. It may run again at any time.

  A module and not `priv/repo/seeds.exs`: that one is for Mix, which a release does not have.
  """

  @products [{"Mug", 1_200}, {"Poster", 900}, {"Sticker", 150}]

  def run do
    rows = for {name, cents} <- @products, do: %{name: name, price_cents: cents}
    Shop.Repo.insert_all("products", rows, on_conflict: :nothing, conflict_target: :name)
    :ok
  end
end
