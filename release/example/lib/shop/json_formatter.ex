defmodule Shop.JSONFormatter do
  @moduledoc """
  Log events as JSON, one a line. A Phoenix project uses logger_json instead.
  """

  @doc "Return one event as a line; a failure to format must not take the logger down."
  def format(level, message, {date, time}, metadata) do
    event =
      Map.merge(extra(metadata), %{
        "time" => timestamp(date, time),
        "level" => level,
        "message" => message |> IO.chardata_to_string() |> printable()
      })

    [JSON.encode_to_iodata!(event), ?\n]
  rescue
    error ->
      [~s({"level":"error","message":"not formatted: ), inspect(error.__struct__), ~s("}\n)]
  end

  # The logger's own facts about where an event was made say little and cost much.
  @own ~w(erl_level gl time pid mfa file line domain function module application report_cb crash_reason
          initial_call registered_name)a

  defp extra(metadata) do
    for {key, value} <- metadata, key not in @own, into: %{}, do: {to_string(key), plain(value)}
  end

  defp plain(value) when is_number(value) or is_boolean(value) or is_nil(value), do: value
  defp plain(value) when is_binary(value), do: printable(value)
  # A node's name is an atom, and reads as one word.
  defp plain(value) when is_atom(value), do: Atom.to_string(value)
  defp plain(value), do: inspect(value)

  defp printable(text), do: if(String.valid?(text), do: text, else: inspect(text))

  # UTC, by `utc_log`.
  defp timestamp(date, time) do
    "#{Logger.Formatter.format_date(date)}T#{Logger.Formatter.format_time(time)}Z"
  end
end
