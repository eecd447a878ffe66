"""ECR: repositories.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_ECR: Final = "ecr"
_NAMES: Final = {
    "name": "repositoryName",
    "arn": "repositoryArn",
    "repositoryUrl": "repositoryUri",
    "encryptionConfigurations": "encryptionConfiguration",
}


def _encryption(inputs: Values) -> dict[str, Any] | None:
    return next(iter(inputs.get("encryptionConfigurations") or ()), None)


def _create_repository(aws: Cloud, inputs: Values) -> str:
    said = {**inputs, "encryptionConfigurations": _encryption(inputs)}
    wanted = "name encryptionConfigurations imageScanningConfiguration imageTagMutability tagsAll"
    aws.call(_ECR, "create_repository", said, wanted, _NAMES)
    return str(inputs["name"])


def _read_repository(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_ECR, "describe_repositories", "repositories", repositoryNames=[identifier])
    if found is None:
        return None
    said = aws.told(_ECR, "Repository", found, _NAMES)
    encryption = said.get("encryptionConfigurations")
    tags = aws.call(_ECR, "list_tags_for_resource", resourceArn=said["arn"])["tags"]
    return {
        **said,
        "encryptionConfigurations": [encryption] if encryption else None,
        "tagsAll": tagging.read(tags),
    }


def _update_repository(aws: Cloud, identifier: str, _state: Values, inputs: Values) -> None:
    repository = {"repositoryName": identifier}
    aws.call(_ECR, "put_image_tag_mutability", inputs, "imageTagMutability", **repository)
    scanning = "imageScanningConfiguration"
    aws.call(_ECR, "put_image_scanning_configuration", inputs, scanning, **repository)


def _delete_repository(aws: Cloud, identifier: str, state: Values) -> None:
    force = bool(state.get("forceDelete"))
    aws.call(_ECR, "delete_repository", repositoryName=identifier, force=force)


REPOSITORY: Final = Kind(
    "aws:ecr/repository:Repository",
    inputs=names("name encryptionConfigurations imageScanningConfiguration imageTagMutability"),
    own=names("forceDelete"),
    outputs=names("arn registryId repositoryUrl"),
    create=_create_repository,
    read=_read_repository,
    update=_update_repository,
    delete=_delete_repository,
    retag=tagging.by(_ECR),
    name="name",
)

_POLICY_NAMES: Final = {"repository": "repositoryName", "policy": "lifecyclePolicyText"}


def _put_lifecycle(aws: Cloud, inputs: Values) -> str:
    aws.call(_ECR, "put_lifecycle_policy", inputs, "repository policy", _POLICY_NAMES)
    return str(inputs["repository"])


def _read_lifecycle(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.ask(_ECR, "get_lifecycle_policy", repositoryName=identifier)
    return found and aws.told(_ECR, "GetLifecyclePolicyResponse", found, _POLICY_NAMES)


def _delete_lifecycle(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ECR, "delete_lifecycle_policy", repositoryName=identifier)


LIFECYCLE: Final = Kind(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    inputs=names("repository policy"),
    outputs=names("registryId"),
    create=_put_lifecycle,
    read=_read_lifecycle,
    delete=_delete_lifecycle,
)

KINDS: Final = (REPOSITORY, LIFECYCLE)
