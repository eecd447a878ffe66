"""Rules on the balancer, its certificate and its record."""

from typing import Final

from settings.models import Balancer
from settings.models.balancer import DEFAULT_WEIGHT
from settings.problems import UNSET, Problem
from settings.rules.base import Problems, Rule, repeated

LONGEST_COMMON_NAME: Final = 64
"""https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html"""

MOST_RANGES: Final = 30
"""A security group holds 60 rules of each address family, and a range takes two: 80 and 443.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""


def domain_has_zone(balancer: Balancer) -> Problems:
    """A record and a certificate need the zone; only both made elsewhere can do without."""
    if balancer.zone_id is not None:
        return
    if balancer.certificate_arn is None:
        yield Problem(
            "balancer.zoneId",
            UNSET,
            "the Route 53 zone that balancer.domain is in, for its record and to validate its "
            "certificate",
            "copy the id from `aws route53 list-hosted-zones`, or set balancer.certificateArn and "
            "make the record elsewhere",
        )
    if balancer.weight != DEFAULT_WEIGHT:
        yield Problem(
            "balancer.weight",
            balancer.weight,
            "it only with balancer.zoneId, for a weight is one of the record in the zone",
            "set balancer.zoneId, or remove the line",
        )


def certificate_is_usable(balancer: Balancer, account: str, region: str) -> Problems:
    """A balancer takes certificates of its own account and region; a new one's name is short."""
    arn = balancer.certificate_arn
    if arn is None:
        if len(balancer.domain) > LONGEST_COMMON_NAME:
            yield Problem(
                "balancer.domain",
                balancer.domain,
                f"at most {LONGEST_COMMON_NAME} characters where a certificate is issued",
                "choose a shorter name, or set balancer.certificateArn",
            )
        return
    its_region, its_account = arn.split(":")[3:5]
    if (its_region, its_account) != (region, account):
        yield Problem(
            "balancer.certificateArn",
            arn,
            f"a certificate in this stack's account {account} and region {region}",
            "request or import it there, or remove the line and set balancer.zoneId",
        )


def health_check_fits(balancer: Balancer) -> Problems:
    """A check ends before the next begins.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    if balancer.health_timeout_seconds >= balancer.health_interval_seconds:
        yield Problem(
            "balancer.healthTimeoutSeconds",
            balancer.health_timeout_seconds,
            f"less than balancer.healthIntervalSeconds, {balancer.health_interval_seconds}",
            "lower it, or raise the interval",
        )


def ranges_fit(balancer: Balancer) -> Problems:
    """Somebody may come in, and the security group has room for the rules."""
    ranges = balancer.ingress_cidrs
    if not ranges:
        yield Problem(
            "balancer.ingressCidrs",
            UNSET,
            "at least one range",
            "set [0.0.0.0/0] for the world, or remove the line",
        )
    for item in repeated(ranges):
        yield Problem("balancer.ingressCidrs", item, "each range once", "remove the second one")
    for version in (4, 6):
        count = sum(item.version == version for item in ranges)
        if count > MOST_RANGES:
            yield Problem(
                "balancer.ingressCidrs",
                f"a list of {count}",
                f"at most {MOST_RANGES} IPv{version} ranges, which fill the security group",
                "join neighbouring ranges",
            )


RULES: Final[tuple[Rule, ...]] = (
    domain_has_zone,
    certificate_is_usable,
    health_check_fits,
    ranges_fit,
)
