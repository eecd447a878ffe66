defmodule Shop.Seeds do
  @moduledoc "What every installation starts with. It may run again at any time."

  @products [{"Mug", 1_200}, {"Poster", 900}, {"Sticker", 150}]

  def run do
    for {name, cents} <- @products do
      Shop.Repo.query!(
        "INSERT INTO products (name, price_cents) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        [name, cents]
      )
    end

    :ok
  end
end
