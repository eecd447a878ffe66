"""The application's database: its making, its roles, and what they may do.

    owner     owns everything and logs in nowhere
    migrator  logs in for migrations, and works as the owner
    rw        logs in for the application: rows, and nothing else

`differences` compares what is with what should be; `execute` shows the differences or removes them.
"""
