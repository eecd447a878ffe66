"""What is taken for a secret, and what is not: names, shapes, entropy."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import secrets

PEM = "-----BEGIN {} KEY-----\nMIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo\n-----END {} KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n"
RANDOM = "Zk3vX9pQ7wLr2TnB8yHs4JdF6gMc1KaV0uEoWiRxYtPqSbNl"


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "ABCDEFGH12345678",
        "key is ASIA" + "ABCDEFGH12345678 here",
        PEM.format("RSA PRIVATE", "RSA PRIVATE"),
        PEM.format("PRIVATE", "PRIVATE"),
        base64.b64encode(PEM.format("EC PRIVATE", "EC PRIVATE").encode()).decode(),
        "postgres://app:hunter2@db.internal/app",
        "ghp_" + "a1B2" * 9,
        "xoxb-" + "123456789012-abcdefghijkl",
        "sk_live_" + "a1B2c3D4e5F6g7H8",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijklmnop",
    ],
)
def test_a_secret_is_known_by_its_shape(text: str) -> None:
    """Whatever it is called."""
    assert secrets.shape(text)
    assert secrets.why("anything", text)


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "a1b2c3d4" * 8,
        "example/app@sha256:" + "a1b2c3d4" * 8,
        "0123456789abcdef" * 2 + "01234567",
        "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
        "arn:aws:iam::111122223333:role/perpetual-prod-deployment-A1B2C3D4E5F6",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "https://sqs.eu-west-1.amazonaws.com/111122223333/Queue-1A2B3C4D5E6F7G8H",
        "postgres://db.internal:5432/app?sslmode=verify-full",
        "postgres://app:${DB_PASSWORD}@db/app",
        base64.b64encode((CERTIFICATE * 3).encode()).decode(),
        "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended",
        "subnet-0a1b2c3d4e5f60718",
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "eu-west-1a,eu-west-1b,eu-west-1c",
        "",
    ],
)
def test_what_only_looks_long_is_no_secret(text: str) -> None:
    """Digests, ARNs, ids, URLs without a password, certificates."""
    assert secrets.why("value", text) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hunter2", True),
        ("/hunter2", True),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/app/password", False),
        ("/run/secrets/password", False),
    ],
)
def test_where_a_secret_is_may_be_told(value: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """An ARN or a path under a secret's name is what a program should hand out."""
    assert bool(secrets.why("DB_PASSWORD", value)) is expected


def test_a_random_text_is_a_secret_from_the_configured_entropy_on() -> None:
    """A team with long ids of its own may ask for more."""
    assert secrets.why("value", RANDOM)
    assert secrets.why("value", RANDOM, 5.9) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DB_PASSWORD", True),
        ("databasePassword", True),
        ("PGPASSWORD", True),
        ("api-key", True),
        ("clientSecret", True),
        ("SECRET_KEY_BASE", True),
        ("PASSWORD_FILE", False),
        ("secretArn", False),
        ("tokenTtl", False),
        ("keyboard", False),
        ("passwordless", False),
        ("SECRETS_PATH", False),
    ],
)
def test_a_name_says_whether_its_value_is_a_secret(name: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """In the spellings of environments, options and programs; not where it says where one is."""
    assert secrets.named(name) is expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("app --password hunter2", True),
        ("app --db-password=hunter2", True),
        ("export API_KEY=hunter2 && app", True),
        ("sh -c 'TOKEN=abc app'", True),
        ("app --password $PASSWORD", False),
        ("app --password-file /run/secret", False),
        ("echo the password is wrong", False),
        ("curl --fail localhost", False),
    ],
)
def test_a_command_sets_a_secret_in_plain_text(text: str, found: bool) -> None:  # noqa: FBT001 - a table's column
    """By option or by variable, and not by reference."""
    assert bool(secrets.assigned(text)) is found


@given(st.text(min_size=1))
def test_entropy_is_between_nothing_and_all_characters_different(text: str) -> None:
    """As many bits as an alphabet of these characters needs, at most."""
    assert -1e-9 <= secrets.entropy(text) <= len(text).bit_length()


@given(st.text(), st.text())
def test_no_reason_repeats_the_value(name: str, value: str) -> None:
    """Reasons end up in pull requests."""
    why = secrets.why(name, value)
    assert why is None or len(value) < 12 or json.dumps(value) not in json.dumps(why)
