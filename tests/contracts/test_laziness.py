"""Loading the SDK lazily changes nothing of what the real program registers."""

import json
import subprocess
import sys

import pytest

from tests.support.stacks import ROOT

CAPTURED = """
import json, sys
from pathlib import Path
from google.protobuf import json_format
from perpetual.offline import preview

if sys.argv[1] == "eager":
    preview.SDKS = ()
stack = sys.argv[2]
planned = preview.plan(preview.Options(root=Path.cwd(), stack=stack))
capture = preview.run_program(planned)
loaded = sum(name.startswith("pulumi_aws.") for name in sys.modules)
requests = [json_format.MessageToDict(item.request) for item in capture.registrations]
for request in requests:  # lines of the SDK's own files, which differ by how they were imported
    request.pop("stackTrace", None)
    request.pop("sourcePosition", None)
outputs = {urn: json_format.MessageToDict(of) for urn, of in capture.registered_outputs.items()}
print(json.dumps({"requests": requests, "outputs": outputs, "loaded": loaded}))
"""


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_the_captured_stack_is_identical(stack: str) -> None:
    """Every request to the last argument, dependency and option; and far fewer modules."""
    eager, lazy = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", CAPTURED, how, stack],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for how in ("eager", "lazy")
    )
    assert lazy["requests"] == eager["requests"]
    assert lazy["outputs"] == eager["outputs"]
    assert len(lazy["requests"]) > 100
    assert lazy["loaded"] < eager["loaded"] / 2
