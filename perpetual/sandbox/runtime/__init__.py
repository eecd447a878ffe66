"""The sandbox's world: one process with AWS's API on loopback, and containers behind it.

`ecs/` decides, this package does: tasks are containers, the balancer is HAProxy, the registry a
registry, the database a Postgres that speaks TLS only. What is emulated but not ours is moto's.
"""

import os
from typing import Final

SWITCHES: Final = {
    # AWS's managed policies exist, so that roles can be attached to them.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    # Unknown images and instance types are refused.
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    # A certificate is issued after this many seconds, not a minute.
    "MOTO_ACM_VALIDATION_WAIT": "1",
    # Without a thousand foreign images there are no thousand foreign snapshots either.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}
"""moto's switches. It reads them as it is imported, so they are set before any module here is."""

for _name, _value in SWITCHES.items():
    os.environ.setdefault(_name, _value)
