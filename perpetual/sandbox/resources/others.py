"""Types that are not AWS's: generated passwords, and images that Docker builds."""

import hashlib
import secrets
import string
from typing import Final

from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
"""Special characters of a password, where no others are named.

https://www.pulumi.com/registry/packages/random/api-docs/randompassword/
"""
_CLASSES: Final = (
    ("lower", "minLower", string.ascii_lowercase),
    ("upper", "minUpper", string.ascii_uppercase),
    ("numeric", "minNumeric", string.digits),
)


def _password(inputs: Values) -> str:
    special = str(inputs.get("overrideSpecial") or _SPECIAL)
    classes = [*_CLASSES, ("special", "minSpecial", special)]
    allowed = [(least, letters) for key, least, letters in classes if inputs.get(key) is not False]
    found = [
        secrets.choice(letters)
        for least, letters in allowed
        for _ in range(int(inputs.get(least) or 0))
    ]
    whole = "".join(letters for _, letters in allowed)
    found += [secrets.choice(whole) for _ in range(int(inputs["length"]) - len(found))]
    secrets.SystemRandom().shuffle(found)
    return "".join(found)


def _generate(_aws: Cloud, inputs: Values) -> Values:
    result = _password(inputs)
    # The provider's is a bcrypt hash; nothing in the program reads it, and it would need a library.
    return {"result": result, "bcryptHash": hashlib.sha256(result.encode()).hexdigest()}


def _unnamed(_aws: Cloud, _inputs: Values) -> str:
    return "none"


def _kept(_aws: Cloud, _identifier: str, state: Values) -> Values | None:
    """Return the state itself: the resource is nowhere else."""
    return state


PASSWORD: Final = Kind(
    "random:index/randomPassword:RandomPassword",
    inputs=frozenset(),
    own=names(
        "keepers length lower minLower minNumeric minSpecial minUpper number numeric "
        "overrideSpecial special upper"
    ),
    outputs=names("result bcryptHash"),
    generate=_generate,
    create=_unnamed,
    read=_kept,
    delete=nothing,
    secret=names("result bcryptHash"),
    regional=False,
)


# --- images


def _build(aws: Cloud, inputs: Values) -> Values:
    tagged, build = str(inputs["imageName"]), inputs.get("build") or {}
    return {
        "baseImageName": tagged,
        "context": build.get("context"),
        "dockerfile": build.get("dockerfile"),
        "platform": build.get("platform"),
        "registryServer": tagged.partition("/")[0],
        "repoDigest": f"{tagged.rpartition(':')[0]}@{aws.build(inputs)}",
    }


def _digest(_aws: Cloud, inputs: Values) -> str:
    return str(inputs["repoDigest"]).partition("@")[2]


IMAGE: Final = Kind(
    "docker:index/image:Image",
    inputs=frozenset(),
    own=names("build buildOnPreview imageName registry skipPush"),
    outputs=names("baseImageName context dockerfile platform registryServer repoDigest"),
    moving=names("baseImageName context dockerfile platform registryServer repoDigest"),
    generate=_build,
    create=_digest,
    read=_kept,
    # A tag of the repository is never taken back; the repository's own rules remove old images.
    delete=nothing,
    regional=False,
)

KINDS: Final = (PASSWORD, IMAGE)
