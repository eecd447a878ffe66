"""The balancer with its certificate, record, target group and log bucket."""

import json
from collections import Counter
from typing import Any, Final

import pulumi
import pytest

from components.ecs.balancer import Balancer, BalancerArgs
from perpetual import contract
from perpetual.offline.capture import UNKNOWN, Capture, capture
from settings import models

STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
LONG = contract.Stack(name="s" * 30, account="111122223333", region="ap-southeast-2")
ZONE = "Z0123456789ABC"
CERTIFICATE = (
    "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
)

LOAD_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
TARGETS: Final = "aws:lb/targetGroup:TargetGroup"
BUCKET: Final = "aws:s3/bucket:Bucket"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
RECORD: Final = "aws:route53/record:Record"

ALWAYS: Final = {
    "perpetual:ecs:Balancer": 1,
    "perpetual:ecs:AccessLogs": 1,
    BUCKET: 1,
    POLICY: 1,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 1,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 1,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
    LOAD_BALANCER: 1,
    TARGETS: 1,
    "aws:lb/listener:Listener": 2,
}
ISSUED: Final = {
    "perpetual:ecs:Certificate": 1,
    "aws:acm/certificate:Certificate": 1,
    "aws:acm/certificateValidation:CertificateValidation": 1,
}


def arguments(**changed: Any) -> BalancerArgs:
    """Return the arguments of a production balancer, with these changed."""
    given: dict[str, Any] = {
        "stack": STACK,
        "settings": models.Balancer(domain="app.example.com", zone_id=ZONE),
        "port": 5000,
        "protect": True,
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a", "subnet-b"],
        "security_group_id": "sg-balancer",
    }
    return BalancerArgs(**given | changed)


def create(**changed: Any) -> Capture:
    """Capture a balancer, and export what the component gives to others."""
    args = arguments(**changed)

    def program() -> None:
        balancer = Balancer("balancer", args)
        pulumi.export("url", balancer.url)
        pulumi.export("dnsName", balancer.dns_name)
        pulumi.export("arnSuffix", balancer.arn_suffix)
        pulumi.export("targetGroupArn", balancer.target_group_arn)
        pulumi.export("targetGroupSuffix", balancer.target_group_suffix)
        pulumi.export("listener", balancer.listener.urn)
        pulumi.export("fields", balancer.fields)

    return capture(program, project="perpetual", stack=args.stack.name, config={}, invokes={})


@pytest.fixture(scope="module")
def balancer() -> Capture:
    """Return the balancer of a production stack."""
    return create()


def only(found: Capture, token: str) -> dict[str, Any]:
    """Return the inputs of the one resource of this type."""
    (resource,) = found.of_type(token)
    return resource.inputs


@pytest.mark.parametrize(
    ("zone", "certificate", "more"),
    [
        (ZONE, None, ISSUED | {RECORD: 2}),
        (ZONE, CERTIFICATE, {RECORD: 1}),
        (None, CERTIFICATE, {}),
    ],
)
def test_the_balancer_is_made_of_these_resources_and_no_others(
    zone: str | None, certificate: str | None, more: dict[str, int]
) -> None:
    """A zone brings the record, and without a certificate of one's own, one is issued in it."""
    settings = models.Balancer(domain="app.example.com", zone_id=zone, certificate_arn=certificate)
    found = create(settings=settings)
    assert Counter(resource.type for resource in found.registrations) == ALWAYS | more
    https = found.named("balancer-https").inputs
    assert https["certificateArn"] == (certificate or UNKNOWN)


def test_without_zone_and_certificate_there_is_no_https() -> None:
    """The sentence names the settings that help."""
    with pytest.raises(ValueError, match=r"app\.example\.com.*zoneId.*certificateArn"):
        arguments(settings=models.Balancer(domain="app.example.com"))


def test_every_component_registers_its_outputs(balancer: Capture) -> None:
    """Balancer, logs and certificate; every other resource has one of them as parent."""
    components = [found for found in balancer.registrations if found.type.startswith("perpetual:")]
    assert {found.urn for found in components} <= set(balancer.registered_outputs)
    assert {found.parent for found in balancer.registrations[1:]} == {
        found.urn for found in components
    }


def test_others_get_these(balancer: Capture) -> None:
    """What AWS invents is unknown at preview; the rest is not."""
    assert balancer.outputs == {
        "url": "https://app.example.com",
        "dnsName": UNKNOWN,
        "arnSuffix": UNKNOWN,
        "targetGroupArn": UNKNOWN,
        "targetGroupSuffix": UNKNOWN,
        "listener": balancer.named("balancer-https").urn,
        "fields": {
            "url": "https://app.example.com",
            "dnsName": UNKNOWN,
            "balancer": UNKNOWN,
            "targetGroup": UNKNOWN,
            "weight": 100,
        },
    }


def test_the_load_balancer_is_this(balancer: Capture) -> None:
    """Every input."""
    assert only(balancer, LOAD_BALANCER) == {
        "name": "perpetual-prod",
        "loadBalancerType": "application",
        "internal": False,
        "ipAddressType": "ipv4",
        "subnets": ["subnet-a", "subnet-b"],
        "securityGroups": ["sg-balancer"],
        "accessLogs": {"bucket": "perpetual-prod-111122223333-logs", "enabled": True},
        "enableDeletionProtection": True,
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "defensive",
        "enableHttp2": True,
        "xffHeaderProcessingMode": "append",
        "preserveHostHeader": False,
        "idleTimeout": 60,
    }


def test_logs_are_switched_on_only_once_delivery_is_allowed(balancer: Capture) -> None:
    """ELB writes a test file at once, and refuses the bucket if it may not."""
    (found,) = balancer.of_type(LOAD_BALANCER)
    (policy,) = balancer.of_type(POLICY)
    assert policy.urn in found.property_dependencies["accessLogs"]


def test_the_target_group_is_this(balancer: Capture) -> None:
    """Every input: only 200 is healthy, and requests go where fewest are waiting."""
    assert only(balancer, TARGETS) == {
        "name": "perpetual-prod-web-5000",
        "targetType": "ip",
        "protocol": "HTTP",
        "protocolVersion": "HTTP1",
        "port": 5000,
        "vpcId": "vpc-1",
        "deregistrationDelay": 30,
        "loadBalancingAlgorithmType": "least_outstanding_requests",
        "stickiness": {"type": "lb_cookie", "enabled": False},
        "healthCheck": {
            "enabled": True,
            "protocol": "HTTP",
            "port": "traffic-port",
            "path": "/health",
            "matcher": "200",
            "interval": 5,
            "timeout": 4,
            "healthyThreshold": 2,
            "unhealthyThreshold": 2,
        },
    }


def test_a_new_port_is_a_new_target_group_with_a_new_name() -> None:
    """Else its creation would collide with the one it replaces, even where names are cut."""
    names = {
        only(create(stack=stack, port=port), TARGETS)["name"]
        for stack in (STACK, LONG)
        for port in (4000, 5000)
    }
    assert len(names) == 4


def test_http_redirects_for_good(balancer: Capture) -> None:
    """Port 80 passes nothing on."""
    assert balancer.named("balancer-http").inputs == {
        "loadBalancerArn": UNKNOWN,
        "port": 80,
        "protocol": "HTTP",
        "routingHttpResponseServerEnabled": False,
        "defaultActions": [
            {
                "type": "redirect",
                "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
            }
        ],
    }


def test_https_forwards_with_a_current_policy_and_hsts(balancer: Capture) -> None:
    """Every input."""
    assert balancer.named("balancer-https").inputs == {
        "loadBalancerArn": UNKNOWN,
        "port": 443,
        "protocol": "HTTPS",
        "certificateArn": UNKNOWN,
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "routingHttpResponseServerEnabled": False,
        "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=31536000",
        "defaultActions": [{"type": "forward", "targetGroupArn": UNKNOWN}],
    }


def test_the_domain_is_weighted_between_stacks(balancer: Capture) -> None:
    """The stack's name tells its record from those of others."""
    assert balancer.named("balancer-record").inputs == {
        "zoneId": ZONE,
        "name": "app.example.com",
        "type": "A",
        "setIdentifier": "prod",
        "weightedRoutingPolicies": [{"weight": 100}],
        "aliases": [{"name": UNKNOWN, "zoneId": UNKNOWN, "evaluateTargetHealth": True}],
    }


def test_https_waits_for_the_certificate_to_be_issued(balancer: Capture) -> None:
    """A listener accepts no certificate that still waits for validation."""
    assert only(balancer, "aws:acm/certificate:Certificate") == {
        "domainName": "app.example.com",
        "validationMethod": "DNS",
    }
    (validation,) = balancer.of_type("aws:acm/certificateValidation:CertificateValidation")
    https = balancer.named("balancer-https")
    assert https.property_dependencies["certificateArn"] == [validation.urn]


def test_stacks_that_share_a_domain_share_the_validation_record(balancer: Capture) -> None:
    """Each may write it, none takes it from the others."""
    record = balancer.named("balancer-certificate-validation-record")
    assert record.inputs["allowOverwrite"] is True
    assert record.request.retainOnDelete is True
    (certificate,) = balancer.of_type("aws:acm/certificate:Certificate")
    assert record.property_dependencies["records"] == [certificate.urn]


def test_the_log_bucket_is_closed_to_the_public(balancer: Capture) -> None:
    """Public access blocked, ACLs off, encrypted by S3, emptied by age."""
    block = only(balancer, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert block == {
        "bucket": "perpetual-prod-111122223333-logs",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    ownership = only(balancer, "aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    encryption = only(
        balancer,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    )
    assert encryption["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    lifecycle = only(balancer, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert lifecycle["rules"] == [
        {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": 90},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
        }
    ]


def test_only_this_accounts_balancers_may_write_logs_and_nobody_without_tls(
    balancer: Capture,
) -> None:
    """The document is readable at preview."""
    bucket = "arn:aws:s3:::perpetual-prod-111122223333-logs"
    assert json.loads(only(balancer, POLICY)["policy"])["Statement"] == [
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
            "Resource": f"{bucket}/AWSLogs/111122223333/*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnLike": {
                    "aws:SourceArn": (
                        "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/*"
                    )
                },
            },
        },
    ]


@pytest.mark.parametrize("protect", [True, False])
def test_protection_is_on_in_pulumi_and_in_aws_or_in_neither(protect: bool) -> None:  # noqa: FBT001 - a table's column
    """Unprotected, a stack can be destroyed whole, logs included."""
    found = create(protect=protect)
    (bucket,) = found.of_type(BUCKET)
    assert bucket.request.protect is protect
    assert bucket.inputs["forceDestroy"] is not protect
    assert only(found, LOAD_BALANCER)["enableDeletionProtection"] is protect


def test_names_fit_for_the_longest_stack_name() -> None:
    """And they are names AWS accepts: no hyphen at either end."""
    found = create(stack=LONG)
    for name, limit in (
        (only(found, LOAD_BALANCER)["name"], contract.Limit.LOAD_BALANCER),
        (only(found, TARGETS)["name"], contract.Limit.TARGET_GROUP),
        (only(found, BUCKET)["bucket"], contract.Limit.BUCKET),
    ):
        assert len(name) <= limit
        assert name.strip("-") == name
