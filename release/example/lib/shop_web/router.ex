defmodule ShopWeb.Router do
  @moduledoc "Requests to answers, both plain data: `{status, headers, body}`."
  alias Shop.{Catalog, Lifecycle}
  alias ShopWeb.ForceSSL

  def call(request) do
    host = Application.get_env(:shop, ShopWeb.Endpoint, [])[:host] || "localhost"

    case ForceSSL.redirect(request, host) do
      nil -> route(request.method, request.path, request)
      redirect -> redirect
    end
  end

  # Liveness: the node answers. It says nothing of the database, whose outage restarts cannot cure.
  defp route("GET", "/health", _request), do: {200, [], "ok\n"}

  # Readiness: whether to send requests here.
  defp route("GET", "/ready", _request) do
    if Lifecycle.draining?(), do: {503, [], "draining\n"}, else: {200, [], "ready\n"}
  end

  defp route("GET", "/", _request), do: {200, ForceSSL.headers(), "a shop\n"}
  defp route("GET", "/products", _request), do: json(200, %{"products" => Catalog.products()})

  defp route("POST", "/orders", request) do
    parameters = URI.decode_query(request.body)

    with {quantity, ""} when quantity > 0 <- Integer.parse(Map.get(parameters, "quantity", "1")),
         :ok <- Catalog.order(Map.get(parameters, "product", ""), quantity) do
      json(201, %{"orders" => Catalog.orders_count()})
    else
      _ ->
        json(422, %{"error" => "product has to be the name of one, and quantity a number above 0"})
    end
  end

  defp route("GET", "/orders", _request), do: json(200, %{"orders" => Catalog.orders_count()})

  defp route("GET", "/nodes", _request) do
    json(200, %{"node" => node(), "nodes" => Enum.sort([node() | Node.list()])})
  end

  # A request that takes its time, to watch a drain by.
  defp route("GET", "/slow", request) do
    {milliseconds, _} = Integer.parse(Map.get(request.query, "ms", "1000"))
    Process.sleep(min(milliseconds, 30_000))
    {200, [], "slow\n"}
  end

  defp route("GET", "/database", _request) do
    [[version, cipher, user]] =
      Shop.Repo.query!(
        "SELECT version, cipher, current_user::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
      )

    json(200, %{"tls" => version, "cipher" => cipher, "role" => user})
  end

  defp route(_method, _path, _request), do: {404, [], "not found\n"}

  defp json(status, value) do
    {status, [{"content-type", "application/json"} | ForceSSL.headers()],
     [Shop.JSON.encode(value), ?\n]}
  end
end
