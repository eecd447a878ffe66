"""The repository of release images, and the one image that the service runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
from pulumi import Input, Output

from components.component import Component
from components.image.tag import build_tag
from perpetual import contract
from settings import models
from settings.models import Architecture, ImageSource

PLATFORMS: Final = {Architecture.ARM64: "linux/arm64", Architecture.X86_64: "linux/amd64"}
"""Docker's names of the architectures."""

UNTAGGED_DAYS: Final = 14
"""Days after which an image without a tag is removed; builds and deploys tag every image."""

UNRELEASED: Final = "unreleased"
"""Tag in a new stack's release parameter. It is never pushed: no task starts before a release."""


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """What repository and image depend on; `protect` keeps the images from deletion."""

    stack: contract.Stack
    settings: models.Image
    architecture: Architecture
    protect: bool
    key_arn: Input[str]


class Image(Component):
    """An ECR repository with immutable tags, and the SSM parameter that says what runs.

    `build` makes the image here and releases it. `deployed` leaves the parameter to
    `perpetual deploy` and runs its current value, so that an update never reverts a release; it
    relies on `refresh: always`. The parameter is the same resource in both modes: from `build` to
    `deployed` the last build goes on running; back again, the next build is the release.

    A build's cache is Docker's own, on the machine that builds: a cache in the repository would
    need a tag that moves, and none does.

    The program holds no registry credentials, for they would enter the state. Docker's own are
    used: its ECR credential helper, or `aws ecr get-login-password | docker login` beforehand.
    """

    token = "perpetual:image:Image"

    reference: Output[str]
    """What the task definition runs, by digest once there is a release."""
    repository_url: str
    fields: dict[str, Input[Any]]

    def __init__(
        self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the repository, build where asked to, and make the release parameter."""
        super().__init__(name, opts)
        self._name, self._args = name, args
        self.repository_url = args.stack.repository_url
        repository = self._create_repository()
        self._create_lifecycle(repository)
        if args.settings.source is ImageSource.BUILD:
            self.reference = self._create_image(repository)
            self._create_release(self.reference, ignore_changes=[])
        else:
            unreleased = f"{self.repository_url}:{UNRELEASED}"
            self.reference = self._create_release(unreleased, ignore_changes=["insecureValue"])
        self.fields = {
            "repository": self.repository_url,
            "release": args.stack.release_parameter,
            "source": args.settings.source.value,
        }
        self.register_outputs({"reference": self.reference})

    def _create_repository(self) -> aws.ecr.Repository:
        protect = self._args.protect
        return aws.ecr.Repository(
            f"{self._name}-repository",
            name=self._args.stack.repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(
                scan_on_push=True
            ),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(
                    encryption_type="KMS", kms_key=self._args.key_arn
                )
            ],
            force_delete=not protect,
            opts=self._child(protect=protect),
        )

    def _create_lifecycle(self, repository: aws.ecr.Repository) -> None:
        aws.ecr.LifecyclePolicy(
            f"{self._name}-lifecycle",
            repository=repository.name,
            policy=lifecycle(self._args.settings.keep),
            opts=self._child(),
        )

    def _create_image(self, repository: aws.ecr.Repository) -> Output[str]:
        config = self._args.settings
        dockerfile = Path(config.context) / config.dockerfile
        platform = PLATFORMS[self._args.architecture]
        # A tag can be pushed once. It follows from the inputs, so another build has another tag.
        tag = build_tag(
            Path(config.context),
            dockerfile,
            platform=platform,
            target=config.target,
            arguments=config.arguments,
        )
        tagged = f"{self.repository_url}:{tag}"
        image = docker.Image(
            f"{self._name}-build",
            build=docker.DockerBuildArgs(
                context=config.context,
                dockerfile=str(dockerfile),
                platform=platform,
                target=config.target,
                args=dict(config.arguments),
                builder_version=docker.BuilderVersion.BUILDER_BUILD_KIT,
            ),
            image_name=tagged,
            # A preview needs no Docker, and can not wait for a build.
            build_on_preview=False,
            skip_push=False,
            opts=self._child(depends_on=[repository]),
        )
        return image.repo_digest.apply(lambda found: by_digest(tagged, found))

    def _create_release(self, value: Input[str], ignore_changes: list[str]) -> Output[str]:
        parameter = aws.ssm.Parameter(
            f"{self._name}-release",
            name=self._args.stack.release_parameter,
            type="String",
            description="Image that the service runs; written by `perpetual deploy`",
            # Not `value`, which is always secret: a secret would hide the whole task definition.
            insecure_value=value,
            opts=self._child(ignore_changes=ignore_changes),
        )
        return parameter.insecure_value


def by_digest(tagged: str, found: str | None) -> str:
    """Return the pushed image by its digest, or as it was tagged if Docker reports none.

    Docker reports one repository of all that hold this content, such as another stack's: only the
    digest of what it `found` is taken.
    """
    repository, _, _ = tagged.rpartition(":")
    _, at, digest = (found or "").rpartition("@")
    return f"{repository}@{digest}" if at else tagged


def lifecycle(keep: int) -> str:
    """Return the repository's lifecycle policy, which keeps the `keep` newest images.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    untagged = {
        "rulePriority": 1,
        "description": "Images without a tag",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": UNTAGGED_DAYS,
        },
        "action": {"type": "expire"},
    }
    oldest = {
        "rulePriority": 2,
        "description": "All but the newest images",
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": keep,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [untagged, oldest]})
