"""The controls of others: which there are, and what a look at a stack cannot tell of them.

Ids of Security Hub's controls and the standards they belong to:
`fsbp-standard.html` and `pci-standard.html` of https://docs.aws.amazon.com/securityhub/latest/userguide/.
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


ACCOUNT: Final = "a setting of the account, not of a stack"
RUNNING: Final = "shows only while it runs"
_OLD: Final = "classic load balancers are no part of the stack"
_ENGINE: Final = "speaks of another database engine"
NONE: Final = "the stack has no resource of this kind"
PEOPLE: Final = "IAM users and their credentials are the account's"
TRAIL: Final = "CloudTrail and Config belong to the account"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
_LOGS_KEY: Final = "a balancer can write its logs to buckets under S3's own key only"
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
    Control("EC2.1", "EBS snapshots are not public", outside=NONE),
    Control("EC2.2", "default security groups are closed"),
    Control("EC2.3", "attached volumes are encrypted"),
    Control("EC2.4", "stopped instances are removed", outside=RUNNING),
    Control("EC2.6", "VPCs have flow logs"),
    Control("EC2.7", "EBS encrypts by default", outside=ACCOUNT),
    _both("EC2.8", "instances demand IMDSv2"),
    Control("EC2.9", "instances have no public IPv4 address"),
    Control("EC2.10", "VPCs have an endpoint for EC2"),
    _pci("EC2.13", "SSH is closed to the world"),
    _pci("EC2.14", "RDP is closed to the world"),
    _both("EC2.15", "subnets assign no public addresses"),
    _both("EC2.16", "network ACLs are in use"),
    Control("EC2.17", "instances have one network interface", outside=NONE),
    Control("EC2.18", "only authorised ports are open to the world"),
    Control("EC2.19", "high-risk ports are closed to the world"),
    Control("EC2.20", "both tunnels of a VPN are up", outside=RUNNING),
    _both("EC2.21", "network ACLs keep the world from SSH and RDP"),
    Control("EC2.23", "transit gateways accept nobody by themselves", outside=NONE),
    Control("EC2.24", "no paravirtual instances", outside="no current instance type is"),
    _both("EC2.25", "launch templates give no public address"),
    _both("EC2.51", "Client VPN logs its connections", outside=NONE),
    _pci("EC2.53", "administration ports are closed to 0.0.0.0/0"),
    _pci("EC2.54", "administration ports are closed to ::/0"),
    Control("EC2.55", "VPCs have an endpoint for the ECR API"),
    Control("EC2.56", "VPCs have an endpoint for the Docker registry"),
    Control("EC2.57", "VPCs have an endpoint for Systems Manager"),
    Control("EC2.58", "VPCs have an endpoint for incident contacts", outside=_CONTACTS),
    Control("EC2.60", "VPCs have an endpoint for Incident Manager", outside=_CONTACTS),
    _both("EC2.170", "launch templates demand IMDSv2"),
    _both("EC2.171", "VPN connections log", outside=NONE),
    Control("EC2.172", "VPC Block Public Access blocks internet gateways"),
    Control("EC2.173", "Spot Fleets encrypt their volumes", outside=NONE),
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
    Control("IAM.2", "users have no policies of their own"),
    _both("IAM.3", "access keys are rotated", lacks="keys are refused as such, not by their age"),
    Control("IAM.4", "root has no access key", outside=ACCOUNT),
    _both("IAM.5", "users with a password have MFA", outside=PEOPLE),
    _both("IAM.6", "root has hardware MFA", outside=ACCOUNT),
    _both("IAM.7", "the password policy is strong", outside=ACCOUNT),
    _both("IAM.8", "unused credentials are removed", outside=PEOPLE),
    _pci("IAM.9", "root has MFA", outside=ACCOUNT),
    _pci("IAM.11", "passwords hold an upper-case letter", outside=ACCOUNT),
    _pci("IAM.12", "passwords hold a lower-case letter", outside=ACCOUNT),
    _pci("IAM.14", "passwords hold a number", outside=ACCOUNT),
    _pci("IAM.16", "passwords are not used again", outside=ACCOUNT),
    _pci("IAM.17", "passwords expire", outside=ACCOUNT),
    _pci("IAM.18", "a role handles incidents with AWS Support", outside=ACCOUNT),
    _pci("IAM.19", "all users have MFA", outside=PEOPLE),
    Control("IAM.21", "no policy allows all of a service"),
    Control("KMS.1", "managed policies do not decrypt with every key"),
    Control("KMS.2", "inline policies do not decrypt with every key"),
    Control("KMS.3", "keys are not scheduled for deletion", outside=RUNNING),
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
    _both(
        "RDS.21", "somebody hears of parameter group events", lacks="only databases are asked for"
    ),
    _both("RDS.22", "somebody hears of DB security group events", outside="EC2-Classic is gone"),
    Control("RDS.23", "databases leave the default port"),
    _both("RDS.24", "clusters have an administrator's name of their own"),
    _both("RDS.25", "instances have an administrator's name of their own"),
    Control("RDS.27", "clusters are encrypted"),
    _both("RDS.34", "Aurora MySQL publishes audit logs", outside=_ENGINE),
    _both(
        "RDS.35",
        "clusters upgrade minor versions by themselves",
        lacks="asked of a cluster's instances, not of Multi-AZ clusters",
    ),
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
    _both("S3.1", "the account blocks public access to buckets", outside=ACCOUNT),
    Control("S3.2", "buckets are not readable by the public"),
    Control("S3.3", "buckets are not writable by the public"),
    _both("S3.5", "buckets demand TLS"),
    Control("S3.6", "bucket policies keep other accounts from changes"),
    _both("S3.8", "buckets block public access"),
    _both("S3.9", "buckets log accesses"),
    Control("S3.12", "ACLs give no access to buckets"),
    Control("S3.13", "buckets have a lifecycle"),
    _pci("S3.15", "buckets lock their objects", outside="no bucket here keeps evidence"),
    _pci("S3.17", "buckets are encrypted with KMS keys", outside=_LOGS_KEY),
    _both("S3.19", "access points block public access", outside=NONE),
    _pci("S3.22", "writes of objects are logged", outside=TRAIL),
    _pci("S3.23", "reads of objects are logged", outside=TRAIL),
    _both("S3.24", "multi-region access points block public access", outside=NONE),
    Control("S3.25", "directory buckets have a lifecycle", outside=NONE),
    _both("SecretsManager.1", "secrets rotate by themselves"),
    _both("SecretsManager.2", "rotation succeeds", outside=RUNNING),
    Control("SecretsManager.3", "unused secrets are removed", outside=RUNNING),
    _both("SecretsManager.4", "secrets rotate often enough"),
    Control("SNS.4", "topics are not public"),
    Control("SSM.1", "instances are managed by Systems Manager"),
    _both("SSM.2", "patches are installed", outside=RUNNING),
    _both("SSM.3", "associations succeed", outside=RUNNING),
    Control("SSM.4", "documents are not public"),
    Control("SSM.6", "automations log", outside=ACCOUNT),
    Control("SSM.7", "documents cannot be made public", outside=ACCOUNT),
    _both("WAF.1", "classic web ACLs log", outside=NONE),
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
