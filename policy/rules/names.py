"""Names, texts and periods that AWS refuses, of what is neither a database nor a balancer."""

import re
from collections.abc import Iterator
from typing import Final

from graph.tokens import (
    AUTOSCALING_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
)
from rules.limits import (
    LATE,
    Values,
    chosen,
    misspelled,
    ranged,
    spelled,
    together,
)
from rules.rule import Rule, Severity
from rules.subject import Fault, Subject, Test, count, elements, every, number, present, rule

_IAM: Final = {
    "aws:iam/role:Role": 64,
    "aws:iam/user:User": 64,
    "aws:iam/policy:Policy": 128,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:iam/userPolicy:UserPolicy": 128,
    "aws:iam/group:Group": 128,
    "aws:iam/instanceProfile:InstanceProfile": 128,
}
_REFERENCE: Final = "https://docs.aws.amazon.com/"
_TEXT: Final = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}"
_MATCHES: Final = re.compile(_TEXT).fullmatch
_TEXT_SAID: Final = "up to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*"
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTION: Final = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827),
    *(2192, 2557, 2922, 3288, 3653),
)
_LEVELS: Final = 15
_STANDARD: Final = 4096
_ADVANCED: Final = 8192
_SHORT_PERIODS: Final = (10, 20, 30)
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_WEEK: Final = 7 * _DAY
_ACTIONS: Final = 5


def _iam(subject: Subject) -> Iterator[Fault]:
    most = _IAM[subject.type]
    said = f"up to {most} letters, digits and _+=,.@-"
    yield from spelled("name", rf"[\w+=,.@-]{{1,{most}}}", said)(subject)
    if subject.type == "aws:iam/role:Role":
        yield from ranged("maxSessionDuration", 3600, 43200, "s")(subject)
    yield from spelled(
        "description", r"[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}", "up to 1000 Latin characters"
    )(subject)


def _described(subject: Subject) -> Iterator[Fault]:
    yield from spelled("description", _TEXT, _TEXT_SAID)(subject)
    if subject.type != SECURITY_GROUP:
        return
    yield from spelled("name", rf"(?!sg-){_TEXT}", f"{_TEXT_SAID}, and no sg- first")(subject)
    for path in ("ingress", "egress"):
        for where, item in elements(subject.at(path), path)[0]:
            value = item.get("description")
            yield from misspelled(value, f"{where}.description", _MATCHES, _TEXT_SAID)


def _parameter(subject: Subject) -> Iterator[Fault]:
    path = "name"
    name = subject.at(path)
    said = "letters, digits and _.-/, a slash first where there is one"
    yield from spelled(path, r"/?[\w.-]+|(/[\w.-]+)+", said)(subject)
    if isinstance(name, str):
        parts = name.strip("/").split("/")
        if parts[0].lower().startswith(("aws", "ssm")):
            yield Fault(f"has the name {name}, and AWS keeps names with aws or ssm first", path)
        if len(parts) > _LEVELS:
            yield Fault(f"has a name of {len(parts)} levels, more than {_LEVELS}", path)
    most = _STANDARD if subject.at("tier") in (None, "Standard") else _ADVANCED
    for key in ("value", "insecureValue", "valueWo"):
        value = subject.at(key)  # one that is not known is weighed at the update that knows it
        if isinstance(value, str) and len(value.encode()) > most:
            says = f"has {len(value.encode())} bytes, more than the {most} of its tier"
            yield Fault(says, key)


def _alarm(values: Values) -> Iterator[Fault]:
    period, times = number(values["period"]), number(values["evaluationPeriods"])
    if period is not None and period not in _SHORT_PERIODS and (period % _MINUTE or period <= 0):
        yield Fault(f"has a period of {period:g} s, not 10, 20, 30 or whole minutes", "period")
    if times is not None and times < 1:
        yield Fault(f"evaluates {times:g} periods, not one or more", "evaluationPeriods")
    most = _DAY if (period or 0) < _HOUR else _WEEK
    if period and times and period * times > most:
        yield Fault(
            f"looks back {period * times:g} s, more than the {most:g} that CloudWatch takes",
            "evaluationPeriods",
        )
    points = number(values["datapointsToAlarm"])
    if points and times and points > times:
        says = f"waits for {points:g} points of {times:g} periods"
        yield Fault(says, "datapointsToAlarm")
    if not present(values["metricName"]) and not present(values["metricQueries"]):
        yield Fault("watches no metric", "metricName")


def _alarm_actions(subject: Subject) -> Iterator[Fault]:
    for path in ("alarmActions", "okActions", "insufficientDataActions"):
        if count(subject.at(path)) > _ACTIONS:
            yield Fault(f"has more than {_ACTIONS} {path}", path)


def _sizes(values: Values) -> Iterator[Fault]:
    least, most = number(values["minSize"]), number(values["maxSize"])
    desired, life = number(values["desiredCapacity"]), number(values["maxInstanceLifetime"])
    if least is not None and most is not None and not 0 <= least <= most:
        yield Fault(f"has at least {least:g} hosts and at most {most:g}", "minSize")
    if desired is not None and (
        (least is not None and desired < least) or (most is not None and desired > most)
    ):
        says = f"wants {desired:g} hosts, not {least or 0:g} to {most or 0:g}"
        yield Fault(says, "desiredCapacity")
    if life and not _DAY <= life <= 365 * _DAY:
        yield Fault(f"replaces hosts after {life:g} s, not a day to a year", "maxInstanceLifetime")


def _limit(test: Test, *types: str, name: str, title: str, fix: str, url: str) -> Rule:
    """Return the rule that AWS itself enforces, later."""
    return rule(
        test,
        *types,
        name=name,
        title=title,
        severity=Severity.MEDIUM,
        why=LATE,
        fix=fix,
        url=f"{_REFERENCE}{url}",
    )


_OTHER: Final = "choose another name, or leave it to Pulumi"

RULES: Final[tuple[Rule, ...]] = (
    _limit(
        _iam,
        *_IAM,
        name="iam-names-legal",
        title="Roles, users and policies have names that IAM takes",
        fix="shorten the name; a role's sessions last 3600 to 43200 s",
        url="IAM/latest/UserGuide/reference_iam-quotas.html",
    ),
    _limit(
        _described,
        SECURITY_GROUP,
        INGRESS_RULE,
        EGRESS_RULE,
        SECURITY_GROUP_RULE,
        name="sg-text-legal",
        title="Security groups have names and descriptions that EC2 takes",
        fix="use 255 plain characters or fewer; apostrophes are none of them",
        url="AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
    ),
    _limit(
        every(
            spelled("name", r"[.\-_/#A-Za-z0-9]{1,512}", "up to 512 letters, digits and .-_/#"),
            chosen("retentionInDays", *_RETENTION),
        ),
        "aws:cloudwatch/logGroup:LogGroup",
        name="logs-names-legal",
        title="Log groups have names and periods that CloudWatch takes",
        fix="choose another name, and a period that CloudWatch has, such as 90 days",
        url="AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    ),
    _limit(
        _parameter,
        "aws:ssm/parameter:Parameter",
        name="ssm-parameter-legal",
        title="Parameters have names and sizes that Parameter Store takes",
        fix="choose another name, or the tier Advanced for values above 4 KB",
        url="systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    ),
    _limit(
        every(
            spelled("name", r"[^\x00-\x1f\x7f]{1,255}", "up to 255 characters"),
            together(
                "period",
                "evaluationPeriods",
                "datapointsToAlarm",
                "metricName",
                "metricQueries",
                test=_alarm,
            ),
            _alarm_actions,
        ),
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        name="alarm-legal",
        title="Alarms have periods that CloudWatch takes",
        fix="look back a day at most, or a week with periods of an hour",
        url="AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    _limit(
        together("minSize", "maxSize", "desiredCapacity", "maxInstanceLifetime", test=_sizes),
        AUTOSCALING_GROUP,
        name="asg-sizes-legal",
        title="Groups of hosts want as many as they may have",
        fix="keep min_size <= desired_capacity <= max_size",
        url="autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html",
    ),
    _limit(
        spelled(
            "name",
            r"(?=.{1,127}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
            r"(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*",
            "labels of up to 63 letters, digits, hyphens and underscores, 127 in all",
        ),
        "aws:servicediscovery/service:Service",
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
        "aws:servicediscovery/publicDnsNamespace:PublicDnsNamespace",
        name="cloudmap-names-legal",
        title="Services and namespaces have names that Cloud Map takes",
        fix=_OTHER,
        url="cloud-map/latest/api/API_CreateService.html",
    ),
    _limit(
        spelled(
            "name",
            r"(?=.{2,256}$)[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*",
            "2 to 256 small letters, digits and ._-/, none of these first, last or twice",
        ),
        "aws:ecr/repository:Repository",
        name="ecr-names-legal",
        title="Repositories have names that ECR takes",
        fix=_OTHER,
        url="AmazonECR/latest/APIReference/API_CreateRepository.html",
    ),
    _limit(
        spelled(
            "bucket",
            r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap)$)(?!.*\.\.)"
            r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            "3 to 63 small letters, digits, dots and hyphens, a letter or digit first and last",
        ),
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        name="s3-names-legal",
        title="Buckets have names that S3 takes",
        fix=_OTHER,
        url="AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    _limit(
        spelled(
            "name",
            r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
            "alias/ and up to 250 letters, digits and /_-, but not alias/aws/",
        ),
        "aws:kms/alias:Alias",
        name="kms-alias-legal",
        title="Aliases of keys have names that KMS takes",
        fix=_OTHER,
        url="kms/latest/APIReference/API_CreateAlias.html",
    ),
)
