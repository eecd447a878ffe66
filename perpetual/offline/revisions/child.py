"""The base revision's program, run in a process of its own: its modules are not the head's.

The harness (this package) is the head's on both sides; everything else of the project comes from
the base's folder, the names in `perpetual/contract.py` included. The result is one JSON file.
"""

import gc
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import perpetual
from perpetual.errors import OperatorError
from perpetual.offline import lazy, preview, program
from perpetual.offline.revisions import freight

_CONTRACT = "perpetual.contract"


def main(arguments: list[str]) -> None:
    """Run what the file `arguments[0]` asks for, and write the result to `arguments[1]`."""
    asked = json.loads(Path(arguments[0]).read_text())
    gc.set_threshold(50_000, 1_000, 1_000)  # as in the command: loading an SDK is all to stay
    Path(arguments[1]).write_text(json.dumps(_result(asked)))


def _result(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        planned = preview.plan(
            preview.Options(
                root=Path(asked["root"]),
                stack=asked["stack"],
                answers=Path(asked["answers"]) if asked["answers"] else None,
            )
        )
        _leave_head(Path(asked["head"]), planned.project.root)
        lazy.install(*preview.SDKS)
        captured = program.run(planned.project, planned.stack, planned.config, planned.answers)
    except OperatorError as error:
        return {"message": error.message, "detail": error.detail, "hint": error.hint}
    return {"capture": freight.dumps(captured), "program": str(planned.project.program)}


def _leave_head(head: Path, base: Path) -> None:
    """Take the head's project off the module path, so that nothing the base lacks comes from it."""
    sys.path[:] = [path for path in sys.path if Path(path).resolve() not in {head, head / "policy"}]
    package = base / "perpetual"
    if not (package / "contract.py").is_file():
        return
    for name in [name for name in sys.modules if name == _CONTRACT]:
        del sys.modules[name]
        vars(perpetual).pop("contract", None)
    # What of the package is loaded stays the head's harness; the contract is the base's own.
    perpetual.__path__.insert(0, str(package))
    importlib.import_module(_CONTRACT)
    perpetual.__path__.remove(str(package))


if __name__ == "__main__":
    main(sys.argv[1:])
