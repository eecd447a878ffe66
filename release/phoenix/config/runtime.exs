import Config

# Runs at each start of the release, and before each `eval`: a migration too. What only the web
# server needs is therefore asked for only where the web server starts.

if config_env() == :prod do
  serves? = System.get_env("RELEASE_COMMAND") in ["start", "start_iex", "daemon", "daemon_iex"]

  needed =
    ~w(DATABASE_URL PGSSLMODE PGSSLROOTCERT) ++
      if(serves?, do: ~w(PHX_HOST PORT RELEASE_COOKIE SECRET_KEY_BASE), else: [])

  case Enum.reject(needed, &(System.get_env(&1, "") != "")) do
    [] ->
      :ok

    missing ->
      IO.puts(:stderr, """
      The release cannot #{System.get_env("RELEASE_COMMAND", "start")}: not set in its environment: \
      #{Enum.join(missing, ", ")}.
      On ECS they come from the task definition; elsewhere, set them before the command.\
      """)

      # A sentence and an exit code; to raise would add a crash report of the boot process.
      System.halt(1)
  end

  env = &System.fetch_env!/1

  number = fn name, default ->
    text = System.get_env(name, default)

    case Integer.parse(text) do
      {value, ""} when value >= 0 ->
        value

      _ ->
        IO.puts(
          :stderr,
          "#{name} is #{inspect(text)}, and has to be a whole number, such as #{default}."
        )

        System.halt(1)
    end
  end

  if env.("PGSSLMODE") != "verify-full" do
    IO.puts(
      :stderr,
      "PGSSLMODE is #{inspect(env.("PGSSLMODE"))}: the release connects with verify-full only."
    )

    System.halt(1)
  end

  # Given authorities, Postgrex verifies the certificate and that it is for the host of the URL.
  config :shop, Shop.Repo,
    url: env.("DATABASE_URL"),
    ssl: [cacertfile: env.("PGSSLROOTCERT")],
    pool_size: number.("POOL_SIZE", "4")

  query = System.get_env("DNS_CLUSTER_QUERY", "")
  config :shop, dns_cluster_query: if(query == "", do: nil, else: query)

  config :shop, Shop.Lifecycle, drain_seconds: number.("DRAIN_SECONDS", "45")

  if serves? do
    config :shop, ShopWeb.Endpoint,
      server: System.get_env("PHX_SERVER") == "true",
      url: [scheme: "https", host: env.("PHX_HOST"), port: 443],
      http: [
        # All addresses, of IPv4 and IPv6.
        ip: {0, 0, 0, 0, 0, 0, 0, 0},
        port: number.("PORT", "5000"),
        thousand_island_options: [
          # Longer than the balancer keeps an idle connection, 60 s: who closes first must be the
          # balancer, or it sends a request into a connection that has just ended.
          read_timeout: 75_000,
          # Shop.Drainer has waited for the requests; what still runs then is cut, a pool of
          # connections after the other.
          shutdown_timeout: 100
        ]
      ],
      check_origin: ["https://" <> env.("PHX_HOST")],
      secret_key_base: env.("SECRET_KEY_BASE")
  end
end
