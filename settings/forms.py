"""Forms of textual values, each with the words its error needs.

A `Form` is a pydantic validator. Its refusal carries what is accepted and the way out, so that
`translation.py` can write every error in the same sentence, however deep the value sits.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Any, Final

from pydantic_core import PydanticCustomError

from perpetual import contract

REFUSED: Final = "refused"
"""Type of the errors raised here."""


def refusal(accepted: str, remedy: str = "") -> PydanticCustomError:
    """Return an error that says what is accepted and, where it is known, the way out."""
    return PydanticCustomError(REFUSED, "{accepted}", {"accepted": accepted, "remedy": remedy})


@dataclass(frozen=True)
class Form:
    """A pattern that a whole text must match, what it accepts in words, and the way out."""

    pattern: str
    accepted: str
    remedy: str = ""

    def __call__(self, value: str) -> str:
        """Return `value`; raise `PydanticCustomError` where it does not match."""
        if re.fullmatch(self.pattern, value, re.ASCII):
            return value
        raise refusal(self.accepted, self.remedy)


QUOTE: Final = "put it in quotes, for YAML reads it as something else than text"


def plain_text(value: Any) -> Any:
    """Return a variable's or tag's value as text.

    `pulumi config set --path` writes `10` and `true` as a number and a truth value; both have one
    spelling only, so they are taken for the text that was meant. A fraction has not: `17.10` is
    read as 17.1.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            raise refusal("text", QUOTE)
        case _:
            return value


def version_text(value: Any) -> Any:
    """Return an engine version as text; a default of "17" arrives from the engine as a number."""
    if isinstance(value, float):
        example = '"17.10"'
        raise refusal(
            "text such as 17 or " + example,
            f"put it in quotes, engineVersion: {example}, for YAML reads 17.10 as the number 17.1",
        )
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def network_range(value: Any) -> Any:
    """Return `value` as a network, refusing one whose address is not the network's first."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str) or "/" not in value:
        raise refusal("a range in CIDR form", "write it as address/length, such as 10.0.0.0/16")
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        aligned = ip_interface(value).network
    except ValueError:
        raise refusal(
            "a range in CIDR form", "write it as address/length, such as 10.0.0.0/16"
        ) from None
    raise refusal(
        "a range that begins at its own first address",
        f"set {aligned}, the range of that length around this address",
    )


def ipv4_range(value: Any) -> Any:
    """Return `value` as an IPv4 network."""
    found = network_range(value)
    if isinstance(found, IPv6Network):
        raise refusal("an IPv4 range", "write it as address/length, such as 10.0.0.0/16")
    return found


ACCOUNT = Form(
    r"\d{12}",
    "an account id of 12 digits",
    "write all 12 digits in quotes, for YAML drops leading zeros; `aws sts get-caller-identity` "
    "prints yours",
)
REGION = Form(
    r"[a-z]{2}(-[a-z]+)+-\d",
    "a region such as eu-west-1, without a zone letter",
    "set it with `pulumi config set aws:region eu-west-1`",
)
ZONE = Form(
    "[a-f]",
    "one letter, a to f",
    "write only the last letter of the zone's name: eu-west-1b is b",
)
VPC = Form(
    "vpc-([0-9a-f]{8}|[0-9a-f]{17})",
    "a VPC id, vpc- and 8 or 17 hexadecimal digits",
    "copy it from `aws ec2 describe-vpcs`",
)
SUBNET = Form(
    "subnet-([0-9a-f]{8}|[0-9a-f]{17})",
    "a subnet id, subnet- and 8 or 17 hexadecimal digits",
    "copy it from `aws ec2 describe-subnets`",
)
IMAGE_ID = Form(
    "ami-([0-9a-f]{8}|[0-9a-f]{17})",
    "an AMI id, ami- and 8 or 17 hexadecimal digits",
    "correct it, or remove the line for the current ECS-optimized image",
)
ZONE_ID = Form(
    "Z[A-Z0-9]{6,31}",
    "a Route 53 zone id, which begins with Z",
    "copy it from `aws route53 list-hosted-zones`, without /hostedzone/",
)

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = Form(
    rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.(?![0-9]+$){_LABEL}",
    "a host name in lower case with at least one dot, such as app.example.com",
    "write the name alone: no scheme, port, path, wildcard or final dot",
)
STACK_REFERENCE = Form(
    rf"[\w.-]+/[\w.-]+/{contract.STACK_NAME.pattern}",
    "organization/project/stack",
    "write all three parts as `pulumi stack ls --all` shows them; a backend without organizations "
    "calls its one `organization`",
)
PIN = Form(
    contract.PIN.pattern,
    "a pin such as v1:<64 hexadecimal digits>:cidr=<8 digits>,...",
    "copy it from `pulumi stack output pins` of the other stack",
)

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html
INSTANCE_CLASS = Form(
    r"db\.[a-z]+\d+[a-z0-9-]*\.(micro|small|medium|large|xlarge|\d+xlarge)",
    "an RDS instance class, db.<family>.<size>, such as db.m7g.large",
    "EC2's name m7g.large becomes db.m7g.large",
)
ENGINE_VERSION = Form(
    r"\d{2}(\.\d{1,2})?",
    'a PostgreSQL version: a major such as "17", or major.minor such as "17.10"',
    "RDS numbers no patch level; a major alone lets RDS keep the minor current",
)
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
DB_IDENTIFIER = Form(
    r"(?=.{1,63}$)[A-Za-z](-?[A-Za-z0-9])*",
    "an instance identifier: 1 to 63 letters, digits and single hyphens, a letter first",
    "copy it from `aws rds describe-db-instances`, not the endpoint's host name",
)
SNAPSHOT = Form(
    r"(rds:)?[A-Za-z](-?[A-Za-z0-9])*|arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:snapshot:.+",
    "a snapshot identifier or its ARN",
    "copy it from `aws rds describe-db-snapshots`; a shared snapshot needs its ARN",
)
DB_NAME = Form(
    "[a-z][a-z0-9_]{0,62}",
    "1 to 63 lower-case letters, digits and underscores, a letter first",
    "choose another name; upper case would need quotes in every statement",
)
DB_USERNAME = Form(
    "[a-z][a-z0-9_]{0,15}",
    "1 to 16 lower-case letters, digits and underscores, a letter first",
    "choose a shorter or plainer name",
)
RESTORE_TIME = Form(
    r"latest|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "latest, or a moment in UTC such as 2026-11-22T20:00:00Z",
    "convert it to UTC and end it with Z",
)
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
BACKUP_WINDOW = Form(
    f"{_CLOCK}-{_CLOCK}",
    "a daily window in UTC, hh:mm-hh:mm",
    "write it as 03:00-03:45",
)
MAINTENANCE_WINDOW = Form(
    f"{_DAY}:{_CLOCK}-{_DAY}:{_CLOCK}",
    "a weekly window in UTC, ddd:hh:mm-ddd:hh:mm with mon to sun",
    "write it as sun:04:00-sun:05:00",
)
PARAMETER_NAME = Form(
    r"[a-z_][a-z0-9_]*(\.[a-z0-9_]+)?",
    "a Postgres parameter's name in lower case, such as work_mem or rds.log_retention_period",
    "copy it from `aws rds describe-engine-default-parameters`",
)

INSTANCE_TYPE = Form(
    r"[a-z]+[0-9]+[a-z0-9-]*\.(nano|micro|small|medium|large|xlarge|\d+xlarge|metal(-\d+xl)?)",
    "an EC2 instance type, <family>.<size>, such as t4g.medium",
    "copy it from `aws ec2 describe-instance-types`",
)
VARIABLE = Form(
    "[A-Za-z_][A-Za-z0-9_]{0,254}",
    "a variable's name: letters, digits and underscores, no digit first",
    "rename it, in the style of POOL_SIZE",
)
CERTIFICATE = Form(
    r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{36}",
    "the ARN of an ACM certificate",
    "copy it from `aws acm list-certificates`, or remove the line and set balancer.zoneId to have "
    "one issued",
)
# Those whose lowest protocol is TLS 1.2 or 1.3:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
SSL_POLICY = Form(
    "ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-([A-Za-z0-9]+-){0,3}[0-9]{4}-[0-9]{2}",
    "a security policy of Elastic Load Balancing that begins at TLS 1.2 or 1.3",
    "remove the line for ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09, or choose another whose name "
    "has TLS13-1-2 or TLS13-1-3",
)
HEALTH_PATH = Form(
    r"/[\x21-\x7e]{0,1023}",
    "a path of at most 1024 characters that begins with /",
    "write the path alone, such as /health",
)
STAGE = Form(
    "[A-Za-z0-9][A-Za-z0-9_.-]*",
    "the name of a stage in the Dockerfile",
    "use the name after AS, or remove the line to build the last stage",
)
PRINCIPAL = Form(
    r"arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)",
    "the ARN of an IAM role, user or account root, without wildcards",
    "name each principal; of a session (arn:aws:sts::...:assumed-role/...) name the role itself, "
    "arn:aws:iam::<account>:role/<name>",
)
# https://docs.github.com/en/actions/reference/security/oidc
GITHUB_SUBJECT = Form(
    r"repo:[\w.@-]+/[\w.@-]+:(?!ref:refs/\w+/[*?])(pull_request|[a-z_]+:[^\s*?]\S*)",
    "a GitHub subject that names repository and branch, tag, environment or pull_request, such as "
    "repo:acme/shop:environment:prod; a wildcard only after the beginning of a name",
    "write repo:<owner>/<name>: and ref:refs/heads/<branch>, ref:refs/tags/v*, environment:<name> "
    "or pull_request; a bare wildcard lets any branch of any author in",
)
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
EXTERNAL_ID = Form(
    r"[\w+=,.@:/-]{2,1224}",
    "2 to 1224 letters, digits and any of _+=,.@:/-",
    "agree on one with the account's owner, such as a UUID",
)
EMAIL = Form(
    r"[^\s@]+@[^\s@]+\.[^\s@.]+",
    "an e-mail address",
    "write the address alone, such as ops@example.com",
)
