# `elixir recipe_test.exs FOLDER`: the recipe's files for Phoenix, as far as they run without Phoenix.

[recipe] = System.argv()
stand_ins = Path.join(__DIR__, "stand_ins.exs")
sources = for name <- ~w(lifecycle drainer seeds release application), do: "lib/shop/#{name}.ex"
sources = for path <- sources ++ ["lib/shop_web/health.ex"], do: Path.join(recipe, path)

for path <- [stand_ins | sources], do: Code.require_file(path)
:persistent_term.put(:recipe, {recipe, stand_ins, sources})
ExUnit.start(seed: 0, timeout: 120_000, capture_log: true)

defmodule RecipeTest do
  use ExUnit.Case

  import ExUnit.CaptureIO
  import ExUnit.CaptureLog

  @required %{
    "DATABASE_URL" => "ecto://app:secret@db.internal/app",
    "PGSSLMODE" => "verify-full",
    "PGSSLROOTCERT" => "/app/rds-global-bundle.pem"
  }
  @serving Map.merge(@required, %{
             "PHX_HOST" => "shop.example",
             "PHX_SERVER" => "true",
             "PORT" => "5000",
             "RELEASE_COMMAND" => "start",
             "RELEASE_COOKIE" => "made for this test",
             "SECRET_KEY_BASE" => "made for this test"
           })

  setup do
    {:ok, calls} = Calls.start()
    Application.put_env(:shop, :ecto_repos, [Shop.Repo])
    Application.put_env(:shop, Shop.Lifecycle, drain_seconds: 3)
    Shop.Lifecycle.reset()
    on_exit(fn -> if Process.alive?(calls), do: Agent.stop(calls) end)
    {recipe, stand_ins, sources} = :persistent_term.get(:recipe)
    %{recipe: recipe, stand_ins: stand_ins, sources: sources}
  end

  defp request(event), do: :telemetry.execute([:bandit, :request, event])
  defp get(path, more \\ []), do: health(struct(%Plug.Conn{request_path: path}, more))
  defp health(conn), do: ShopWeb.Health.call(conn, ShopWeb.Health.init([]))

  # Without the variables of the machine that runs the test.
  defp elixir(arguments, variables \\ %{}) do
    names = ~w(DRAIN_SECONDS DNS_CLUSTER_QUERY POOL_SIZE) ++ Map.keys(@serving)
    unset = for name <- names, into: %{}, do: {name, nil}
    environment = Enum.to_list(Map.merge(unset, variables))
    System.cmd("elixir", arguments, env: environment, stderr_to_stdout: true)
  end

  defp settings(recipe, variables) do
    read =
      "Config.Reader.read!(hd(System.argv()), env: :prod) |> inspect(limit: :infinity) |> IO.puts()"

    elixir(["-e", read, Path.join(recipe, "config/runtime.exs")], variables)
  end

  defp read(recipe, variables) do
    {text, 0} = settings(recipe, variables)
    {value, _} = Code.eval_string(text)
    value
  end

  test "every file is Elixir", %{recipe: recipe} do
    files = Path.wildcard(Path.join(recipe, "**/*.{ex,exs}"))
    assert length(files) > 10
    for file <- files, do: Code.string_to_quoted!(File.read!(file), file: file)
  end

  test "mix.exs is a project with its release", %{recipe: recipe} do
    Mix.start()
    [{project, _} | _] = Code.compile_file(Path.join(recipe, "mix.exs"))
    assert [shop: _] = project.project()[:releases]
    assert {Shop.Application, []} = project.application()[:mod]
    assert for({name, _} <- project.project()[:deps], do: name) |> Enum.member?(:dns_cluster)
  end

  describe "prod.exs" do
    test "forces TLS but for the health paths", %{recipe: recipe} do
      endpoint =
        Config.Reader.read!(Path.join(recipe, "config/prod.exs"), env: :prod)[:shop][
          ShopWeb.Endpoint
        ]

      assert endpoint[:force_ssl][:exclude][:paths] == ["/health", "/ready"]
      assert endpoint[:force_ssl][:rewrite_on] == [:x_forwarded_proto]
    end
  end

  describe "runtime.exs" do
    test "sets what a node serves by", %{recipe: recipe} do
      shop = read(recipe, Map.put(@serving, "DNS_CLUSTER_QUERY", "release.internal"))[:shop]
      endpoint = shop[ShopWeb.Endpoint]
      assert endpoint[:server]
      assert endpoint[:url] == [scheme: "https", host: "shop.example", port: 443]
      assert endpoint[:http][:port] == 5000
      assert endpoint[:check_origin] == ["https://shop.example"]
      assert shop[Shop.Repo][:ssl] == [cacertfile: "/app/rds-global-bundle.pem"]
      assert shop[:dns_cluster_query] == "release.internal"
      assert shop[Shop.Lifecycle][:drain_seconds] == 45
    end

    test "asks a migration for nothing of the web's", %{recipe: recipe} do
      shop = read(recipe, Map.put(@required, "RELEASE_COMMAND", "eval"))[:shop]
      assert shop[ShopWeb.Endpoint] == nil
      assert shop[Shop.Repo][:url] == @required["DATABASE_URL"]
      assert shop[:dns_cluster_query] == nil
    end

    test "names what is missing, or wrong, and ends with 1", %{recipe: recipe} do
      for {variables, said} <- [
            {Map.drop(@serving, ["PHX_HOST", "PORT"]),
             "not set in its environment: PHX_HOST, PORT"},
            {Map.put(@serving, "PORT", "http"), "PORT is \"http\", and has to be a whole number"},
            {Map.put(@serving, "PGSSLMODE", "require"), "connects with verify-full only"}
          ] do
        assert {text, 1} = settings(recipe, variables)
        assert text =~ said
        refute text =~ "made for this test"
      end
    end
  end

  describe "health" do
    test "is answered before anything else" do
      assert %{status: 200, body: "ok\n", halted: true} = get("/health")
      assert %{status: 200, body: "ready\n", halted: true} = get("/ready")
      assert %{status: nil, halted: false} = get("/")
    end

    test "turns red while the node drains, and connections close" do
      started = get("/")
      Shop.Lifecycle.drain()
      assert %{status: 200, headers: %{"connection" => "close"}} = get("/health")
      assert %{status: 503, body: "draining\n"} = get("/ready")
      assert Plug.Conn.send_resp(started, 200, "").headers == %{"connection" => "close"}
      over_http2 = get("/", protocol: :"HTTP/2")
      assert Plug.Conn.send_resp(over_http2, 200, "").headers == %{}
    end

    test "leaves connections open otherwise" do
      assert Plug.Conn.send_resp(get("/"), 200, "").headers == %{}
      refute Map.has_key?(get("/health").headers, "connection")
    end
  end

  describe "draining" do
    test "counts requests, however they end" do
      for event <- [:start, :start, :start, :stop, :exception], do: request(event)
      assert Shop.Lifecycle.busy() == 1
    end

    test "waits for what is under way" do
      {:ok, supervisor} = Supervisor.start_link([Shop.Drainer], strategy: :one_for_one)
      request(:start)
      stopping = Task.async(fn -> Supervisor.stop(supervisor, :normal, :infinity) end)
      until(fn -> :suspended in Calls.all() end)
      assert Shop.Lifecycle.draining?()
      refute Task.yield(stopping, 200)
      request(:stop)
      assert Task.await(stopping, :infinity) == :ok
      assert {:bandit_pid, ShopWeb.Endpoint, :http} in Calls.all()
    end

    test "ends in time whatever is under way" do
      Application.put_env(:shop, Shop.Lifecycle, drain_seconds: 1)
      {:ok, supervisor} = Supervisor.start_link([Shop.Drainer], strategy: :one_for_one)
      request(:start)
      said = capture_log(fn -> Supervisor.stop(supervisor, :normal, :infinity) end)
      assert said =~ "drained for as long as it may: requests are cut"
    end

    test "shares the seconds out between requests and sockets" do
      for seconds <- [0, 1, 45, 105] do
        Application.put_env(:shop, Shop.Lifecycle, drain_seconds: seconds)
        requests = Shop.Drainer.child_spec([]).shutdown - 1_000
        assert requests + Shop.Drainer.sockets()[:shutdown] == seconds * 1_000
      end
    end
  end

  describe "the application" do
    test "is whole on a node, and only the repository beside one" do
      for {command, children} <- [
            {"start", ~w(Telemetry Repo DNSCluster PubSub Endpoint Drainer)},
            {nil, ~w(Telemetry Repo DNSCluster PubSub Endpoint Drainer)},
            {"eval", ~w(Repo)},
            {"rpc", ~w(Repo)},
            {"remote", ~w(Repo)}
          ] do
        if command,
          do: System.put_env("RELEASE_COMMAND", command),
          else: System.delete_env("RELEASE_COMMAND")

        Application.put_env(:shop, Shop.Lifecycle, drain_seconds: 0)
        {:ok, supervisor} = Shop.Application.start(:normal, [])
        started = for {id, _, _, _} <- Supervisor.which_children(supervisor), do: id
        assert started |> Enum.reverse() |> Enum.map(&List.last(Module.split(&1))) == children
        Supervisor.stop(supervisor, :normal, :infinity)
      end
    end

    test "looks for nodes where it is told to" do
      System.delete_env("RELEASE_COMMAND")

      for {query, given} <- [{nil, :ignore}, {"release.internal", "release.internal"}] do
        Application.put_env(:shop, :dns_cluster_query, query)
        Application.put_env(:shop, Shop.Lifecycle, drain_seconds: 0)
        {:ok, supervisor} = Shop.Application.start(:normal, [])
        assert {DNSCluster, [query: given, log: :info]} in Calls.all()
        Supervisor.stop(supervisor, :normal, :infinity)
      end
    end
  end

  describe "one-off commands" do
    test "migrate with the repository alone" do
      assert capture_io(fn -> assert Shop.Release.migrate() == :ok end) == "migrated to 4\n"
      assert {:with_repo, Shop.Repo, [pool_size: 2]} in Calls.all()
      assert {:run, Shop.Repo, :up, [all: true]} in Calls.all()
    end

    test "roll back to a version, which stays, or all" do
      assert capture_io(fn -> Shop.Release.rollback(1) end) == "rolled back 2\n"
      assert {:run, Shop.Repo, :down, [to: 2]} in Calls.all()
      assert capture_io(fn -> Shop.Release.rollback(3) end) == "rolled back 0\n"
      assert capture_io(fn -> Shop.Release.rollback(:all) end) == "rolled back 3\n"
    end

    test "seed again without doubling" do
      assert capture_io(fn -> Shop.Release.seed() end) == "seeded\n"
      assert {:insert_all, "products", [_ | _], opts} = List.keyfind(Calls.all(), :insert_all, 0)
      assert opts == [on_conflict: :nothing, conflict_target: :name]
    end

    test "list the migrations" do
      assert capture_io(fn -> Shop.Release.status() end) ==
               "up 1 one\nup 2 two\nup 3 three\ndown 4 four\n"
    end

    test "print what a node is busy with" do
      request(:start)
      said = capture_io(fn -> assert Shop.Release.observe() == :ok end)
      assert said =~ "requests 1\n"
      assert said =~ "draining false\n"
      assert said =~ ~r/^memory_mib \d/m
    end

    test "fail with a sentence and 1", context do
      requires = Enum.flat_map([context.stand_ins | context.sources], &["-r", &1])
      code = "Application.put_env(:shop, :ecto_repos, [Shop.Repo]); Shop.Release.rollback(7)"
      assert {text, 1} = elixir(requires ++ ["-e", code])
      assert text =~ "there is no migration 7 to roll back to; there are: 1, 2, 3, 4"
    end
  end

  defp until(holds) do
    unless holds.() do
      Process.sleep(10)
      until(holds)
    end
  end
end
