defmodule ShopWeb.ForceSSL do
  @moduledoc """
  Sends plain requests to HTTPS, as Plug.SSL does, by what the balancer says in `X-Forwarded-Proto`.

  The health paths are left out: the balancer asks for them by plain HTTP, and takes a redirect for
  an illness. With Plug 1.19 this is `force_ssl: [rewrite_on: [:x_forwarded_proto], exclude: ...]`.
  """

  @config Application.compile_env(:shop, [ShopWeb.Endpoint, :force_ssl], nil)

  @doc "Return where a request has to go instead, or `nil`."
  def redirect(request, host, config \\ @config)
  def redirect(_request, _host, nil), do: nil

  def redirect(request, host, config) do
    cond do
      request.path in config[:exclude] ->
        nil

      Map.get(request.headers, "x-forwarded-proto") == "https" ->
        nil

      # 307 keeps method and body; 301 lets browsers remember.
      request.method in ["GET", "HEAD"] ->
        {301, [{"location", "https://" <> host <> request.target}], ""}

      true ->
        {307, [{"location", "https://" <> host <> request.target}], ""}
    end
  end

  @doc "Headers of an answer that went over TLS: browsers keep to it for a year."
  def headers(config \\ @config)
  def headers(nil), do: []
  def headers(_config), do: [{"strict-transport-security", "max-age=31536000"}]
end
