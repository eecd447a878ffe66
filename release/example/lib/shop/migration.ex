defmodule Shop.Migration do
  @moduledoc """
  A change of the schema and the way back, each as a list of SQL statements.

  Migrations speak SQL and nothing of the application: its modules change, and a migration has to
  do next year what it does today. With Ecto this is `use Ecto.Migration`.
  """
  @callback up() :: [String.t()]
  @callback down() :: [String.t()]

  defmacro __using__(_opts) do
    quote do
      @behaviour Shop.Migration
    end
  end
end
