# What the recipe's modules call of Phoenix, Ecto and Bandit, which cannot be fetched offline: as little
# as it takes to run them, and a record of how they were called.

defmodule Calls do
  use Agent

  def start, do: Agent.start(fn -> [] end, name: __MODULE__)

  def record(call) do
    if Process.whereis(__MODULE__), do: Agent.update(__MODULE__, &[call | &1])
    call
  end

  def all, do: Agent.get(__MODULE__, &Enum.reverse/1)
end

defmodule :telemetry do
  def detach(id), do: :persistent_term.erase({__MODULE__, id})

  def attach_many(id, events, fun, config) do
    :persistent_term.put({__MODULE__, :handler}, {id, events, fun, config})
  end

  def execute(event) do
    {_id, events, fun, config} = :persistent_term.get({__MODULE__, :handler})
    if event in events, do: fun.(event, %{}, %{}, config)
  end
end

defmodule Bandit.PhoenixAdapter do
  def bandit_pid(endpoint, scheme) do
    Calls.record({:bandit_pid, endpoint, scheme})
    {:ok, self()}
  end
end

defmodule ThousandIsland do
  def suspend(_pid), do: Calls.record(:suspended) && :ok
end

defmodule Plug do
  @callback init(term()) :: term()
  @callback call(map(), term()) :: map()
end

defmodule Plug.Conn do
  defstruct request_path: "/",
            protocol: :"HTTP/1.1",
            headers: %{},
            status: nil,
            body: nil,
            halted: false,
            before_send: []

  def register_before_send(conn, fun), do: %{conn | before_send: [fun | conn.before_send]}
  def put_resp_header(conn, name, value), do: put_in(conn.headers[name], value)
  def put_resp_content_type(conn, type), do: put_resp_header(conn, "content-type", type)
  def get_http_protocol(conn), do: conn.protocol
  def halt(conn), do: %{conn | halted: true}

  def send_resp(conn, status, body) do
    sent = Enum.reduce(conn.before_send, conn, & &1.(&2))
    %{sent | status: status, body: body}
  end
end

defmodule Ecto.Migrator do
  @moduledoc "Four migrations, of which the last has not run."

  def with_repo(repo, fun, opts) do
    Calls.record({:with_repo, repo, opts})
    {:ok, fun.(repo), []}
  end

  def run(repo, direction, opts) do
    Calls.record({:run, repo, direction, opts})

    case {direction, opts} do
      {:up, _} -> [4]
      {:down, [all: true]} -> [3, 2, 1]
      {:down, [to: version]} -> for(number <- [3, 2, 1], number >= version, do: number)
      {:down, [step: 0]} -> []
    end
  end

  def migrations(_repo),
    do: [{:up, 1, "one"}, {:up, 2, "two"}, {:up, 3, "three"}, {:down, 4, "four"}]
end

for {module, id} <- [
      {ShopWeb.Telemetry, ShopWeb.Telemetry},
      {Shop.Repo, Shop.Repo},
      {DNSCluster, DNSCluster},
      {Phoenix.PubSub, Phoenix.PubSub},
      {ShopWeb.Endpoint, ShopWeb.Endpoint}
    ] do
  defmodule module do
    def child_spec(opts) do
      Calls.record({unquote(id), opts})
      %{id: unquote(id), start: {Agent, :start_link, [fn -> [] end]}}
    end

    def insert_all(table, rows, opts), do: Calls.record({:insert_all, table, rows, opts})
    def config_change(changed, removed), do: Calls.record({:config_change, changed, removed})
  end
end
