"""The recommendations of the CIS AWS Foundations Benchmark 7.0, by number.

Its text is CIS's, so what a recommendation is about is said in words of our own.
https://www.cisecurity.org/benchmark/amazon_web_services
"""

from typing import Final

from rules.controls import ACCOUNT, NONE, PEOPLE, RUNNING, TRAIL, Control


def _cis(id_: str, about: str, *, lacks: str = "", outside: str = "") -> Control:
    return Control(id_, about, lacks, outside, fsbp=False)


_ORGANIZATION: Final = "a matter of the organisation, above the account"
_ALARM: Final = "an alarm on the account's trail"

CIS: Final[tuple[Control, ...]] = (
    _cis("2.1.1", "root credentials of member accounts are central", outside=_ORGANIZATION),
    _cis("2.1.2", "every account has guard-rails", outside=_ORGANIZATION),
    _cis("2.1.3", "the management account runs no workload", outside=_ORGANIZATION),
    _cis("2.1.4", "organisational units follow environment and sensitivity", outside=_ORGANIZATION),
    _cis("2.1.5", "administration of policies is delegated", outside=_ORGANIZATION),
    _cis("2.1.6", "administration of services is delegated", outside=_ORGANIZATION),
    _cis("2.2", "contact details are current", outside=ACCOUNT),
    _cis("2.3", "a security contact is registered", outside=ACCOUNT),
    _cis("2.4", "root has no access key", outside=ACCOUNT),
    _cis("2.5", "root has MFA", outside=ACCOUNT),
    _cis("2.6", "root's MFA is hardware", outside=ACCOUNT),
    _cis("2.7", "root does no daily work", outside=RUNNING),
    _cis("2.8", "passwords have 14 characters", outside=ACCOUNT),
    _cis("2.9", "passwords are not used again", outside=ACCOUNT),
    _cis("2.10", "users with a password have MFA", outside=PEOPLE),
    _cis("2.11", "unused credentials are disabled", outside=PEOPLE),
    _cis("2.12", "access keys are rotated", lacks="keys are refused as such, not by their age"),
    _cis("2.13", "users get permissions by groups only", outside=PEOPLE),
    _cis("2.14", "no policy allows everything"),
    _cis("2.15", "a role handles cases with AWS Support", outside=ACCOUNT),
    _cis("2.16", "instances reach AWS by a role"),
    _cis("2.17", "expired certificates are removed", outside=RUNNING),
    _cis("2.18", "Access Analyzer is on", outside=ACCOUNT),
    _cis("2.19", "people come by federation", outside=PEOPLE),
    _cis("2.20", "full access to CloudShell is restricted", outside=PEOPLE),
    _cis("2.21", "no resource policy admits everybody"),
    _cis("3.1.1", "buckets refuse plain HTTP"),
    _cis("3.1.2", "buckets need MFA for deletion", outside="only root can switch it on, by hand"),
    _cis("3.1.3", "sensitive data in S3 is found and classified", outside=ACCOUNT),
    _cis("3.1.4", "buckets block public access", lacks="the account's own block is not seen"),
    _cis("3.2.1", "RDS instances are encrypted"),
    _cis("3.2.2", "RDS minor versions upgrade by themselves"),
    _cis("3.2.3", "RDS instances are not public"),
    _cis("3.2.4", "RDS instances have a standby in a second zone"),
    _cis("3.3.1", "EFS is encrypted", outside=NONE),
    _cis("4.1", "CloudTrail is on in all regions", outside=TRAIL),
    _cis("4.2", "CloudTrail validates its files", outside=TRAIL),
    _cis("4.3", "Config is on in all regions", outside=TRAIL),
    _cis("4.4", "the trail's bucket logs accesses", outside=TRAIL),
    _cis("4.5", "the trail is encrypted by a key of one's own", outside=TRAIL),
    _cis("4.6", "keys rotate"),
    _cis("4.7", "VPCs have flow logs"),
    _cis("4.8", "writes of objects are logged", outside=TRAIL),
    _cis("4.9", "reads of objects are logged", outside=TRAIL),
    _cis("4.10", "HTTP front ends log accesses"),
    *(
        _cis(f"5.{number}", f"somebody hears of {what}", outside=_ALARM)
        for number, what in enumerate(
            (
                *("refused calls", "sign-ins without MFA", "uses of root", "changes of IAM"),
                *("changes of the trail", "failed sign-ins", "keys disabled or to be deleted"),
                *("changes of bucket policies", "changes of Config", "changes of security groups"),
                *("changes of network ACLs", "changes of gateways", "changes of route tables"),
                *("changes of VPCs", "changes of the organisation"),
            ),
            1,
        )
    ),
    _cis("5.16", "Security Hub is on", outside=ACCOUNT),
    _cis("6.1.1", "volumes are encrypted", lacks="the account's default is not seen"),
    _cis("6.1.2", "file sharing is closed to the world"),
    _cis("6.2", "network ACLs keep the world from administration ports"),
    _cis("6.3", "administration ports are closed to 0.0.0.0/0"),
    _cis("6.4", "administration ports are closed to ::/0"),
    _cis("6.5", "default security groups are closed"),
    _cis("6.6", "routes over peerings lead no further than needed"),
    _cis("6.7", "instances demand IMDSv2"),
    _cis("6.8", "AWS is reached by endpoints"),
)
