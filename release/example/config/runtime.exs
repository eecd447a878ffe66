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

  config :shop, Shop.Repo,
    url: env.("DATABASE_URL"),
    cacertfile: env.("PGSSLROOTCERT"),
    pool_size: number.("POOL_SIZE", "4")

  query = System.get_env("DNS_CLUSTER_QUERY", "")
  config :shop, Shop.Cluster, strategy: if(query == "", do: :heartbeat, else: :dns), query: query

  config :shop, Shop.Lifecycle, drain_seconds: number.("DRAIN_SECONDS", "45")

  if serves? do
    config :shop, ShopWeb.Endpoint,
      server: System.get_env("PHX_SERVER") == "true",
      host: env.("PHX_HOST"),
      port: number.("PORT", "5000"),
      check_origin: ["https://" <> env.("PHX_HOST")],
      secret_key_base: env.("SECRET_KEY_BASE")
  end
end
