defmodule :scram do
  @moduledoc """
  The steps of SCRAM (RFC 5802, RFC 7677) under the name by which the driver calls them.

  Debian's driver borrows them from an XMPP package that a release cannot include: its folder and its
  application have different names. Postgrex has its own. Passwords are ASCII, so that they need no
  preparation (RFC 4013).
  """

  def salted_password(hash, password, salt, iterations) do
    :crypto.pbkdf2_hmac(hash, password, salt, iterations, :crypto.hash_info(hash).size)
  end

  def client_key(hash, salted_password), do: mac(hash, salted_password, "Client Key")
  def server_key(hash, salted_password), do: mac(hash, salted_password, "Server Key")
  def stored_key(hash, client_key), do: :crypto.hash(hash, client_key)
  def client_signature(hash, stored_key, message), do: mac(hash, stored_key, message)
  def server_signature(hash, server_key, message), do: mac(hash, server_key, message)

  defp mac(hash, key, data), do: :crypto.mac(:hmac, hash, key, data)
end
