"""Every fault on the way to AWS is a sentence with a way out."""

from typing import Any

import pytest
from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.aws import faults
from perpetual.errors import OperatorError

DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/perpetual-prod-deployment/ada is not authorized "
    "to perform: ecs:DeleteService on resource: "
    "arn:aws:ecs:eu-west-1:111122223333:service/perpetual-prod/perpetual-prod-web because no "
    "identity-based policy allows the ecs:DeleteService action"
)


def refusal(code: str, message: str = "no", operation: str = "UpdateService") -> Exception:
    """Return what botocore raises when AWS refuses a call."""
    response: Any = {"Error": {"Code": code, "Message": message}}
    error: Exception = exceptions.ClientError(response, operation)
    return error


LOCAL = [
    (exceptions.NoCredentialsError(), "no AWS credentials", "aws sso login"),
    (
        exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        "no AWS credentials",
        "AWS_PROFILE",
    ),
    (exceptions.UnauthorizedSSOTokenError(), "sign-in .* expired", "aws sso login"),
    (
        exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
        "sign-in .* expired",
        "aws sso login",
    ),
    (
        exceptions.CredentialRetrievalError(provider="process", error_msg="exit 1"),
        "could not be fetched",
        "credential_process",
    ),
    (exceptions.ProfileNotFound(profile="x"), "no such AWS profile", "list-profiles"),
    (exceptions.NoRegionError(), "no AWS region", "--region"),
    (exceptions.InvalidRegionError(region_name="e u"), "no such AWS region", "eu-west-1"),
    (
        exceptions.EndpointConnectionError(endpoint_url="https://ecs"),
        "cannot be reached",
        "AWS_ENDPOINT_URL",
    ),
    (
        exceptions.ConnectTimeoutError(endpoint_url="https://ecs"),
        "cannot be reached",
        "not done twice",
    ),
    (exceptions.ReadTimeoutError(endpoint_url="https://ecs"), "answer .* lost", "not done twice"),
    (
        exceptions.ConnectionClosedError(endpoint_url="https://ecs"),
        "answer .* lost",
        "not done twice",
    ),
    (
        exceptions.SSLError(endpoint_url="https://ecs", error="self-signed"),
        "certificate",
        "AWS_CA_BUNDLE",
    ),
    (
        exceptions.ProxyConnectionError(proxy_url="http://p", error="refused"),
        "cannot be reached",
        "proxy",
    ),
]

REMOTE = [
    ("ExpiredTokenException", "have expired", "aws sso login"),
    ("ExpiredToken", "have expired", "aws sso login"),
    ("UnrecognizedClientException", "does not know these credentials", "--profile"),
    ("InvalidClientTokenId", "does not know these credentials", "--profile"),
    ("ThrottlingException", "still refused UpdateService", "not done twice"),
    ("RequestLimitExceeded", "too many calls", "Wait a minute"),
    ("RequestTimeTooSkewed", "clock is wrong", "Set the clock"),
    ("ClusterNotFoundException", "UpdateService: .* not there", "pulumi up"),
]


@pytest.mark.parametrize(("error", "says", "hint"), LOCAL, ids=lambda item: type(item).__name__)
def test_what_fails_before_aws_answers(error: Exception, says: str, hint: str) -> None:
    """Credentials, regions, networks; botocore's own words are the detail."""
    with pytest.raises(OperatorError, match=says) as raised, faults.explained():
        raise error
    assert hint in raised.value.hint
    assert raised.value.detail == str(error)
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(("code", "says", "hint"), REMOTE, ids=lambda item: item)
def test_what_aws_refuses(code: str, says: str, hint: str) -> None:
    """By AWS's code; its words are the detail."""
    with pytest.raises(OperatorError, match=says) as raised, faults.explained():
        raise refusal(code, "because")
    assert hint in raised.value.hint
    assert raised.value.detail == "because"


def test_a_denial_names_who_what_and_where() -> None:
    """So that whoever owns the role knows what to add, or what was wrong to try."""
    found = faults.sentence(refusal("AccessDeniedException", DENIED))
    assert found.message == (
        "arn:aws:sts::111122223333:assumed-role/perpetual-prod-deployment/ada may not "
        "ecs:DeleteService on "
        "arn:aws:ecs:eu-west-1:111122223333:service/perpetual-prod/perpetual-prod-web"
    )
    assert "role" in found.hint


def test_a_denial_in_other_words_still_names_the_call() -> None:
    """EC2's message holds an encoded text and no name."""
    said = "You are not authorized to perform this operation."
    found = faults.sentence(refusal("UnauthorizedOperation", said, "DescribeInstances"))
    assert found.message == "these credentials may not DescribeInstances"


def test_any_other_refusal_keeps_code_and_words() -> None:
    """What nobody thought of is at least not hidden."""
    found = faults.sentence(refusal("InvalidParameterException", "TaskDefinition is inactive"))
    assert found.message == "AWS refused UpdateService"
    assert found.detail == "InvalidParameterException: TaskDefinition is inactive"


def test_any_other_fault_of_botocore_keeps_its_words() -> None:
    """Likewise."""
    found = faults.sentence(
        exceptions.UnknownServiceError(service_name="x", known_service_names="")
    )
    assert found.message == "a call to AWS failed"
    assert "UnknownServiceError" in found.detail


def test_other_exceptions_pass() -> None:
    """A defect of ours is none of AWS's."""
    with pytest.raises(ZeroDivisionError), faults.explained():
        _ = 1 // 0


def test_the_code_of_a_refusal() -> None:
    """Empty where AWS did not answer at all."""
    assert faults.code(refusal("ParameterNotFound")) == "ParameterNotFound"
    assert faults.code(exceptions.NoCredentialsError()) == ""
