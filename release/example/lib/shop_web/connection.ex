defmodule ShopWeb.Connection do
  @moduledoc """
  Serves one connection, request after request, until either side ends it.

  A request that cannot be read is answered with its error, and its connection ends.
  """
  alias Shop.Lifecycle
  alias ShopWeb.{Request, Response}

  @idle_ms 75_000
  @poll_ms 250

  @doc "Serve; the acceptor sends `:go` once the socket belongs to this process."
  def serve(socket) do
    receive do
      :go -> next(socket)
    after
      5_000 -> :gen_tcp.close(socket)
    end
  end

  defp next(socket), do: next(socket, now() + @idle_ms)

  # Waiting in short turns: a node that closes lets go of connections that ask for nothing.
  defp next(socket, deadline) do
    case :gen_tcp.recv(socket, 0, @poll_ms) do
      {:ok, line} ->
        if Lifecycle.request(fn -> answer(socket, line) end) == :close,
          do: Response.close(socket),
          else: next(socket)

      {:error, :timeout} ->
        if Lifecycle.closing?() or now() > deadline,
          do: Response.close(socket),
          else: next(socket, deadline)

      # A line beyond what the driver holds is no line: it has closed the socket already.
      {:error, _closed} ->
        :gen_tcp.close(socket)
    end
  end

  defp answer(socket, line) do
    case Request.read(socket, line) do
      {:ok, request} ->
        response = ShopWeb.Router.call(request)
        # Decided after the work: the node may have begun to drain meanwhile.
        close? = Lifecycle.draining?() or not request.keep_alive?
        options = [close: close?, body: request.method != "HEAD"]
        if Response.send(socket, response, options) == :ok and not close?, do: :next, else: :close

      {:error, response} ->
        Response.send(socket, response, close: true)
        :close

      :gone ->
        :close
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
