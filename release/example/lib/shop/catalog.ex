defmodule Shop.Catalog do
  @moduledoc "Products and orders."
  alias Shop.Repo

  def products do
    for [id, name, cents] <-
          Repo.query!("SELECT id, name, price_cents FROM products ORDER BY name") do
      %{id: id, name: name, price_cents: cents}
    end
  end

  @doc "Order a product by its name; return the order's number, or `:unknown`."
  def order(name, quantity) when quantity > 0 do
    Repo.query!(
      "INSERT INTO orders (product_id, quantity) SELECT id, $2::integer FROM products WHERE name = $1",
      [name, quantity]
    )
    |> case do
      0 -> :unknown
      1 -> :ok
    end
  end

  def orders_count do
    [[count]] = Repo.query!("SELECT count(*) FROM orders")
    count
  end
end
