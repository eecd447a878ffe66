defmodule Shop.Repo.Migrations.CreateOrders do
  use Shop.Migration

  def up do
    [
      """
      CREATE TABLE orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        product_id bigint NOT NULL REFERENCES products,
        quantity integer NOT NULL CHECK (quantity > 0),
        inserted_at timestamptz NOT NULL DEFAULT now()
      )
      """,
      "CREATE INDEX orders_product_id ON orders (product_id)"
    ]
  end

  def down, do: ["DROP TABLE orders"]
end
