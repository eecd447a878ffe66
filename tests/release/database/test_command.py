"""`perpetual db`, as its own process: exit codes, stdout and stderr."""

import json
import os
import subprocess
import sys

from tests.release.database.servers import Database
from tests.release.support import ROOT

VERSIONS = (17,)


def perpetual(
    database: Database, command: str, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command, with libpq's variables for where, and return how it ended."""
    server, wanted = database.server, database.wanted
    given = {
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGPASSWORD": server.password,
        "PGDATABASE": database.name,
        "PGSSLROOTCERT": str(server.ca_file),
        "MIGRATOR_PASSWORD": wanted.migrator_password,
        "RW_PASSWORD": wanted.rw_password,
    }
    finished = subprocess.run(
        [sys.executable, "-m", "perpetual", "db", command, *options],
        cwd=ROOT,
        env={**os.environ, **given, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    for secret in (server.password, *wanted.passwords.values(), "SCRAM-SHA-256"):
        assert secret not in finished.stdout + finished.stderr
    return finished


def test_plan_and_apply_from_a_shell(new: Database) -> None:
    """1 with differences, 0 without; what was done is what was said."""
    planned = perpetual(new, "plan")
    assert (planned.returncode, planned.stderr) == (1, "")
    applied = perpetual(new, "apply")
    assert (applied.returncode, applied.stderr) == (0, "")
    assert applied.stdout == planned.stdout
    again = perpetual(new, "plan", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == {
        "version": 1,
        "database": new.name,
        "differences": [],
    }


def test_a_fault_from_a_shell(new: Database) -> None:
    """2, and a sentence on stderr."""
    finished = perpetual(new, "plan", PGPASSWORD="wrong-one")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith("perpetual: the password of master is not the right one\n")
    assert "wrong-one" not in finished.stderr
