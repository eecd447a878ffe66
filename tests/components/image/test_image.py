"""Repository, build and release parameter as each mode registers them."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.image import Image, ImageArgs
from components.image.ignore import rules
from components.image.image import by_digest
from components.image.tag import build_tag, sent
from perpetual import contract
from perpetual.contract import Limit
from perpetual.offline.capture import UNKNOWN, Capture, capture
from settings import models
from settings.models import Architecture, ImageSource

ROOT = Path(__file__).parents[3]
STACK = contract.Stack(name="prod", account="111122223333", region="eu-central-1")
URL = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/perpetual/prod"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1"
DOCKER = "docker:index/image:Image"
BUILT = [
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:ecr/repository:Repository",
    "aws:ssm/parameter:Parameter",
    DOCKER,
    "perpetual:image:Image",
]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Return a build context with a Dockerfile in a folder of it."""
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def deploy(
    stack: contract.Stack = STACK,
    *,
    architecture: Architecture = Architecture.ARM64,
    protect: bool = True,
    known: bool = False,
    **settings: Any,
) -> Capture:
    """Register the image layer of a stack."""

    def program() -> None:
        image = Image(
            "image",
            ImageArgs(
                stack=stack,
                settings=models.Image(**settings),
                architecture=architecture,
                protect=protect,
                key_arn=KEY,
            ),
        )
        pulumi.export("reference", image.reference)
        pulumi.export("fields", image.fields)

    return capture(
        program, project="perpetual", stack=stack.name, config={}, invokes={}, known=known
    )


def built(context: Path, **given: Any) -> Capture:
    """Register a stack that builds its image."""
    return deploy(
        source=ImageSource.BUILD, context=str(context), dockerfile="docker/Dockerfile", **given
    )


def released(**given: Any) -> Capture:
    """Register a stack that runs what was deployed last."""
    return deploy(source=ImageSource.DEPLOYED, **given)


def test_each_mode_makes_these_resources_and_no_more(context: Path) -> None:
    """A deployed stack needs no Docker, not even a provider for it."""
    assert sorted(item.type for item in built(context).registrations) == BUILT
    assert sorted(item.type for item in released().registrations) == [
        token for token in BUILT if token != DOCKER
    ]


@pytest.mark.parametrize("protect", [True, False])
def test_the_repository_keeps_tags_scans_and_encrypts(*, protect: bool) -> None:
    """Images go with an unprotected stack only."""
    repository = released(protect=protect).named("image-repository")
    assert repository.inputs == {
        "name": "perpetual/prod",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
        "forceDelete": not protect,
    }
    assert repository.request.protect is protect


def test_the_repository_keeps_as_many_images_as_the_settings_say() -> None:
    """The rule for all images comes last, as ECR demands."""
    policy = released(keep=7).named("image-lifecycle").inputs
    untagged, oldest = json.loads(policy["policy"])["rules"]
    assert policy["repository"] == "perpetual/prod"
    assert untagged["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    }
    assert oldest["selection"] == {
        "tagStatus": "any",
        "countType": "imageCountMoreThan",
        "countNumber": 7,
    }
    assert untagged["rulePriority"] < oldest["rulePriority"]
    assert untagged["action"] == oldest["action"] == {"type": "expire"}


def test_a_build_is_pushed_under_a_tag_of_its_inputs(context: Path) -> None:
    """All inputs. There is no registry among them: credentials would enter the state."""
    made = built(context, target="release", arguments={"MIX_ENV": "prod"})
    image = made.named("image-build")
    dockerfile = context / "docker" / "Dockerfile"
    tag = build_tag(
        context,
        dockerfile,
        platform="linux/arm64",
        target="release",
        arguments={"MIX_ENV": "prod"},
    )
    assert image.inputs == {
        "imageName": f"{URL}:{tag}",
        "build": {
            "context": str(context),
            "dockerfile": str(dockerfile),
            "platform": "linux/arm64",
            "target": "release",
            "args": {"MIX_ENV": "prod"},
            "builderVersion": "BuilderBuildKit",
        },
        "buildOnPreview": False,
        "skipPush": False,
    }
    assert made.named("image-repository").urn in image.request.dependencies


@pytest.mark.parametrize(
    ("architecture", "platform"),
    [(Architecture.ARM64, "linux/arm64"), (Architecture.X86_64, "linux/amd64")],
)
def test_the_image_is_built_for_the_hosts(
    context: Path, architecture: Architecture, platform: str
) -> None:
    """Whatever the laptop is."""
    image = built(context, architecture=architecture).named("image-build")
    assert image.inputs["build"]["platform"] == platform


def test_a_build_is_the_release(context: Path) -> None:
    """What it pushed is written to the parameter, and read by the task, by digest."""
    made = built(context)
    parameter = made.named("image-release")
    assert parameter.inputs["insecureValue"] == UNKNOWN
    assert parameter.property_dependencies["insecureValue"] == [made.named("image-build").urn]
    assert list(parameter.request.ignoreChanges) == []
    assert made.outputs["reference"] == UNKNOWN


def test_a_deployed_release_is_never_written_over() -> None:
    """The parameter starts unreleased; its value is `perpetual deploy`'s from then on."""
    made = released()
    parameter = made.named("image-release")
    assert parameter.inputs == {
        "name": "/perpetual/prod/release",
        "type": "String",
        "description": "Image that the service runs; written by `perpetual deploy`",
        "insecureValue": f"{URL}:unreleased",
    }
    assert list(parameter.request.ignoreChanges) == ["insecureValue"]
    assert made.outputs["reference"] == f"{URL}:unreleased"


def test_changing_the_mode_changes_neither_parameter_nor_repository(context: Path) -> None:
    """Both stay the same resource under the same name, so the release outlives the change."""

    def lasting(made: Capture) -> set[tuple[str, str]]:
        return {
            (item.urn, item.inputs["name"])
            for item in made.registrations
            if item.name in {"image-release", "image-repository"}
        }

    assert lasting(built(context)) == lasting(released())
    assert len(lasting(released())) == 2


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("registry/perpetual/prod@sha256:ab", "registry/perpetual/prod@sha256:ab"),
        ("registry/perpetual/other@sha256:ab", "registry/perpetual/prod@sha256:ab"),
        ("registry/perpetual/prod:1", "registry/perpetual/prod:1"),
        ("", "registry/perpetual/prod:1"),
        (None, "registry/perpetual/prod:1"),
    ],
)
def test_a_build_is_named_in_its_own_repository(found: str | None, expected: str) -> None:
    """Docker may report another stack's, into which the same content was pushed before."""
    assert by_digest("registry/perpetual/prod:1", found) == expected


@pytest.mark.parametrize("known", [True, False])
def test_no_input_is_secret(context: Path, *, known: bool) -> None:
    """One secret in the reference would hide the whole task definition from reviewers."""
    for made in (built(context, known=known), released(known=known)):
        for item in made.registrations:
            assert "4dabf18193072939515e22adb298388d" not in str(item.request.object)


def test_the_contract_says_where_to_push_and_what_decides(context: Path) -> None:
    """All of it is known before anything exists."""
    assert built(context).outputs["fields"] == {
        "repository": URL,
        "release": "/perpetual/prod/release",
        "source": "build",
    }


def test_the_example_can_be_built_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default settings point to it, from the project's folder; tests/release builds it."""
    monkeypatch.chdir(ROOT)
    made = deploy(source=ImageSource.BUILD)
    assert made.named("image-build").inputs["build"]["context"] == "release/example"
    text = Path("release/example/Dockerfile").read_text()
    assert "USER 65534" in text
    assert "CMD [" in text


def test_what_the_examples_build_leaves_behind_changes_no_tag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what the Dockerfile copies is sent: sources, settings, scripts, authorities."""
    monkeypatch.chdir(ROOT)
    context = Path("release/example")
    found = sent(context, rules((context / ".dockerignore").read_text().splitlines()))
    folders = {path.partition("/")[0] for path in found}
    assert folders <= {"assets", "certs", "config", "lib", "mix.exs", "mix.lock", "priv", "rel"}
    assert {"config/runtime.exs", "lib/shop/release.ex", "rel/env.sh.eex", "mix.exs"} <= set(found)
    assert not {"config/dev.exs", "config/test.exs"} & set(found)


def test_the_repositorys_name_fits_in_the_longest_stack() -> None:
    """30 characters."""
    longest = contract.Stack(name="a" * 30, account=STACK.account, region=STACK.region)
    name = released(stack=longest).named("image-repository").inputs["name"]
    assert len(name) <= Limit.REPOSITORY
