"""The sandbox's process: `python -m perpetual.sandbox.runtime`, as `sandbox up` starts it."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from perpetual import contract
from perpetual.errors import COULD_NOT_RUN, OperatorError
from perpetual.sandbox.runtime import database, failing, moto_app, report, roles
from perpetual.sandbox.runtime.assembly import running
from perpetual.sandbox.runtime.control import Action
from perpetual.sandbox.runtime.files import Files, State
from perpetual.sandbox.runtime.sandbox import Options, Sandbox


def main() -> int:
    """Run a sandbox until it is told to end."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s %(message)s"
    )
    # They tell of every request, and botocore's hold what is sent.
    for name in ("botocore", "docker", "urllib3", "werkzeug"):
        logging.getLogger(name).setLevel(logging.WARNING)
    over = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    stack, options = _options()
    files = Files(options.folder)
    try:
        with files.held(), running(options, actions) as sandbox:
            files.write(_state(stack, sandbox))
            over.wait()
    except OperatorError as error:
        sys.stderr.write(f"perpetual: {error}\n")
        return COULD_NOT_RUN
    return 0


def actions(sandbox: Sandbox) -> dict[str, Action]:
    """Return what the sandbox's commands may ask of its process, by name."""

    def zone(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        moto_app.give_zone(sandbox.options.account, asked["id"], asked["domain"])
        return {}

    def prepare(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        made = sandbox.start_database()
        stack = contract.Stack(
            name=asked["stack"], account=sandbox.options.account, region=sandbox.options.region
        )
        host = database.instances(sandbox.clients, sandbox.options.place).names[0]
        return {
            "made": roles.prepare(sandbox.clients("ssm"), made, stack, host, asked["secrets"]),
            "port": made.server.port,
        }

    def fail(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        fault = failing.Fault(asked["fault"])
        return {"says": failing.fail(sandbox, fault, undo=asked["undo"])}

    return {
        "zone": zone,
        "prepare": prepare,
        "fail": fail,
        "providers": lambda _asked: sandbox.start_providers(),
        "status": lambda _asked: asdict(report.read(sandbox)),
    }


def _options() -> tuple[str, Options]:
    parser = argparse.ArgumentParser(prog="perpetual.sandbox.runtime")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--region", required=True)
    for name in ("port", "http", "https"):
        parser.add_argument(f"--{name}", type=int, default=0)
    given = vars(parser.parse_args())
    return given.pop("stack"), Options(**given)


def _state(stack: str, sandbox: Sandbox) -> State:
    ports = sandbox.proxy.ports
    return State(
        stack=stack,
        endpoint=sandbox.endpoint,
        account=sandbox.options.account,
        region=sandbox.options.region,
        http=ports[80],
        https=ports[443],
        registry=sandbox.registry.address,
        ca_file=str(sandbox.authority.file),
    )


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stderr.flush()
    # Everything is taken down; threads that still wait for Docker must not keep the process.
    os._exit(code)
