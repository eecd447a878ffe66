defmodule Shop.Cluster.DNS do
  @moduledoc "Nodes by the A records of one name, as AWS Cloud Map keeps them for a service's tasks."

  @doc "Return the names of the nodes behind `config[:query]`: this node's base name at each address."
  def names(config) do
    for address <- addresses(config[:query]), do: :"#{basename()}@#{:inet.ntoa(address)}"
  end

  defp addresses(query) do
    case :inet.getaddrs(to_charlist(query), :inet) do
      {:ok, addresses} -> addresses
      {:error, _reason} -> []
    end
  end

  defp basename, do: node() |> to_string() |> String.split("@") |> hd()
end
