defmodule Shop.JSONFormatter do
  @moduledoc """
  Log events as JSON, one a line. A Phoenix project uses logger_json instead.
  """

  @doc "Return one event as a line; a failure to format must not take the logger down."
  def format(level, message, {date, time}, metadata) do
    [
      Shop.JSON.encode(
        Map.merge(extra(metadata), %{
          "time" => timestamp(date, time),
          "level" => to_string(level),
          "message" => message |> IO.chardata_to_string() |> printable()
        })
      ),
      ?\n
    ]
  rescue
    error ->
      [
        ~s({"level":"error","message":"a log event could not be formatted: ),
        inspect(error.__struct__),
        ~s("}\n)
      ]
  end

  # The logger's own facts about where an event was made say little and cost much.
  @own [
    :erl_level,
    :gl,
    :time,
    :pid,
    :mfa,
    :file,
    :line,
    :domain,
    :function,
    :module,
    :application,
    :report_cb,
    :crash_reason,
    :initial_call,
    :registered_name
  ]

  defp extra(metadata) do
    for {key, value} <- metadata, key not in @own, into: %{}, do: {to_string(key), plain(value)}
  end

  defp plain(value) when is_number(value) or is_boolean(value) or is_nil(value), do: value
  defp plain(value) when is_binary(value), do: printable(value)
  defp plain(value), do: inspect(value)

  defp printable(text), do: if(String.valid?(text), do: text, else: inspect(text))

  # The logger's clock is told to be UTC by the container; nothing sets another zone.
  defp timestamp({year, month, day}, {hour, minute, second, millisecond}) do
    :io_lib.format("~4..0B-~2..0B-~2..0BT~2..0B:~2..0B:~2..0B.~3..0BZ", [
      year,
      month,
      day,
      hour,
      minute,
      second,
      millisecond
    ])
    |> IO.chardata_to_string()
  end
end
