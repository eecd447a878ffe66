"""The database behind the emulated RDS: a Postgres that speaks TLS only, under RDS's own name.

What runs in it is release/local/postgres.sh, as in the local environment: no superuser, no
connection without TLS, the certificate for the name by which the release connects.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from perpetual.database import connection
from perpetual.database.model import Server
from perpetual.errors import OperatorError
from perpetual.sandbox.runtime import moto_app, parts
from perpetual.sandbox.runtime.authority import Authority, keep
from perpetual.sandbox.runtime.parts import Part, Site, Spec
from perpetual.sandbox.runtime.secret_values import Clients

PORT: Final = 5432
HOST: Final = "localhost"
SCRIPTS: Final = Path(__file__).resolve().parents[3] / "release" / "local"


@dataclass(frozen=True, kw_only=True)
class Instances:
    """What RDS has: the names of all its instances, and the master of the first.

    Replicas are other names of the same server; they follow it without delay.
    """

    names: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    database: str


@dataclass(frozen=True, kw_only=True)
class Database:
    """A running Postgres: its container, and how this machine reaches it as its master."""

    container: str
    server: Server


def instances(clients: Clients, place: tuple[str, str]) -> Instances:
    """Return what the emulated RDS has in an account and region.

    Raises:
        OperatorError: It has no instance.
    """
    found = clients("rds").describe_db_instances()["DBInstances"]
    if not found:
        raise OperatorError(
            "the emulated RDS has no instance", hint="`perpetual sandbox up` first."
        )
    primary = next((one for one in found if not _source(one)), found[0])
    return Instances(
        names=tuple(one["Endpoint"]["Address"] for one in found),
        user=primary["MasterUsername"],
        password=_password(clients, place, primary),
        database=primary.get("DBName") or "postgres",
    )


def start(site: Site, folder: Path, authority: Authority, wanted: Instances) -> Database:
    """Start Postgres, and wait until its master may enter.

    Raises:
        OperatorError: It does not start.
    """
    issued = authority.issue([HOST, *wanted.names])
    keep(folder / "database.pem", issued.certificate)
    keep(folder / "database.key", issued.key)
    spec = Spec(
        part=Part.DATABASE,
        command="exec /bin/sh /local/postgres.sh",
        ports={PORT: 0},
        variables={"MASTER_USER": wanted.user, "MASTER_PASSWORD": wanted.password},
        binds=(f"{SCRIPTS}:/local:ro", f"{folder}:/certificates:ro"),
        volumes=("/var/lib/perpetual",),
        names=wanted.names,
        # Fast shutdown: SIGTERM would wait for the release to disconnect.
        stop_signal="SIGINT",
    )
    container = parts.start(site, spec)
    server = Server(
        host=HOST,
        port=parts.port(site.client, container, PORT),
        user=wanted.user,
        password=wanted.password,
        ca_file=authority.file,
    )
    parts.until(site.client, container, "an answer of Postgres", lambda: connection.answers(server))
    return Database(container=container, server=server)


def _source(instance: Mapping[str, Any]) -> str:
    return str(instance.get("ReadReplicaSourceDBInstanceIdentifier") or "")


def _password(clients: Clients, place: tuple[str, str], instance: Mapping[str, Any]) -> str:
    """Return the master's password: RDS's managed secret, or what the instance was made with."""
    managed = instance.get("MasterUserSecret", {}).get("SecretArn")
    if managed:
        text = clients("secretsmanager").get_secret_value(SecretId=managed)["SecretString"]
        return str(json.loads(text)["password"])
    known = moto_app.backend("rds", *place).databases[instance["DBInstanceIdentifier"]]
    # As RDS, moto tells nobody; the sandbox is the one who has to know.
    return str(vars(known)["_master_user_password"])
