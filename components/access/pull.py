"""The one command that a deployment may run on hosts: pull one image of this stack's repository.

AWS-RunShellScript would make whoever deploys root on every host, and so of every task's
credentials. This document takes a digest and nothing else, and the role may send no other.
"""

import json
from typing import Final

from perpetual import contract

HOST: Final = "host"
"""Value of `contract.ROLE_TAG` on hosts."""

DIGEST: Final = "^sha256:[0-9a-f]{64}$"
SECONDS: Final = 300


def document(stack: contract.Stack) -> str:
    """Return the SSM document's text; parameter `digest`, as ECR prints it.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html
    """
    step = {
        "action": "aws:runShellScript",
        "name": "pull",
        "precondition": {"StringEquals": ["platformType", "Linux"]},
        "inputs": {"timeoutSeconds": str(SECONDS), "runCommand": script(stack)},
    }
    digest = {"type": "String", "description": "Digest of the image", "allowedPattern": DIGEST}
    return json.dumps(
        {
            "schemaVersion": "2.2",
            "description": f"Pull an image of {stack.repository} before its tasks start",
            "parameters": {"digest": digest},
            "mainSteps": [step],
        }
    )


def script(stack: contract.Stack) -> list[str]:
    """Return the commands, in which `{{ digest }}` stands for the parameter.

    The ECS-optimized image holds neither AWS CLI nor ECR credential helper; the helper is one
    small package of Amazon Linux, installed once per host.
    """
    registry, _, _ = stack.repository_url.partition("/")
    credentials = json.dumps({"credHelpers": {registry: "ecr-login"}}, separators=(",", ":"))
    helper = "amazon-ecr-credential-helper"
    return [
        "set -eu",
        f"rpm --query --quiet {helper} || dnf install --assumeyes --quiet {helper}",
        "configuration=$(mktemp -d)",
        "trap 'rm -rf \"$configuration\"' EXIT",
        f"printf '%s' '{credentials}' > \"$configuration/config.json\"",
        f'docker --config "$configuration" pull --quiet "{stack.repository_url}@{{{{ digest }}}}"',
    ]
