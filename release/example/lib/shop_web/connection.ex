defmodule ShopWeb.Connection do
  @moduledoc """
  Serves one connection, request after request, until either side ends it.
  """
  require Logger

  @idle_ms 75_000
  @largest 1_048_576

  @doc "Serve; the acceptor sends `:go` once the socket belongs to this process."
  def serve(socket) do
    receive do
      :go -> next(socket)
    after
      5_000 -> :gen_tcp.close(socket)
    end
  end

  defp next(socket) do
    case :gen_tcp.recv(socket, 0, @idle_ms) do
      {:ok, {:http_request, method, {:abs_path, target}, version}} ->
        answer(socket, %{method: to_string(method), target: target, version: version})

      {:ok, _malformed} ->
        send_response(socket, {400, [], "bad request\n"}, true)
        :gen_tcp.close(socket)

      {:error, _closed} ->
        :gen_tcp.close(socket)
    end
  end

  defp answer(socket, request) do
    close? =
      Shop.Lifecycle.request(fn ->
        with {:ok, headers} <- headers(socket, %{}),
             {:ok, body} <- body(socket, headers) do
          {path, query} = split(request.target)
          request = Map.merge(request, %{path: path, query: query, headers: headers, body: body})
          response = respond(request)
          # Decided after the work: the node may have begun to drain meanwhile.
          close? = close?(request)
          if send_response(socket, response, close?) == :ok, do: close?, else: true
        else
          _error -> true
        end
      end)

    if close?, do: :gen_tcp.close(socket), else: next(socket)
  end

  defp respond(request) do
    ShopWeb.Router.call(request)
  rescue
    error ->
      Logger.error("request failed: #{Exception.message(error)}", path: request.path)
      {500, [], "something went wrong\n"}
  end

  defp close?(request) do
    Shop.Lifecycle.draining?() or request.version != {1, 1} or
      String.downcase(Map.get(request.headers, "connection", "")) == "close"
  end

  defp headers(socket, found) do
    case :gen_tcp.recv(socket, 0, @idle_ms) do
      {:ok, {:http_header, _, name, _, value}} ->
        headers(socket, Map.put(found, String.downcase(to_string(name)), value))

      {:ok, :http_eoh} ->
        {:ok, found}

      {:ok, {:http_error, _line}} ->
        :error

      {:error, reason} ->
        {:error, reason}
    end
  end

  defp body(socket, headers) do
    case Integer.parse(Map.get(headers, "content-length", "0")) do
      {0, ""} -> {:ok, ""}
      {size, ""} when size in 1..@largest -> raw(socket, size)
      _ -> :error
    end
  end

  defp raw(socket, size) do
    :inet.setopts(socket, packet: :raw)
    result = :gen_tcp.recv(socket, size, @idle_ms)
    :inet.setopts(socket, packet: :http_bin)
    result
  end

  defp split(target) do
    case String.split(target, "?", parts: 2) do
      [path] -> {path, %{}}
      [path, query] -> {path, URI.decode_query(query)}
    end
  end

  @reasons %{
    200 => "OK",
    201 => "Created",
    301 => "Moved Permanently",
    307 => "Temporary Redirect",
    400 => "Bad Request",
    404 => "Not Found",
    422 => "Unprocessable Entity",
    500 => "Internal Server Error",
    503 => "Service Unavailable"
  }

  defp send_response(socket, {status, headers, body}, close?) do
    body = IO.iodata_to_binary(body)

    standard = [
      {"content-length", byte_size(body)},
      {"connection", if(close?, do: "close", else: "keep-alive")}
    ]

    lines =
      for {name, value} <-
            [{"content-type", "text/plain; charset=utf-8"} | standard]
            |> Map.new()
            |> Map.merge(Map.new(headers)),
          do: [name, ": ", to_string(value), "\r\n"]

    :gen_tcp.send(socket, ["HTTP/1.1 #{status} #{@reasons[status]}\r\n", lines, "\r\n", body])
  end
end
