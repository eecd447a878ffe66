"""Systems Manager: parameters and documents.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_SSM: Final = "ssm"
_TAG: Final = ("add_tags_to_resource", "remove_tags_from_resource")
_ENCRYPTED: Final = "SecureString"


def _tags(aws: Cloud, kind: str, identifier: str) -> tagging.Tags:
    found = aws.call(_SSM, "list_tags_for_resource", ResourceType=kind, ResourceId=identifier)
    return tagging.read(found["TagList"])


# --- parameters

_PARAMETER: Final = "name description type tier allowedPattern dataType keyId"


def _value(inputs: Values) -> Any:
    return inputs.get("value") or inputs.get("insecureValue")


def _create_parameter(aws: Cloud, inputs: Values) -> str:
    more = {"Overwrite": True} if inputs.get("overwrite") else {}
    wanted = _PARAMETER if more else f"{_PARAMETER} tagsAll"
    aws.call(_SSM, "put_parameter", inputs, wanted, Value=_value(inputs), **more)
    return str(inputs["name"])


def _read_parameter(aws: Cloud, identifier: str, state: Values) -> Values | None:
    found = aws.find(_SSM, "get_parameter", "Parameter", Name=identifier, WithDecryption=True)
    if found is None:
        return None
    asked = [{"Key": "Name", "Values": [identifier]}]
    about = aws.find(_SSM, "describe_parameters", "Parameters", ParameterFilters=asked) or {}
    told_as_secret = "value" in state and "insecureValue" not in state
    secret = found["Type"] == _ENCRYPTED or told_as_secret
    return {
        **aws.told(_SSM, "ParameterMetadata", about),
        # AWS answers with the tier it chose; what was asked for is not among its answers.
        "tier": state.get("tier") if _chosen(state) else about.get("Tier"),
        "arn": found["ARN"],
        "version": found["Version"],
        "hasValueWo": False,
        "value": found["Value"],
        "insecureValue": None if secret else found["Value"],
        "tagsAll": _tags(aws, "Parameter", identifier),
    }


def _chosen(state: Values) -> bool:
    return state.get("tier") == "Intelligent-Tiering"


def _update_parameter(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    aws.call(_SSM, "put_parameter", inputs, _PARAMETER, Value=_value(inputs), Overwrite=True)


def _delete_parameter(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_SSM, "delete_parameter", Name=identifier)


PARAMETER: Final = Kind(
    "aws:ssm/parameter:Parameter",
    inputs=names(f"{_PARAMETER} value insecureValue"),
    own=names("overwrite"),
    outputs=names("arn hasValueWo version"),
    moving=names("version"),
    create=_create_parameter,
    read=_read_parameter,
    update=_update_parameter,
    delete=_delete_parameter,
    retag=tagging.by(_SSM, *_TAG, subject="id", ResourceType="Parameter"),
    secret=names("value"),
)


# --- documents


def _create_document(aws: Cloud, inputs: Values) -> str:
    wanted = "name content documentType documentFormat targetType tagsAll"
    aws.call(_SSM, "create_document", inputs, wanted)
    return str(inputs["name"])


def _read_document(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(_SSM, "describe_document", "Document", Name=identifier)
    if found is None:
        return None
    content = aws.call(_SSM, "get_document", Name=identifier, DocumentVersion="$LATEST")
    return {
        **aws.told(_SSM, "DocumentDescription", found),
        "content": content["Content"],
        "arn": aws.arn("ssm", f"document/{identifier}"),
        "tagsAll": _tags(aws, "Document", identifier),
    }


def _update_document(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    if state.get("content") == inputs.get("content"):
        return
    wanted = "name content targetType"
    made = aws.call(_SSM, "update_document", inputs, wanted, DocumentVersion="$LATEST")
    version = made["DocumentDescription"]["DocumentVersion"]
    aws.call(_SSM, "update_document_default_version", Name=identifier, DocumentVersion=version)


def _delete_document(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_SSM, "delete_document", Name=identifier)


DOCUMENT: Final = Kind(
    "aws:ssm/document:Document",
    inputs=names("name content documentType documentFormat targetType"),
    outputs=names(
        "arn createdDate defaultVersion description documentVersion hash hashType latestVersion "
        "owner parameters platformTypes schemaVersion status"
    ),
    moving=names("defaultVersion documentVersion hash latestVersion"),
    create=_create_document,
    read=_read_document,
    update=_update_document,
    delete=_delete_document,
    retag=tagging.by(_SSM, *_TAG, subject="id", ResourceType="Document"),
)

KINDS: Final = (PARAMETER, DOCUMENT)
