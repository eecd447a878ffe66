"""The controls of others: which there are, and what a look at a stack cannot tell of them.

Ids of Security Hub's controls and the standards they belong to:
`fsbp-standard.html` and `pci-standard.html` of https://docs.aws.amazon.com/securityhub/latest/userguide/.
Numbers of the CIS AWS Foundations Benchmark 7.0; its text is CIS's, so what a recommendation is
about is said in words of our own.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Control:
    """A control: `lacks` is what rules leave out, `outside` why none can tell.

    `fsbp` and `pci` tell whether Security Hub counts it to its own standard and to PCI DSS 4.0.1.
    """

    id: str
    about: str
    lacks: str = ""
    outside: str = ""
    fsbp: bool = True
    pci: bool = False


def _both(id_: str, about: str, *, lacks: str = "", outside: str = "") -> Control:
    return Control(id_, about, lacks, outside, fsbp=True, pci=True)


def _pci(id_: str, about: str, *, lacks: str = "", outside: str = "") -> Control:
    return Control(id_, about, lacks, outside, fsbp=False, pci=True)


_ACCOUNT: Final = "a setting of the account, not of a stack"
_RUNNING: Final = "shows only while it runs"
_OLD: Final = "classic load balancers are no part of the stack"
_ENGINE: Final = "speaks of another database engine"
_NONE: Final = "the stack has no resource of this kind"
_PEOPLE: Final = "IAM users and their credentials are the account's"
_TRAIL: Final = "CloudTrail and Config belong to the account"
_CONTACTS: Final = "the stack does not use Incident Manager"

HUB: Final[tuple[Control, ...]] = (
    _both("ACM.1", "certificates are renewed in time"),
    _both("ACM.2", "RSA keys of certificates have 2,048 bits or more"),
    Control("AutoScaling.1", "groups behind a balancer believe its health checks"),
    Control("AutoScaling.2", "groups span zones"),
    _both("AutoScaling.3", "launch configurations demand IMDSv2"),
    _both("AutoScaling.5", "launch configurations give no public address"),
    Control("AutoScaling.6", "groups mix instance types over zones"),
    Control("AutoScaling.9", "groups launch by template"),
    Control("EC2.1", "EBS snapshots are not public", outside=_NONE),
    Control("EC2.2", "default security groups are closed"),
    Control("EC2.3", "attached volumes are encrypted"),
    Control("EC2.4", "stopped instances are removed", outside=_RUNNING),
    Control("EC2.6", "VPCs have flow logs"),
    Control("EC2.7", "EBS encrypts by default", outside=_ACCOUNT),
    _both("EC2.8", "instances demand IMDSv2"),
    Control("EC2.9", "instances have no public IPv4 address"),
    Control("EC2.10", "VPCs have an endpoint for EC2"),
    _pci("EC2.13", "SSH is closed to the world"),
    _pci("EC2.14", "RDP is closed to the world"),
    _both("EC2.15", "subnets assign no public addresses"),
    _both("EC2.16", "network ACLs are in use"),
    Control("EC2.17", "instances have one network interface", outside=_NONE),
    Control("EC2.18", "only authorised ports are open to the world"),
    Control("EC2.19", "high-risk ports are closed to the world"),
    Control("EC2.20", "both tunnels of a VPN are up", outside=_RUNNING),
    _both("EC2.21", "network ACLs keep the world from SSH and RDP"),
    Control("EC2.23", "transit gateways accept nobody by themselves", outside=_NONE),
    Control("EC2.24", "no paravirtual instances", outside="no current instance type is"),
    _both("EC2.25", "launch templates give no public address"),
    _both("EC2.51", "Client VPN logs its connections", outside=_NONE),
    _pci("EC2.53", "administration ports are closed to 0.0.0.0/0"),
    _pci("EC2.54", "administration ports are closed to ::/0"),
    Control("EC2.55", "VPCs have an endpoint for the ECR API"),
    Control("EC2.56", "VPCs have an endpoint for the Docker registry"),
    Control("EC2.57", "VPCs have an endpoint for Systems Manager"),
    Control("EC2.58", "VPCs have an endpoint for incident contacts", outside=_CONTACTS),
    Control("EC2.60", "VPCs have an endpoint for Incident Manager", outside=_CONTACTS),
    _both("EC2.170", "launch templates demand IMDSv2"),
    _both("EC2.171", "VPN connections log", outside=_NONE),
    Control("EC2.172", "VPC Block Public Access blocks internet gateways"),
    Control("EC2.173", "Spot Fleets encrypt their volumes", outside=_NONE),
    Control("EC2.180", "network interfaces check source and destination"),
    Control("EC2.181", "launch templates encrypt volumes"),
    _both("ECR.1", "repositories scan images"),
    Control("ECR.2", "tags cannot be moved"),
    Control("ECR.3", "repositories have a lifecycle policy"),
    Control("ECS.1", "no task runs as root on the host's network"),
    _both("ECS.2", "services get no public addresses"),
    Control("ECS.3", "tasks do not share the host's processes"),
    Control("ECS.4", "containers are not privileged"),
    Control("ECS.5", "root filesystems are read-only"),
    _both("ECS.8", "no secrets in the environment"),
    Control("ECS.9", "containers log"),
    _both(
        "ECS.10", "Fargate runs its latest platform", outside="tasks run on the team's own hosts"
    ),
    Control("ECS.12", "clusters have Container Insights"),
    _both("ECS.16", "task sets get no public addresses"),
    Control("ELB.1", "HTTP redirects to HTTPS"),
    Control("ELB.2", "classic balancers use ACM certificates", outside=_OLD),
    _both("ELB.3", "classic listeners use TLS", outside=_OLD),
    _both("ELB.4", "invalid headers are dropped"),
    Control("ELB.5", "balancers log accesses"),
    Control("ELB.6", "balancers are protected from deletion"),
    Control("ELB.7", "classic balancers drain", outside=_OLD),
    _both("ELB.8", "classic listeners use strong ciphers", outside=_OLD),
    Control("ELB.9", "classic balancers work across zones", outside=_OLD),
    Control("ELB.10", "classic balancers span zones", outside=_OLD),
    _both("ELB.12", "desync mitigation is defensive"),
    Control("ELB.13", "balancers span zones"),
    _both("ELB.14", "classic desync mitigation is defensive", outside=_OLD),
    Control("ELB.17", "listeners use recommended TLS policies"),
    Control("ELB.18", "listeners encrypt"),
    Control("IAM.1", "no policy allows everything"),
    Control("IAM.2", "users have no policies of their own", outside=_PEOPLE),
    _both("IAM.3", "access keys are rotated", lacks="keys are refused as such, not by their age"),
    Control("IAM.4", "root has no access key", outside=_ACCOUNT),
    _both("IAM.5", "users with a password have MFA", outside=_PEOPLE),
    _both("IAM.6", "root has hardware MFA", outside=_ACCOUNT),
    _both("IAM.7", "the password policy is strong", outside=_ACCOUNT),
    _both("IAM.8", "unused credentials are removed", outside=_PEOPLE),
    _pci("IAM.9", "root has MFA", outside=_ACCOUNT),
    _pci("IAM.11", "passwords hold an upper-case letter", outside=_ACCOUNT),
    _pci("IAM.12", "passwords hold a lower-case letter", outside=_ACCOUNT),
    _pci("IAM.14", "passwords hold a number", outside=_ACCOUNT),
    _pci("IAM.16", "passwords are not used again", outside=_ACCOUNT),
    _pci("IAM.17", "passwords expire", outside=_ACCOUNT),
    _pci("IAM.18", "a role handles incidents with AWS Support", outside=_ACCOUNT),
    _pci("IAM.19", "all users have MFA", outside=_PEOPLE),
    Control("IAM.21", "no policy allows all of a service"),
    Control("KMS.1", "managed policies do not decrypt with every key"),
    Control("KMS.2", "inline policies do not decrypt with every key"),
    Control("KMS.3", "keys are not scheduled for deletion", outside=_RUNNING),
    _pci("KMS.4", "keys rotate"),
    Control("KMS.5", "keys are not public"),
    Control("RDS.1", "snapshots are private"),
    _both("RDS.2", "instances are not public"),
    Control("RDS.3", "instances are encrypted"),
    Control("RDS.4", "snapshots are encrypted"),
    Control("RDS.5", "instances have a standby in a second zone"),
    Control("RDS.6", "enhanced monitoring is on"),
    Control("RDS.7", "clusters are protected from deletion"),
    Control("RDS.8", "instances are protected from deletion"),
    _both("RDS.9", "instances publish logs"),
    Control("RDS.10", "instances take IAM authentication"),
    Control("RDS.11", "instances are backed up"),
    Control("RDS.12", "clusters take IAM authentication"),
    _both("RDS.13", "minor versions upgrade by themselves"),
    Control("RDS.14", "Aurora MySQL can backtrack", outside=_ENGINE),
    Control("RDS.15", "clusters span zones"),
    Control("RDS.16", "Aurora clusters copy tags to snapshots"),
    Control("RDS.17", "instances copy tags to snapshots"),
    Control("RDS.19", "event subscriptions hear of clusters"),
    _both("RDS.20", "event subscriptions hear of instances"),
    _both("RDS.21", "somebody hears of parameter group events"),
    _both("RDS.22", "somebody hears of DB security group events", outside="EC2-Classic is gone"),
    Control("RDS.23", "databases leave the default port"),
    _both("RDS.24", "clusters have an administrator's name of their own"),
    _both("RDS.25", "instances have an administrator's name of their own"),
    Control("RDS.27", "clusters are encrypted"),
    _both("RDS.34", "Aurora MySQL publishes audit logs", outside=_ENGINE),
    _both("RDS.35", "clusters upgrade minor versions by themselves"),
    _both("RDS.36", "PostgreSQL instances publish logs"),
    _both("RDS.37", "Aurora PostgreSQL clusters publish logs"),
    Control("RDS.40", "SQL Server publishes logs", outside=_ENGINE),
    Control("RDS.41", "SQL Server encrypts in transit", outside=_ENGINE),
    Control("RDS.42", "MariaDB publishes logs", outside=_ENGINE),
    Control("RDS.43", "proxies demand TLS"),
    Control("RDS.44", "MariaDB encrypts in transit", outside=_ENGINE),
    Control("RDS.45", "Aurora MySQL logs audits", outside=_ENGINE),
    Control("RDS.46", "no instance lies in a subnet with a route to the internet"),
    Control("RDS.47", "PostgreSQL clusters copy tags to snapshots"),
    Control("RDS.48", "MySQL clusters copy tags to snapshots", outside=_ENGINE),
    _both("Route53.2", "public zones log queries"),
    _both("S3.1", "the account blocks public access to buckets", outside=_ACCOUNT),
    Control("S3.2", "buckets are not readable by the public"),
    Control("S3.3", "buckets are not writable by the public"),
    _both("S3.5", "buckets demand TLS"),
    Control("S3.6", "bucket policies keep other accounts from changes"),
    _both("S3.8", "buckets block public access"),
    _both("S3.9", "buckets log accesses"),
    Control("S3.12", "ACLs give no access to buckets"),
    Control("S3.13", "buckets have a lifecycle"),
    _pci("S3.15", "buckets lock their objects"),
    _pci("S3.17", "buckets are encrypted with KMS keys"),
    _both("S3.19", "access points block public access", outside=_NONE),
    _pci("S3.22", "writes of objects are logged", outside=_TRAIL),
    _pci("S3.23", "reads of objects are logged", outside=_TRAIL),
    _both("S3.24", "multi-region access points block public access", outside=_NONE),
    Control("S3.25", "directory buckets have a lifecycle", outside=_NONE),
    _both("SecretsManager.1", "secrets rotate by themselves"),
    _both("SecretsManager.2", "rotation succeeds", outside=_RUNNING),
    Control("SecretsManager.3", "unused secrets are removed", outside=_RUNNING),
    _both("SecretsManager.4", "secrets rotate often enough"),
    Control("SNS.4", "topics are not public"),
    Control("SSM.1", "instances are managed by Systems Manager"),
    _both("SSM.2", "patches are installed", outside=_RUNNING),
    _both("SSM.3", "associations succeed", outside=_RUNNING),
    Control("SSM.4", "documents are not public"),
    Control("SSM.6", "automations log", outside=_ACCOUNT),
    Control("SSM.7", "documents cannot be made public", outside=_ACCOUNT),
    _both("WAF.1", "classic web ACLs log", outside=_NONE),
    Control("WAF.10", "web ACLs have rules"),
    _pci("WAF.11", "web ACLs log"),
    Control("WAF.12", "rules of web ACLs have metrics"),
)

ELSEWHERE: Final = frozenset(
    {
        *("AutoScaling.4", "CloudWatch.16", "ECS.17", "ECS.18", "ECS.19", "ECS.20", "ELB.16"),
        *("ELB.21", "ELB.22", "RDS.26", "RDS.38", "RDS.39"),
    }
)
"""Controls of Security Hub that neither standard counts; rules may name them all the same."""


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
    _cis("2.2", "contact details are current", outside=_ACCOUNT),
    _cis("2.3", "a security contact is registered", outside=_ACCOUNT),
    _cis("2.4", "root has no access key", outside=_ACCOUNT),
    _cis("2.5", "root has MFA", outside=_ACCOUNT),
    _cis("2.6", "root's MFA is hardware", outside=_ACCOUNT),
    _cis("2.7", "root does no daily work", outside=_RUNNING),
    _cis("2.8", "passwords have 14 characters", outside=_ACCOUNT),
    _cis("2.9", "passwords are not used again", outside=_ACCOUNT),
    _cis("2.10", "users with a password have MFA", outside=_PEOPLE),
    _cis("2.11", "unused credentials are disabled", outside=_PEOPLE),
    _cis("2.12", "access keys are rotated", lacks="keys are refused as such, not by their age"),
    _cis("2.13", "users get permissions by groups only", outside=_PEOPLE),
    _cis("2.14", "no policy allows everything"),
    _cis("2.15", "a role handles cases with AWS Support", outside=_ACCOUNT),
    _cis("2.16", "instances reach AWS by a role"),
    _cis("2.17", "expired certificates are removed", outside=_RUNNING),
    _cis("2.18", "Access Analyzer is on", outside=_ACCOUNT),
    _cis("2.19", "people come by federation", outside=_PEOPLE),
    _cis("2.20", "full access to CloudShell is restricted", outside=_PEOPLE),
    _cis("2.21", "no resource policy admits everybody"),
    _cis("3.1.1", "buckets refuse plain HTTP"),
    _cis("3.1.2", "buckets need MFA for deletion", outside="only root can switch it on, by hand"),
    _cis("3.1.3", "sensitive data in S3 is found and classified", outside=_ACCOUNT),
    _cis("3.1.4", "buckets block public access", lacks="the account's own block is not seen"),
    _cis("3.2.1", "RDS instances are encrypted"),
    _cis("3.2.2", "RDS minor versions upgrade by themselves"),
    _cis("3.2.3", "RDS instances are not public"),
    _cis("3.2.4", "RDS instances have a standby in a second zone"),
    _cis("3.3.1", "EFS is encrypted", outside=_NONE),
    _cis("4.1", "CloudTrail is on in all regions", outside=_TRAIL),
    _cis("4.2", "CloudTrail validates its files", outside=_TRAIL),
    _cis("4.3", "Config is on in all regions", outside=_TRAIL),
    _cis("4.4", "the trail's bucket logs accesses", outside=_TRAIL),
    _cis("4.5", "the trail is encrypted by a key of one's own", outside=_TRAIL),
    _cis("4.6", "keys rotate"),
    _cis("4.7", "VPCs have flow logs"),
    _cis("4.8", "writes of objects are logged", outside=_TRAIL),
    _cis("4.9", "reads of objects are logged", outside=_TRAIL),
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
    _cis("5.16", "Security Hub is on", outside=_ACCOUNT),
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
