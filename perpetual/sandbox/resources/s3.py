"""S3: buckets and what is set on them.

https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names

_S3: Final = "s3"
_FIRST: Final = "us-east-1"
"""The region whose buckets are made without naming it.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
"""


def _create_bucket(aws: Cloud, inputs: Values) -> str:
    place = {} if aws.region == _FIRST else {"LocationConstraint": aws.region}
    more = {"CreateBucketConfiguration": place} if place else {}
    aws.call(_S3, "create_bucket", Bucket=inputs["bucket"], **more)
    return str(inputs["bucket"])


def _settle_bucket(aws: Cloud, identifier: str, inputs: Values) -> None:
    tags = [{"Key": key, "Value": value} for key, value in (inputs.get("tagsAll") or {}).items()]
    aws.call(_S3, "put_bucket_tagging", Bucket=identifier, Tagging={"TagSet": tags})


def _read_bucket(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    if aws.ask(_S3, "get_bucket_location", Bucket=identifier) is None:
        return None
    tags = aws.ask(_S3, "get_bucket_tagging", Bucket=identifier) or {}
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    return {
        "bucket": identifier,
        "arn": f"arn:{aws.partition}:s3:::{identifier}",
        "bucketDomainName": f"{identifier}.s3.{suffix}",
        "bucketRegion": aws.region,
        "bucketRegionalDomainName": f"{identifier}.s3.{aws.region}.{suffix}",
        "tagsAll": tagging.read(tags.get("TagSet")),
    }


def _delete_bucket(aws: Cloud, identifier: str, state: Values) -> None:
    if state.get("forceDestroy"):
        pages = aws.client(_S3).get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=identifier):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            if objects:
                gone = {"Objects": objects}
                aws.call(_S3, "delete_objects", Bucket=identifier, Delete=gone)
    aws.call(_S3, "delete_bucket", Bucket=identifier)


def _retagged(
    _aws: Cloud, _identifier: str, _state: Values, _changed: tagging.Tags, _gone: list[str]
) -> None:
    """Leave it to `settle`: S3 knows the set of tags as a whole only."""


BUCKET: Final = Kind(
    "aws:s3/bucket:Bucket",
    inputs=names("bucket"),
    own=names("forceDestroy"),
    outputs=names("arn bucketDomainName bucketRegion bucketRegionalDomainName"),
    create=_create_bucket,
    settle=_settle_bucket,
    read=_read_bucket,
    delete=_delete_bucket,
    retag=_retagged,
    name="bucket",
)


# --- one configuration of a bucket each

Said = Callable[[Cloud, Values], dict[str, Any]]


def _part(  # noqa: PLR0913 - what such a type consists of
    token: str, subject: str, inputs: str, put: Said, told: Said, *, own: str = ""
) -> Kind:
    """Return a type that sets one thing on a bucket, and has the bucket's name as its id.

    `put` returns what the call takes beside the bucket, `told` the arguments behind its answer.
    """

    def create(aws: Cloud, inputs: Values) -> str:
        aws.call(_S3, f"put_{subject}", Bucket=inputs["bucket"], **put(aws, inputs))
        return str(inputs["bucket"])

    def update(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
        create(aws, inputs)

    def read(aws: Cloud, identifier: str, _state: Values) -> Values | None:
        found = aws.ask(_S3, f"get_{subject}", Bucket=identifier)
        return found and {"bucket": identifier, **told(aws, found)}

    def delete(aws: Cloud, identifier: str, _state: Values) -> None:
        method = f"delete_{subject}".removesuffix("_configuration")
        aws.call(_S3, method, Bucket=identifier)

    return Kind(
        token,
        inputs=names(f"bucket {inputs}"),
        own=names(own),
        create=create,
        read=read,
        update=update,
        delete=delete,
    )


def _block(shape: str, argument: str, wanted: str, rename: Mapping[str, str]) -> tuple[Said, Said]:
    """Return how one structure is put, as `argument`, and told: its members are the arguments."""

    def put(aws: Cloud, inputs: Values) -> dict[str, Any]:
        model = aws.shape(_S3, shape)
        given = {key: inputs.get(key) for key in wanted.split()}
        return {argument: spelling.request(model, given, rename)}

    def told(aws: Cloud, found: Values) -> dict[str, Any]:
        return aws.told(_S3, shape, found.get(argument, found), rename)

    return put, told


def _put_policy(_aws: Cloud, inputs: Values) -> dict[str, Any]:
    return {"Policy": inputs["policy"]}


def _told_policy(_aws: Cloud, found: Values) -> dict[str, Any]:
    return {"policy": found["Policy"]}


_put_ownership, _told_rules = _block(
    "OwnershipControls", "OwnershipControls", "rule", {"rule": "Rules"}
)


def _told_ownership(aws: Cloud, found: Values) -> dict[str, Any]:
    """Return the only rule that there is: Pulumi makes no list of it."""
    return {"rule": _told_rules(aws, found)["rule"][0]}


_RULES: Final = "rules"

LIFECYCLE: Final = _part(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "bucket_lifecycle_configuration",
    _RULES,
    # Its answer is the structure itself, without a name around it.
    *_block("BucketLifecycleConfiguration", "LifecycleConfiguration", _RULES, {}),
)
OWNERSHIP: Final = _part(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "bucket_ownership_controls",
    "rule",
    _put_ownership,
    _told_ownership,
)
POLICY: Final = _part(
    "aws:s3/bucketPolicy:BucketPolicy", "bucket_policy", "policy", _put_policy, _told_policy
)
_PRIVATE: Final = "blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets"
PUBLIC_ACCESS: Final = _part(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "public_access_block",
    _PRIVATE,
    *_block("PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration", _PRIVATE, {}),
    own="skipDestroy",
)
ENCRYPTION: Final = _part(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "bucket_encryption",
    _RULES,
    *_block(
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfiguration",
        _RULES,
        {"kmsMasterKeyId": "KMSMasterKeyID"},
    ),
)

KINDS: Final = (BUCKET, LIFECYCLE, OWNERSHIP, POLICY, PUBLIC_ACCESS, ENCRYPTION)
