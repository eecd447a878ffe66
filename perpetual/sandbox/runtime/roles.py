"""Database, roles and secrets of a stack: what `perpetual db apply` and an operator do on AWS.

Passwords are made here and go two ways: to Postgres as verifiers, to the emulated SSM as
SecureStrings. Nobody else sees them.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from perpetual import contract, secret
from perpetual.database import execute
from perpetual.database.model import Wanted
from perpetual.sandbox.runtime.database import PORT, Database


def prepare(
    ssm: Any, database: Database, stack: contract.Stack, host: str, names: Iterable[str]
) -> list[str]:
    """Make database, roles, rights and secrets; return the secrets that were made now.

    `host` is the database's name for tasks, `names` the secrets that the release has beside those
    that every release has. What is there stays, so it may be run again.

    Raises:
        OperatorError: The database does not let its master make them.
    """
    wanted = Wanted(
        database="app",
        migrator_password=secret.generate(),
        rw_password=secret.generate(),
    )
    present = _present(ssm, stack)
    url, migrator = (stack.secret(name) for name in ("DATABASE_URL", contract.MIGRATOR))
    if {url, migrator} <= present:
        return []
    execute.apply(database.server, wanted)
    values = {
        url: _url(wanted.rw, wanted.rw_password, host, wanted.database),
        migrator: _url(wanted.migrator, wanted.migrator_password, host, wanted.database),
    }
    for name in {*contract.SECRETS, *names} - {"DATABASE_URL", contract.MIGRATOR}:
        if stack.secret(name) not in present:
            values[stack.secret(name)] = secret.generate()
    for name, value in values.items():
        ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    return sorted(values)


def _present(ssm: Any, stack: contract.Stack) -> set[str]:
    pages = ssm.get_paginator("get_parameters_by_path")
    return {
        one["Name"]
        for page in pages.paginate(Path=stack.parameter("secrets"))
        for one in page["Parameters"]
    }


def _url(user: str, password: str, host: str, database: str) -> str:
    return f"postgres://{user}:{quote(password, safe='')}@{host}:{PORT}/{database}"
