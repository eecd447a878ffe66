"""The bucket that the balancer writes its access logs to."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.component import Component
from perpetual import contract


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    """Arguments of `AccessLogs`; logs expire after `retention_days`."""

    stack: contract.Stack
    retention_days: int
    protect: bool


class AccessLogs(Component):
    """A private bucket that only this account's load balancers can write to.

    It is encrypted by S3's own keys, because log delivery supports no others:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    It keeps no versions: every log file has a name of its own and is written once.
    """

    token = "perpetual:ecs:AccessLogs"

    bucket: pulumi.Output[str]
    """Name of the bucket, known once its policy is in place: delivery is tested at once."""

    def __init__(
        self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the bucket and everything that closes it."""
        super().__init__(name, opts)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=bucket_name(args.stack),
            force_destroy=not args.protect,
            opts=self._child(protect=args.protect),
        )
        self._create_rules(name, args, bucket)
        policy = self._create_policy(name, args, bucket)

        self.bucket = policy.bucket
        self.register_outputs({"bucket": self.bucket})

    def _create_rules(self, name: str, args: AccessLogsArgs, bucket: aws.s3.Bucket) -> None:
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._child(),
        )
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(  # noqa: E501 - its name
            sse_algorithm="AES256"
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default
                )
            ],
            opts=self._child(),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[_expiry(args.retention_days)],
            opts=self._child(),
        )

    def _create_policy(
        self, name: str, args: AccessLogsArgs, bucket: aws.s3.Bucket
    ) -> aws.s3.BucketPolicy:
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child(),
        )
        # S3 refuses two configurations of one bucket at the same moment.
        return aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=bucket_policy(args.stack),
            opts=self._child(depends_on=[block]),
        )


def bucket_name(stack: contract.Stack) -> str:
    """Return the bucket's name, which the account's number makes unique in all of S3."""
    return stack.physical(stack.account, "logs", limit=contract.Limit.BUCKET)


def bucket_policy(stack: contract.Stack) -> str:
    """Return the bucket's policy: TLS only, and delivery by this account's load balancers alone.

    One service principal serves every region. Accounts per region, which older guides name for
    regions opened before August 2022, are the legacy form and left out.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    bucket = f"arn:{stack.partition}:s3:::{bucket_name(stack)}"
    statements = [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "Delivery",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/AWSLogs/{stack.account}/*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": stack.arn("elasticloadbalancing", "loadbalancer/*")},
            },
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _expiry(days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="expire",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=1
        ),
    )
