"""Worse balancers, images and what surrounds them."""

import json
from typing import Any, Final

from tests.mutants.bad.network import BALANCER
from tests.mutants.bad.tls import TARGETS
from tests.mutants.operators import (
    Made,
    false,
    is_set,
    operator,
    operators,
    true,
    under,
    weaken,
)
from tests.mutants.stack import DROP, Ref, Stack

REPOSITORY: Final = "aws:ecr/repository:Repository"
LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
RECORD: Final = "aws:route53/record:Record"
CERTIFICATE: Final = "aws:acm/certificate:Certificate"
VALIDATION: Final = "aws:acm/certificateValidation:CertificateValidation"

BALANCERS = (
    *weaken(
        "balancer",
        BALANCER,
        (
            "dropInvalidHeaderFields",
            (False, DROP),
            "headers that the release reads otherwise",
            true,
        ),
        ("desyncMitigationMode", ("monitor",), "requests are smuggled past the balancer", is_set),
        ("accessLogs", (DROP,), "nobody can tell who asked what", is_set),
        ("accessLogs.enabled", (False, DROP), "nobody can tell who asked what", true),
        (
            "xffHeaderProcessingMode",
            ("preserve",),
            "clients say themselves where they come from",
            is_set,
        ),
        ("internal", (True,), "the name leads to addresses that nobody reaches", false),
        ("idleTimeout", (0, 4001), "AWS takes 1 to 4000 s", is_set),
    ),
    *weaken(
        "protection",
        BALANCER,
        ("enableDeletionProtection", (False, DROP), "one wrong key, and its name is gone", true),
    ),
    *weaken(
        "balancer",
        TARGETS,
        ("healthCheck.timeout", (5, 60), "AWS refuses a timeout not below the interval", is_set),
        ("healthCheck.interval", (4, 1), "AWS refuses an interval not above the timeout", is_set),
        (
            "healthCheck.matcher",
            ("200-499", "200-599"),
            "a broken release counts as healthy",
            is_set,
        ),
        ("healthCheck.enabled", (False,), "AWS refuses it, or broken tasks stay", true),
        ("healthCheck.unhealthyThreshold", (1, 11), "AWS takes 2 to 10", is_set),
        ("healthCheck", (DROP,), "the check asks for /, every 30 s", is_set),
        ("targetType", ("instance",), "tasks with their own interface are targets by IP", is_set),
        ("deregistrationDelay", (3600, 0), "deploys take an hour, or cut requests off", under(301)),
    ),
    *weaken(
        "image",
        REPOSITORY,
        ("imageScanningConfiguration.scanOnPush", (False,), "known holes go unnoticed", true),
        ("imageScanningConfiguration", (DROP,), "known holes go unnoticed", is_set),
        ("imageTagMutability", ("MUTABLE", DROP), "what was tested may not be what runs", is_set),
    ),
    *weaken(
        "KMS",
        REPOSITORY,
        (
            "encryptionConfigurations",
            (DROP,),
            "images are not encrypted by the stack's key",
            is_set,
        ),
        ("encryptionConfigurations.0.kmsKey", (DROP,), "the same, by AWS's own key", is_set),
    ),
    *weaken(
        "protection",
        REPOSITORY,
        ("forceDelete", (True,), "a deletion takes every release along", false),
    ),
    *weaken(
        "TLS",
        CERTIFICATE,
        ("validationMethod", ("EMAIL", "NONE"), "renewal waits for somebody to read mail", is_set),
    ),
)


@operator("image", "images that nobody deletes fill the repository")
def keep_images_for_ever(stack: Stack) -> Made:
    """Take each lifecycle policy away."""
    for item in stack.of(LIFECYCLE):
        yield item.name, stack.without(item)


@operator("image", "everybody may pull the image, or push another")
def publish_images(stack: Stack) -> Made:
    """Give each repository a policy for everybody, in several spellings."""
    spelled: dict[str, Any] = {"star": "*", "aws": {"AWS": "*"}, "list": {"AWS": ["*"]}}
    for item in stack.of(REPOSITORY):
        for name, principal in spelled.items():
            statement = {
                "Effect": "Allow",
                "Principal": principal,
                "Action": ["ecr:BatchGetImage", "ecr:PutImage"],
            }
            document = {"Version": "2012-10-17", "Statement": [statement]}
            for form in ("text", "object"):
                yield (
                    f"{item.name} {name} {form}",
                    stack.plus(
                        "aws:ecr/repositoryPolicy:RepositoryPolicy",
                        "public",
                        repository=Ref(item.urn, "name"),
                        policy=json.dumps(document) if form == "text" else document,
                    ),
                )


@operator("availability", "a certificate that nobody validates is never issued")
def forget_validation(stack: Stack) -> Made:
    """Take the validation's record away."""
    for item in stack.of(VALIDATION):
        for record in stack.targets(item, "validationRecordFqdns", RECORD):
            yield record.name, stack.cut(item, "validationRecordFqdns").without(record)


OPERATORS: Final = operators(globals())
