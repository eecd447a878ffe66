defmodule Shop.Repo.Options do
  @moduledoc "From a database URL to what the driver takes."

  @doc """
  Return the driver's options for a URL and a file of certificate authorities.

  The server's name is checked as browsers check it, wildcards included.
  """
  def of(url, cacertfile) do
    uri = URI.parse(url)
    [user, password] = credentials(uri.userinfo)
    host = to_charlist(uri.host)

    [
      host: host,
      port: uri.port || 5432,
      database: to_charlist(String.trim_leading(uri.path || "", "/")),
      user: to_charlist(user),
      password: to_charlist(password),
      as_binary: true,
      connect_timeout: 5_000,
      transport: :ssl,
      verify: :verify_peer,
      cacertfile: to_charlist(cacertfile),
      depth: 3,
      server_name_indication: host,
      customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
    ]
  end

  defp credentials(nil), do: ["", ""]

  defp credentials(userinfo) do
    [user | rest] = String.split(userinfo, ":", parts: 2)
    [URI.decode(user), rest |> Enum.join() |> URI.decode()]
  end
end
