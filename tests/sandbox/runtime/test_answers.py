"""What the sandbox answers itself, each part with what it stands on replaced."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from components.access import pull
from perpetual import contract
from perpetual.sandbox.runtime.answers.commands import PULL, Commands
from perpetual.sandbox.runtime.answers.ecr import Ecr
from perpetual.sandbox.runtime.answers.patterns import Pattern
from perpetual.sandbox.runtime.docker_api import Failed
from perpetual.sandbox.runtime.registry import Manifest
from perpetual.sandbox.runtime.wire import Call, Refused

STACK = contract.Stack(name="dev", account="444455556666", region="eu-west-1")
DIGEST = f"sha256:{'0' * 64}"


def call(service: str, operation: str, **parameters: Any) -> Call:
    """Return a call."""
    return Call(
        service=service, operation=operation, parameters=parameters, region="eu-west-1", key="k"
    )


def ask(whom: Any, service: str, operation: str, **parameters: Any) -> Any:
    """Return what a part answers to a call."""
    found = whom.handlers[service, operation](call(service, operation, **parameters))
    assert found is not None
    return found


# --- commands on hosts


class AtOnce(Executor):
    """Does everything at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Hosts:
    """Two hosts, told apart by a tag."""

    def online(self) -> Mapping[str, Mapping[str, str]]:
        """Return them."""
        return {"i-1": {"role": "host"}, "i-2": {"role": "other"}}


class Ssm:
    """SSM with documents."""

    documents: Mapping[str, str]

    def __init__(self, documents: Mapping[str, str]) -> None:
        """Have these."""
        self.documents = documents

    def __call__(self, _service: str) -> Any:
        """Be the client."""
        return self

    def get_document(self, *, Name: str) -> Any:  # noqa: N803 - AWS's name
        """Return one, or that there is none."""
        if Name not in self.documents:
            raise ClientError({"Error": {"Code": "InvalidDocument"}}, "GetDocument")
        return {"Content": self.documents[Name]}


class Pulled(list[tuple[str, str]]):
    """What was pulled onto which host; host `i-2` cannot."""

    def __call__(self, host: str, image: str) -> None:
        """Pull."""
        if host == "i-2":
            raise Failed("CannotPullContainerError: no route")
        self.append((host, image))


@pytest.fixture
def pulled() -> Pulled:
    """Return what was pulled."""
    return Pulled()


@pytest.fixture
def commands(pulled: Pulled) -> Commands:
    """Return Run Command with the stack's document, and one that does something else."""
    other = {"mainSteps": [{"inputs": {"runCommand": ["reboot"]}}]}
    ssm = Ssm({"perpetual-dev-pull": pull.document(STACK), "reboot": json.dumps(other)})
    return Commands(clients=ssm, hosts=Hosts(), pull=pulled, pool=AtOnce())


def send(commands: Commands, **changes: Any) -> str:
    """Send the stack's command to both hosts, and return its id."""
    request = {
        "DocumentName": "perpetual-dev-pull",
        "InstanceIds": ["i-1", "i-2"],
        "Parameters": {"digest": [DIGEST]},
        **changes,
    }
    said = ask(commands, "ssm", "SendCommand", **request)
    return str(said["Command"]["CommandId"])


def test_the_document_that_a_stack_has_is_the_one_that_is_known() -> None:
    """Its last command is what the sandbox looks for: if one changes, so does the other."""
    found = [match for line in pull.script(STACK) if (match := PULL.search(line))]
    assert [match["repository"] for match in found] == [STACK.repository_url]


def test_a_command_pulls_on_each_host_and_tells_how_it_went(
    commands: Commands, pulled: Pulled
) -> None:
    """One succeeds and one fails, each with its own status and words."""
    command = send(commands)
    found = ask(commands, "ssm", "ListCommandInvocations", CommandId=command)
    statuses = {one["InstanceId"]: one["Status"] for one in found["CommandInvocations"]}
    assert statuses == {"i-1": "Success", "i-2": "Failed"}
    assert pulled == [("i-1", f"{STACK.repository_url}@{DIGEST}")]
    one = ask(commands, "ssm", "GetCommandInvocation", CommandId=command, InstanceId="i-2")
    assert one["ResponseCode"] == 1
    assert "no route" in one["StandardErrorContent"]


def test_hosts_are_chosen_by_tag_too(commands: Commands, pulled: Pulled) -> None:
    """As SSM's targets have it."""
    send(commands, InstanceIds=[], Targets=[{"Key": "tag:role", "Values": ["host"]}])
    assert [host for host, _ in pulled] == ["i-1"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DocumentName": "no-such"}, "InvalidDocument"),
        ({"InstanceIds": ["i-9"]}, "InvalidInstanceId"),
        ({"Parameters": {"digest": ["latest; reboot"]}}, "InvalidParameters"),
        ({"Parameters": {}}, "InvalidParameters"),
        ({"Parameters": {"digest": [DIGEST], "more": ["x"]}}, "InvalidParameters"),
    ],
)
def test_what_ssm_refuses(commands: Commands, changes: Any, code: str) -> None:
    """Unknown documents and hosts, and values that the document does not take."""
    with pytest.raises(Refused) as raised:
        send(commands, **changes)
    assert raised.value.code == code


def test_no_other_document_does_anything(commands: Commands, pulled: Pulled) -> None:
    """The hosts have no shell; the command fails and says so."""
    command = send(commands, DocumentName="reboot", InstanceIds=["i-1"], Parameters={})
    one = ask(commands, "ssm", "GetCommandInvocation", CommandId=command, InstanceId="i-1")
    assert (one["Status"], pulled) == ("Failed", [])


# --- images


class Registry:
    """A registry with one image of two tags."""

    address = "127.0.0.1:5000"
    text = json.dumps({"config": {"size": 10}, "layers": [{"size": 200}, {"size": 3000}]})

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """Return the image."""
        if repository != "perpetual/dev" or reference not in (DIGEST, "a", "b"):
            return None
        return Manifest(digest=DIGEST, media_type="application/x", text=self.text)

    def tags(self, _repository: str) -> list[str]:
        """Return its tags."""
        return ["a", "b"]


class Repositories:
    """ECR with one repository."""

    def __call__(self, _service: str) -> Any:
        """Be the client."""
        return self

    def describe_repositories(self, *, repositoryNames: list[str]) -> None:  # noqa: N803 - AWS's name
        """Know one."""
        if repositoryNames != ["perpetual/dev"]:
            error = {"Code": "RepositoryNotFoundException", "Message": "no such repository"}
            raise ClientError({"Error": error}, "DescribeRepositories")


@pytest.fixture
def ecr() -> Ecr:
    """Return ECR's answers."""
    registry: Any = Registry()
    return Ecr(registry, Repositories(), "444455556666")


def test_an_image_is_described_from_its_manifest(ecr: Ecr) -> None:
    """Digest, tags and size are the registry's."""
    for wanted in ({"imageIds": [{"imageTag": "a"}]}, {}):
        said = ask(ecr, "ecr", "DescribeImages", repositoryName="perpetual/dev", **wanted)
        (found,) = said["imageDetails"]
        assert (found["imageDigest"], found["imageTags"]) == (DIGEST, ["a", "b"])
        assert found["imageSizeInBytes"] == 3210


@pytest.mark.parametrize(
    ("repository", "tag", "code"),
    [
        ("perpetual/dev", "c", "ImageNotFoundException"),
        ("perpetual/other", "a", "RepositoryNotFoundException"),
    ],
)
def test_what_ecr_does_not_have(ecr: Ecr, repository: str, tag: str, code: str) -> None:
    """The error is AWS's."""
    with pytest.raises(Refused) as raised:
        ask(ecr, "ecr", "DescribeImages", repositoryName=repository, imageIds=[{"imageTag": tag}])
    assert raised.value.code == code


def test_images_are_fetched_each_by_itself(ecr: Ecr) -> None:
    """One that is missing is a failure beside the others."""
    wanted = [{"imageTag": "a"}, {"imageTag": "c"}]
    found = ask(ecr, "ecr", "BatchGetImage", repositoryName="perpetual/dev", imageIds=wanted)
    assert [one["imageId"]["imageDigest"] for one in found["images"]] == [DIGEST]
    assert [one["failureCode"] for one in found["failures"]] == ["ImageNotFound"]


def test_the_token_is_for_the_registry_on_this_machine(ecr: Ecr) -> None:
    """Whoever pushes goes where it says."""
    (data,) = ask(ecr, "ecr", "GetAuthorizationToken")["authorizationData"]
    assert data["proxyEndpoint"] == "http://127.0.0.1:5000"


# --- filter patterns


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("error", "an error here", True),
        ("error", "an Error here", False),
        ("error timeout", "timeout after error", True),
        ("error timeout", "error", False),
        ('"an error"', "an error here", True),
        ('"an error"', "error an", False),
        ("?error ?warn", "a warning", True),
        ("?error ?warn", "info", False),
        ("error -timeout", "error: timeout", False),
        ("error -timeout", "error: refused", True),
        ('{ $.level = "error" }', '{"level": "error"}', True),
        ('{ $.level = "error" }', '{"level": "info"}', False),
        ('{ $.level = "err*" }', '{"level": "error"}', True),
        ('{ $.level != "error" }', '{"level": "info"}', True),
        ('{ $.level = "error" }', "level error", False),
        ("{ $.status >= 500 }", '{"status": 503}', True),
        ("{ $.status >= 500 }", '{"status": 200}', False),
        ("{ $.status >= 500 }", '{"status": "high"}', False),
        ("{ $.a.b[1] = 7 }", '{"a": {"b": [1, 7]}}', True),
        ('{ $.level = "error" && $.status = 500 }', '{"level": "error", "status": 500}', True),
        ('{ $.level = "error" && $.status = 500 }', '{"level": "error", "status": 1}', False),
        ('{ $.level = "error" || $.status = 500 }', '{"status": 500}', True),
        ("{ $.absent = 1 }", "{}", False),
    ],
)
def test_patterns_match_as_cloudwatchs_do(pattern: str, message: str, matches: object) -> None:
    """Terms, phrases, alternatives, exclusions, and conditions on JSON."""
    assert Pattern.of(pattern).matches(message) is matches


@pytest.mark.parametrize("pattern", ["[a, b]", "%regex%", "{ $.a ~ 1 }", "{ $.a = 1"])
def test_other_patterns_are_refused(pattern: str) -> None:
    """Rather than ignored: then everything would seem to match."""
    with pytest.raises(Refused, match=re.escape(pattern)):
        Pattern.of(pattern)
