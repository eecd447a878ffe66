defmodule ShopWeb.Request do
  @moduledoc """
  A request as it is read from a socket, within bounds of size and time.

  What two parties could read differently, such as two lengths, is refused: between a balancer and a
  node that would let one request hide in another.
  """
  defstruct [:method, :target, :path, :parameters, :headers, :keep_alive?]

  @seconds 30
  @most_headers 100
  @largest 1_048_576

  @doc "Read what follows a request line; an error comes with its answer."
  def read(socket, {:http_request, method, {:abs_path, target}, version}) do
    deadline = now() + @seconds * 1_000

    with {:ok, headers} <- headers(socket, %{}, deadline),
         {:ok, size} <- size(headers),
         {:ok, body} <- body(socket, size, deadline),
         [path | query] = String.split(target, "?", parts: 2),
         {:ok, parameters} <- parameters(query ++ form(headers, body)) do
      {:ok,
       %__MODULE__{
         method: to_string(method),
         target: target,
         path: path,
         parameters: parameters,
         headers: headers,
         keep_alive?: version == {1, 1} and not close?(headers)
       }}
    else
      {:refuse, status} -> refusal(status)
      :gone -> :gone
    end
  end

  def read(_socket, _malformed), do: refusal(400)

  defp refusal(status), do: {:error, {status, [], "the request cannot be read\n"}}

  defp headers(_socket, found, _deadline) when map_size(found) > @most_headers, do: {:refuse, 431}

  defp headers(socket, found, deadline) do
    case receive_until(socket, 0, deadline) do
      {:ok, {:http_header, _, name, _, value}} ->
        # A header that comes twice is a list of both values: RFC 9110, section 5.3.
        name = name |> to_string() |> String.downcase()
        headers(socket, Map.update(found, name, value, &(&1 <> ", " <> value)), deadline)

      {:ok, :http_eoh} ->
        {:ok, found}

      {:ok, _malformed} ->
        {:refuse, 400}

      other ->
        other
    end
  end

  defp size(%{"transfer-encoding" => _}), do: {:refuse, 501}

  defp size(headers) do
    text = Map.get(headers, "content-length", "0")

    cond do
      not String.match?(text, ~r/\A[0-9]{1,18}\z/) -> {:refuse, 400}
      String.to_integer(text) > @largest -> {:refuse, 413}
      true -> {:ok, String.to_integer(text)}
    end
  end

  defp body(_socket, 0, _deadline), do: {:ok, ""}

  defp body(socket, size, deadline) do
    :inet.setopts(socket, packet: :raw)
    result = receive_until(socket, size, deadline)
    :inet.setopts(socket, packet: :http_bin)
    result
  end

  defp form(%{"content-type" => "application/x-www-form-urlencoded" <> _}, body), do: [body]
  defp form(_headers, _body), do: []

  defp parameters(texts) do
    texts
    |> Enum.reduce(%{}, &URI.decode_query(&1, &2))
    |> then(&if Enum.all?(&1, fn pair -> sound?(pair) end), do: {:ok, &1}, else: {:refuse, 400})
  rescue
    ArgumentError -> {:refuse, 400}
  end

  # Postgres takes neither: https://www.postgresql.org/docs/17/multibyte.html
  defp sound?({name, value}), do: String.valid?(name <> value) and not (value =~ <<0>>)

  defp close?(headers), do: String.downcase(Map.get(headers, "connection", "")) == "close"

  defp receive_until(socket, size, deadline) do
    case :gen_tcp.recv(socket, size, max(deadline - now(), 0)) do
      {:ok, read} -> {:ok, read}
      {:error, :timeout} -> {:refuse, 408}
      {:error, _closed} -> :gone
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
