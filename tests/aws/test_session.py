"""Clients and identity: where they lead, and what is asked once."""

import threading
from pathlib import Path

import pytest
from moto import mock_aws

from perpetual.aws.session import Clients, Identity
from perpetual.errors import OperatorError

pytestmark = pytest.mark.usefixtures("few_policies")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away whatever this machine knows of AWS."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_one_client_a_service_whoever_asks() -> None:
    """Threads share them; making one is not safe in threads, so it happens once."""
    clients = Clients(region="eu-west-1")
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(clients.client("ssm"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(item) for item in found}) == 1


def test_calls_are_tried_again_bounded_and_named() -> None:
    """As AWS's own tools do it: standard retries, and a name that CloudTrail shows."""
    config = Clients(region="eu-west-1").client("ecs").meta.config
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 5
    assert config.connect_timeout == 5
    assert config.read_timeout == 30
    assert "perpetual" in config.user_agent_extra


def test_the_endpoint_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the sandbox needs no option of any command."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5555")
    assert Clients(region="eu-west-1").client("ecs").meta.endpoint_url == "http://127.0.0.1:5555"
    given = Clients(region="eu-west-1", endpoint="http://127.0.0.1:6666")
    assert given.client("ecs").meta.endpoint_url == "http://127.0.0.1:6666"


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:5555"])
def test_a_stream_has_a_host_of_its_own_at_aws_only(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """A sandbox has no other name; and silence is a fault sooner than elsewhere."""
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    clients = Clients(region="eu-west-1")
    config = clients.streaming("logs", 12).meta.config
    assert config.inject_host_prefix is not bool(endpoint)
    assert config.read_timeout == 12
    assert config.retries["total_max_attempts"] == 1
    assert clients.client("logs").meta.config.read_timeout == 30


def test_the_region_comes_from_option_environment_or_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The nearest wins."""
    (tmp_path / "config").write_text("[profile here]\nregion = eu-north-1\n")
    assert Clients(profile="here").region_name == "eu-north-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    assert Clients().region_name == "eu-west-3"
    monkeypatch.setenv("AWS_REGION", "eu-south-1")
    assert Clients().region_name == "eu-south-1"
    assert Clients(region="eu-west-1", profile="here").region_name == "eu-west-1"


def test_no_region_and_no_such_profile_are_sentences() -> None:
    """Before anything is asked."""
    with pytest.raises(OperatorError, match=r"no AWS region is set[\s\S]*--region"):
        Clients().client("ecs")
    with pytest.raises(OperatorError, match=r"no such AWS profile[\s\S]*list-profiles"):
        Clients(profile="nobody", region="eu-west-1").client("ecs")


def test_no_credentials_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call tells."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(OperatorError, match="no AWS credentials here"):
        _ = Clients(region="eu-west-1").identity


@mock_aws
def test_who_calls_is_asked_once() -> None:
    """STS answers any credentials that AWS knows."""
    clients = Clients(region="eu-west-1")
    assert clients.identity.account == "123456789012"
    assert clients.identity is clients.identity


@pytest.mark.parametrize(
    ("arn", "partition", "role", "who"),
    [
        (
            "arn:aws:sts::111122223333:assumed-role/perpetual-prod-deployment/ci-7",
            "aws",
            "perpetual-prod-deployment",
            "ci-7",
        ),
        ("arn:aws:iam::111122223333:user/staff/ada", "aws", None, "ada"),
        ("arn:aws-cn:iam::111122223333:root", "aws-cn", None, "root"),
    ],
)
def test_an_arn_tells_partition_role_and_person(
    arn: str, partition: str, role: str | None, who: str
) -> None:
    """Assumed roles, users below a path, and the account itself."""
    identity = Identity(account="111122223333", arn=arn)
    assert (identity.partition, identity.role, identity.who) == (partition, role, who)
