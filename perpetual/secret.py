"""A secret that is made here: a password, the nodes' cookie, Phoenix's key base."""

import secrets
from typing import Final

_BYTES: Final = 32
"""Length before it is spelled in hexadecimal: 256 bits, and the 64 characters that Phoenix asks
for: https://hexdocs.pm/plug/Plug.Crypto.html
"""


def generate() -> str:
    """Return a secret of 64 hexadecimal digits.

    Base 64 would be shorter, and now and then begin with `-` or `+`; the release's script hands the
    cookie to the VM as an argument, which then is a flag: https://www.erlang.org/doc/apps/erts/erl_cmd.html
    """
    return secrets.token_hex(_BYTES)
