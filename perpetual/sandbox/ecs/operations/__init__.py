"""The operations of the API, one module for each area: request and answer in the API's spelling.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from perpetual.sandbox.ecs.core import Core
from perpetual.sandbox.ecs.operations import (
    clusters,
    definitions,
    deployments,
    hosts,
    providers,
    services,
    tags,
    tasks,
)

Operation = Callable[[Core, Mapping[str, Any]], dict[str, Any]]

OPERATIONS: Final[Mapping[str, Operation]] = {
    **clusters.OPERATIONS,
    **providers.OPERATIONS,
    **definitions.OPERATIONS,
    **services.OPERATIONS,
    **deployments.OPERATIONS,
    **tasks.OPERATIONS,
    **hosts.OPERATIONS,
    **tags.OPERATIONS,
}
"""Every operation the sandbox has, by its name."""
