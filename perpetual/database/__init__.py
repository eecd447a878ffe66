"""The application's database: its making, its roles, and what they may do.

    owner     owns everything and logs in nowhere
    migrator  logs in for migrations, and works as the owner
    rw        logs in for the application: rows, and nothing else

`differences` compares what is with what should be; `plan` shows them, `apply` removes them.
"""

from perpetual.database.connection import answers, connect
from perpetual.database.execute import apply, plan
from perpetual.database.model import Difference, Server, Wanted

__all__ = ["Difference", "Server", "Wanted", "answers", "apply", "connect", "plan"]
