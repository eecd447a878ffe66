defmodule ShopWeb.Health do
  @moduledoc """
  Answers the balancer, and sends clients elsewhere while the node drains.

  The first plug of the endpoint: it needs neither session nor database, and is asked every few
  seconds, so that it comes before the log of requests. `force_ssl` comes before even the first plug,
  which is why prod.exs leaves these paths out.
  """
  @behaviour Plug
  import Plug.Conn

  @impl true
  def init(opts), do: opts

  @impl true
  # Liveness: the node answers. It says nothing of the database, whose outage restarts cannot cure.
  def call(%Plug.Conn{request_path: "/health"} = conn, _opts), do: answer(conn, 200, "ok\n")

  # Readiness: whether to send requests here.
  def call(%Plug.Conn{request_path: "/ready"} = conn, _opts) do
    if Shop.Lifecycle.draining?(),
      do: answer(conn, 503, "draining\n"),
      else: answer(conn, 200, "ready\n")
  end

  # Decided with the answer: the node may have begun to drain meanwhile.
  def call(conn, _opts), do: register_before_send(conn, &closing/1)

  defp answer(conn, status, body) do
    conn |> put_resp_content_type("text/plain") |> closing() |> send_resp(status, body) |> halt()
  end

  # HTTP/2 has no such header; there the server ends connections by a frame of its own.
  defp closing(conn) do
    if Shop.Lifecycle.draining?() and get_http_protocol(conn) == :"HTTP/1.1",
      do: put_resp_header(conn, "connection", "close"),
      else: conn
  end
end
