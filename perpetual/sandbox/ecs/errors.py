"""Refusals in AWS's own codes, and in AWS's words where they are known."""

from typing import Final

CLIENT: Final = "ClientException"
INVALID: Final = "InvalidParameterException"
CONFLICT: Final = "ConflictException"
UNSUPPORTED: Final = "UnsupportedFeatureException"


class EcsError(Exception):
    """An answer of AWS that is not the one asked for.

    `code` is the error's name on the wire. Codes and what they mean:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep both parts, as a client receives them."""
        super().__init__(message)
        self.code = code
        self.message = message


def client(message: str) -> EcsError:
    """Return the error of a request that names what does not exist, or may not be used so."""
    return EcsError(CLIENT, message)


def invalid(message: str) -> EcsError:
    """Return the error of a request whose values do not fit."""
    return EcsError(INVALID, message)


def unsupported(message: str) -> EcsError:
    """Return the error of what AWS has and the sandbox has not."""
    return EcsError(UNSUPPORTED, f"{message} The sandbox does not have it.")
