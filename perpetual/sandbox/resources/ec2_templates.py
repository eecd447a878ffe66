"""EC2: what instances are launched from.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
"""

from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.ec2_vpc import arn
from perpetual.sandbox.resources.kind import Kind, Values, names

_EC2: Final = "ec2"


_DATA: Final = (
    "blockDeviceMappings iamInstanceProfile imageId instanceType metadataOptions monitoring "
    "networkInterfaces tagSpecifications userData"
)
_DATA_NAMES: Final = {"securityGroups": "Groups"}


def _create_template(aws: Cloud, inputs: Values) -> str:
    made = aws.call(
        _EC2,
        "create_launch_template",
        inputs,
        "name description",
        {"name": "LaunchTemplateName", "description": "VersionDescription"},
        LaunchTemplateData=_data(aws, inputs),
        TagSpecifications=tagging.specification("launch-template", inputs),
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _data(aws: Cloud, inputs: Values) -> dict[str, Any]:
    shape = aws.shape(_EC2, "RequestLaunchTemplateData")
    return spelling.request(shape, {key: inputs.get(key) for key in _DATA.split()}, _DATA_NAMES)


def _read_template(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = aws.find(
        _EC2, "describe_launch_templates", "LaunchTemplates", LaunchTemplateIds=[identifier]
    )
    latest = found and aws.find(
        _EC2,
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        LaunchTemplateId=identifier,
        Versions=[str(found["LatestVersionNumber"])],
    )
    if not found or not latest:
        return None
    data = aws.told(_EC2, "ResponseLaunchTemplateData", latest["LaunchTemplateData"], _DATA_NAMES)
    # moto puts the template's own tags here too.
    launched = [
        {**item, "tags": tagging.read(item.get("tags"))}
        for item in data.get("tagSpecifications", ())
        if item["resourceType"] != "launch-template"
    ]
    return {
        **data,
        "tagSpecifications": launched,
        "name": found["LaunchTemplateName"],
        "description": latest.get("VersionDescription"),
        "arn": arn(aws, "launch-template", identifier),
        "latestVersion": found["LatestVersionNumber"],
        "defaultVersion": found["DefaultVersionNumber"],
        "tagsAll": tagging.read(found.get("Tags")),
    }


def _update_template(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    """Add a version: a template's versions never change."""
    told = {"description", *_DATA.split()}
    if all(state.get(key) == inputs.get(key) for key in told):
        return
    made = aws.call(
        _EC2,
        "create_launch_template_version",
        inputs,
        "description",
        {"description": "VersionDescription"},
        LaunchTemplateId=identifier,
        LaunchTemplateData=_data(aws, inputs),
    )
    if inputs.get("updateDefaultVersion"):
        version = str(made["LaunchTemplateVersion"]["VersionNumber"])
        aws.call(
            _EC2, "modify_launch_template", LaunchTemplateId=identifier, DefaultVersion=version
        )


def _delete_template(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_EC2, "delete_launch_template", LaunchTemplateId=identifier)


LAUNCH_TEMPLATE: Final = Kind(
    "aws:ec2/launchTemplate:LaunchTemplate",
    inputs=names(f"name description {_DATA}"),
    own=names("updateDefaultVersion"),
    outputs=names("arn latestVersion defaultVersion"),
    moving=names("latestVersion defaultVersion"),
    create=_create_template,
    read=_read_template,
    update=_update_template,
    delete=_delete_template,
    retag=tagging.ec2,
    name="name",
)

KINDS: Final = (LAUNCH_TEMPLATE,)
