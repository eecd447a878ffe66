defmodule ShopWeb.Router do
  @moduledoc "Requests to answers, both plain data: `{status, headers, body}`."
  require Logger
  alias Shop.{Catalog, Lifecycle}
  alias ShopWeb.ForceSSL

  @longest_ms 30_000
  @most 1_000

  @doc "Answer a request, whatever happens while it is worked on."
  def call(request) do
    host = Application.get_env(:shop, ShopWeb.Endpoint, [])[:host] || "localhost"
    ForceSSL.call(request, host, fn -> guarded(request) end)
  end

  defp guarded(request) do
    # Who asks for the head alone is answered as by GET, and without the body.
    method = if request.method == "HEAD", do: "GET", else: request.method
    route(method, request.path, request)
  rescue
    error ->
      Logger.error("request failed: #{Exception.message(error)}", path: request.path)
      {500, [], "something went wrong\n"}
  catch
    :exit, _reason ->
      Logger.error("request failed: it waited too long", path: request.path)
      {503, [], "something takes too long\n"}
  end

  # Liveness: the node answers. It says nothing of the database, whose outage restarts cannot cure.
  defp route("GET", "/health", _request), do: {200, [], "ok\n"}

  # Readiness: whether to send requests here.
  defp route("GET", "/ready", _request) do
    if Lifecycle.draining?(), do: {503, [], "draining\n"}, else: {200, [], "ready\n"}
  end

  defp route("GET", "/", _request), do: {200, [], "a shop\n"}
  defp route("GET", "/products", _request), do: json(200, %{"products" => Catalog.products()})
  defp route("GET", "/orders", _request), do: json(200, %{"orders" => Catalog.orders_count()})

  defp route("POST", "/orders", %{parameters: parameters}) do
    with {:ok, quantity} <- number(parameters, "quantity", "1", 1..@most),
         :ok <- Catalog.order(Map.get(parameters, "product", ""), quantity) do
      json(201, %{"orders" => Catalog.orders_count()})
    else
      _ ->
        json(422, %{
          "error" => "product has to be the name of one, and quantity a number from 1 to #{@most}"
        })
    end
  end

  defp route("GET", "/nodes", _request) do
    json(200, %{"node" => node(), "nodes" => Enum.sort([node() | Node.list()])})
  end

  # Who asked, and how, as the balancer tells it.
  defp route("GET", "/request", request) do
    json(
      200,
      for({"x-forwarded-" <> name, value} <- request.headers, into: %{}, do: {name, value})
    )
  end

  # A request that takes its time, to watch a drain by.
  defp route(method, "/slow", request) when method in ["GET", "POST"] do
    case number(request.parameters, "ms", "1000", 0..@longest_ms) do
      {:ok, milliseconds} ->
        Process.sleep(milliseconds)
        {200, [], "slow\n"}

      :error ->
        {422, [], "ms has to be a number from 0 to #{@longest_ms}\n"}
    end
  end

  defp route("GET", "/database", _request) do
    [[version, cipher, user]] =
      Shop.Repo.query!(
        "SELECT version, cipher, current_user::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
      )

    json(200, %{"tls" => version, "cipher" => cipher, "role" => user})
  end

  defp route(_method, _path, _request), do: {404, [], "not found\n"}

  defp number(parameters, name, default, range) do
    case parameters |> Map.get(name, default) |> Integer.parse() do
      {value, ""} -> if value in range, do: {:ok, value}, else: :error
      _ -> :error
    end
  end

  defp json(status, value) do
    {status, [{"content-type", "application/json"}], [JSON.encode_to_iodata!(value), ?\n]}
  end
end
