defmodule ShopWeb.ForceSSL do
  @moduledoc """
  Sends plain requests to HTTPS, as Plug.SSL does, by what the balancer says in `X-Forwarded-Proto`.

  The health paths are left out: the balancer asks for them by plain HTTP, and takes a redirect for
  an illness. The options are those of Plug.SSL from 1.19 on, which reads the header on request only.
  """

  @config Application.compile_env(:shop, [ShopWeb.Endpoint, :force_ssl], nil)
  @a_year 31_536_000

  @doc "Answer a request by `fun` where it came by HTTPS, and else with the way there."
  def call(request, host, fun, config \\ @config) do
    cond do
      config == nil or request.path in config[:exclude][:paths] ->
        fun.()

      Map.get(request.headers, "x-forwarded-proto") == "https" ->
        {status, headers, body} = fun.()
        # Browsers keep to HTTPS for a year.
        {status, [{"strict-transport-security", "max-age=#{@a_year}"} | headers], body}

      true ->
        # 307 keeps method and body; 301 lets browsers remember.
        status = if request.method in ["GET", "HEAD"], do: 301, else: 307
        {status, [{"location", "https://" <> host <> request.target}], ""}
    end
  end
end
