defmodule Shop.Repo.Error do
  @moduledoc "What Postgres, or the way to it, refused: a sentence, and the SQLSTATE if it has one."
  defexception [:message, :code]
end
