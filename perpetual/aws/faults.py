"""What goes wrong between a command and AWS, as sentences: what happened, and the way out.

`explained` turns botocore's exceptions into `OperatorError`s, alike in every command.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore import exceptions  # type: ignore[import-untyped]  # botocore ships no types

from perpetual.errors import OperatorError

_SIGN_IN: Final = "Sign in again (`aws sso login`, or new keys), and run the command again."
_AGAIN: Final = "Run the command again; what was done already is not done twice."

EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_KEYS: Final = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
)
THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
MISSING: Final = frozenset(
    {"ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"}
)

# An exception of botocore's, what it means, and the way out; the first that fits.
_LOCAL: Final = (
    (
        (exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        "there are no AWS credentials here",
        "Choose a profile with --profile or AWS_PROFILE, or sign in with `aws sso login`.",
    ),
    (
        (
            exceptions.UnauthorizedSSOTokenError,
            exceptions.SSOTokenLoadError,
            exceptions.TokenRetrievalError,
        ),
        "the sign-in behind these AWS credentials has expired",
        _SIGN_IN,
    ),
    (
        (exceptions.CredentialRetrievalError, exceptions.MetadataRetrievalError),
        "the AWS credentials could not be fetched from where the profile says",
        "See that its `credential_process`, role or sign-in works: `aws sts get-caller-identity`.",
    ),
    (
        (exceptions.ProfileNotFound,),
        "there is no such AWS profile",
        "`aws configure list-profiles` lists those there are.",
    ),
    (
        (exceptions.NoRegionError,),
        "no AWS region is set",
        "Name the stack's with --region or AWS_REGION, or in the profile.",
    ),
    (
        (exceptions.InvalidRegionError, exceptions.EndpointProviderError),
        "there is no such AWS region",
        "Name the stack's with --region or AWS_REGION, such as eu-west-1.",
    ),
    (
        (exceptions.ReadTimeoutError, exceptions.ConnectionClosedError),
        "the answer of AWS was lost on the way",
        _AGAIN,
    ),
    (
        (exceptions.SSLError,),
        "the other end's certificate is not one that this machine trusts",
        "Is there a proxy in between? AWS_CA_BUNDLE names the authorities to trust.",
    ),
    (
        (exceptions.HTTPClientError, exceptions.ConnectionError),
        "AWS cannot be reached from here",
        "See to network, VPN and proxy, and whether AWS_ENDPOINT_URL is meant. " + _AGAIN,
    ),
)


@contextmanager
def explained() -> Iterator[None]:
    """Let faults of AWS calls leave the block as sentences.

    Raises:
        OperatorError: In place of any exception of botocore.
    """
    try:
        yield
    except (exceptions.BotoCoreError, exceptions.ClientError) as error:
        raise sentence(error) from error


def sentence(error: Exception) -> OperatorError:
    """Return what an exception of botocore means, and the way out."""
    if isinstance(error, exceptions.ClientError):
        return _refused(error)
    for kinds, meaning, hint in _LOCAL:
        if isinstance(error, kinds):
            return OperatorError(meaning, hint=hint, detail=str(error))
    return OperatorError("a call to AWS failed", detail=f"{type(error).__name__}: {error}")


def code(error: Exception) -> str:
    """Return AWS's code of a refused call, such as `ParameterNotFound`; empty for other faults."""
    if not isinstance(error, exceptions.ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


# Codes of AWS's, what they mean, and the way out; `{operation}` is what was asked.
_REFUSALS: Final = (
    (EXPIRED, "the AWS credentials have expired", _SIGN_IN),
    (
        UNKNOWN_KEYS,
        "AWS does not know these credentials",
        "Choose others with --profile or AWS_PROFILE, or sign in again.",
    ),
    (
        THROTTLED,
        "AWS still refused {operation} after several tries: too many calls at once",
        "Wait a minute; who else calls AWS in this account? " + _AGAIN,
    ),
    (
        SKEWED,
        "this machine's clock is wrong, so AWS does not take what it signs",
        "Set the clock (`timedatectl` shows it), and run the command again.",
    ),
    (
        MISSING,
        "{operation}: what the stack's contract names is not there",
        "Was the stack removed? `pulumi up` makes it again.",
    ),
    (
        frozenset({"ParameterMaxVersionLimitExceeded"}),
        "{operation}: the parameter has 100 versions, and a label keeps the oldest from going",
        "Take the label away (`aws ssm unlabel-parameter-version`), and run the command again.",
    ),
)


def _refused(error: exceptions.ClientError) -> OperatorError:
    found = code(error)
    said = str(error.response.get("Error", {}).get("Message", ""))
    operation = error.operation_name
    if found in DENIED:
        return _denied(operation, said)
    for codes, meaning, hint in _REFUSALS:
        if found in codes:
            return OperatorError(meaning.format(operation=operation), hint=hint, detail=said)
    return OperatorError(f"AWS refused {operation}", detail=f"{found}: {said}")


_NOT_AUTHORIZED: Final = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?"
)


def _denied(operation: str, said: str) -> OperatorError:
    """Name action, resource and role, as far as AWS tells: EC2 tells less than others."""
    match = _NOT_AUTHORIZED.search(said)
    if match is None:
        what, who = operation, "these credentials"
    else:
        on = match["resource"]
        what = match["action"] + (f" on {on}" if on and on != "*" else "")
        who = match["who"]
    return OperatorError(
        f"{who} may not {what}",
        hint="Use the stack's own role for this (`access` in its contract names it), or let its "
        "administrator correct the role.",
        detail=said,
    )
