defmodule ShopWeb.Response do
  @moduledoc """
  Answers, as `{status, headers, body}`, on their way out, and the end of a connection.
  """

  @closing_ms 1_000

  @reasons %{
    200 => "OK",
    201 => "Created",
    301 => "Moved Permanently",
    307 => "Temporary Redirect",
    400 => "Bad Request",
    404 => "Not Found",
    408 => "Request Timeout",
    413 => "Content Too Large",
    422 => "Unprocessable Content",
    431 => "Request Header Fields Too Large",
    500 => "Internal Server Error",
    501 => "Not Implemented",
    503 => "Service Unavailable"
  }

  @doc "Send an answer; `close: true` tells the connection's end, `body: false` is for HEAD."
  def send(socket, {status, headers, body}, options) do
    standard = %{
      "content-type" => "text/plain; charset=utf-8",
      "content-length" => IO.iodata_length(body),
      "connection" => if(options[:close], do: "close", else: "keep-alive")
    }

    lines =
      for {name, value} <- Map.merge(standard, Map.new(headers)),
          do: [name, ": ", to_string(value), "\r\n"]

    sent = if Keyword.get(options, :body, true), do: body, else: ""
    :gen_tcp.send(socket, ["HTTP/1.1 #{status} #{@reasons[status]}\r\n", lines, "\r\n", sent])
  end

  @doc """
  End a connection so that its last answer arrives.

  What the client still sends is taken for a moment: to close over it would reset the connection.
  """
  def close(socket) do
    :gen_tcp.shutdown(socket, :write)
    :inet.setopts(socket, packet: :raw)
    take_rest(socket, System.monotonic_time(:millisecond) + @closing_ms)
    :gen_tcp.close(socket)
  end

  defp take_rest(socket, deadline) do
    left = deadline - System.monotonic_time(:millisecond)
    with {:ok, _} <- :gen_tcp.recv(socket, 0, max(left, 0)), do: take_rest(socket, deadline)
  end
end
