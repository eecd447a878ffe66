defmodule Shop.Repo.Migrations.CreateProducts do
  use Shop.Migration

  def up do
    [
      """
      CREATE TABLE products (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        price_cents integer NOT NULL CHECK (price_cents >= 0)
      )
      """
    ]
  end

  def down, do: ["DROP TABLE products"]
end
