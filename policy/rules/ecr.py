"""Rules on repositories of images."""

from typing import Final

from rules.policies import lifecycle, public
from rules.rule import Level, Rule, Severity
from rules.subject import on, per_document, requires, rule

REPOSITORY: Final = "aws:ecr/repository:Repository"
REPOSITORY_POLICY: Final = "aws:ecr/repositoryPolicy:RepositoryPolicy"
LIFECYCLE_POLICY: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_ECR: Final = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"

SCANNED: Final = rule(
    requires("imageScanningConfiguration.scanOnPush", on, "does not scan images"),
    REPOSITORY,
    name="ecr-scan",
    title="Images are scanned when they are pushed",
    severity=Severity.MEDIUM,
    why="Known holes in the base image go unnoticed",
    fix="set scan_on_push to true",
    url=f"{_ECR}image-scanning.html",
    controls=("FSBP ECR.1",),
)
IMMUTABLE: Final = rule(
    requires(
        "imageTagMutability",
        lambda value: str(value).startswith("IMMUTABLE"),
        "lets a tag be moved to another image",
    ),
    REPOSITORY,
    name="ecr-immutable",
    title="Tags of images are immutable",
    severity=Severity.MEDIUM,
    why="What was tested under a name may not be what runs under it",
    fix="set image_tag_mutability to IMMUTABLE",
    url=f"{_ECR}image-tag-mutability.html",
    controls=("FSBP ECR.2",),
)
LIFECYCLE: Final = rule(
    lifecycle("repository", LIFECYCLE_POLICY),
    REPOSITORY,
    name="ecr-lifecycle",
    title="Repositories have a lifecycle",
    severity=Severity.LOW,
    why="Images that nobody deletes are paid for, and fill the repository",
    fix="add a LifecyclePolicy",
    url=f"{_ECR}LifecyclePolicies.html",
    controls=("FSBP ECR.3",),
    level=Level.ADVISORY,
)
REPOSITORY_CLOSED: Final = rule(
    per_document("policy", test=public),
    REPOSITORY_POLICY,
    name="ecr-not-public",
    title="Repository policies name whom they let in",
    severity=Severity.CRITICAL,
    why="Everybody may pull the image, or push another",
    fix="name the accounts",
    url=f"{_ECR}repository-policies.html",
)

RULES: Final[tuple[Rule, ...]] = (SCANNED, IMMUTABLE, LIFECYCLE, REPOSITORY_CLOSED)
