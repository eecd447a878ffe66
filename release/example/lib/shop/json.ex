defmodule Shop.JSON do
  @moduledoc "Maps, lists and scalars as JSON. A Phoenix project uses Jason instead."

  def encode(value) when is_map(value) do
    [
      ?{,
      value
      |> Enum.sort()
      |> Enum.map_intersperse(?,, fn {key, item} -> [encode(to_string(key)), ?:, encode(item)] end),
      ?}
    ]
  end

  def encode(value) when is_list(value), do: [?[, Enum.map_intersperse(value, ?,, &encode/1), ?]]
  def encode(nil), do: "null"
  def encode(value) when is_boolean(value), do: to_string(value)
  def encode(value) when is_integer(value), do: Integer.to_string(value)
  def encode(value) when is_float(value), do: Float.to_string(value)
  def encode(value) when is_atom(value), do: encode(to_string(value))

  def encode(value) when is_binary(value),
    do: [?", for(<<point::utf8 <- value>>, do: escape(point)), ?"]

  defp escape(?"), do: ~S(\")
  defp escape(?\\), do: ~S(\\)
  defp escape(?\n), do: ~S(\n)
  defp escape(?\r), do: ~S(\r)
  defp escape(?\t), do: ~S(\t)
  defp escape(point) when point < 0x20, do: :io_lib.format("\\u~4.16.0b", [point])
  defp escape(point), do: <<point::utf8>>
end
