"""Bad configurations, each with the key and the words of its one message."""

# ruff: noqa: E501 - a table is read by its rows

from typing import Any

import pytest

from tests.settings.configuration import PIN, problems

OTHER = "acme/shared/network"
CERTIFICATE = "arn:aws:acm:{}:{}:certificate/12345678-1234-1234-1234-123456789012"
SUBNETS = ["subnet-00000000", "subnet-11111111"]
ADOPTED = {
    "network/source": "adopt",
    "network/vpcId": "vpc-01234567",
    "network/publicSubnets": SUBNETS,
    "network/privateSubnets": ["subnet-22222222", "subnet-33333333"],
    "network/dataSubnets": ["subnet-44444444", "subnet-55555555"],
}
RESTORED = {"database/masterPassword": "secret"}

Case = tuple[dict[str, Any], str, list[str]]

STACK: dict[str, Case] = {
    "account with 11 digits": ({"account": "12345678901"}, "account", ["12 digits", "in quotes"]),
    "no account": ({"account": None}, "account", ["not set", "pulumi config set account"]),
    "no region": ({"aws:region": ""}, "aws:region", ["not set", "aws:region"]),
    "region with a zone": ({"aws:region": "eu-west-1a"}, "aws:region", ["eu-west-1a", "without a zone"]),
    "misspelt architecture": ({"architecture": "arm"}, "architecture", ["arm64", "x86_64"]),
    "protect is neither": ({"protect": "maybe"}, "protect", ["true or false", "default, true"]),
    "tag of AWS": ({"tags": {"aws:team": "x"}}, "tags.aws:team", ["aws:", "prefix"]),
    "tag of the program": ({"tags": {"perpetual:stack": "x"}}, "tags.perpetual:stack", ["tells resources apart"]),
    "tag called Name": ({"tags": {"Name": "x"}}, "tags.Name", ["remove the line"]),
    "tag with a long key": ({"tags": {"k" * 129: "x"}}, f"tags.{'k' * 129}", ["1 to 128"]),
    "tag with a long value": ({"tags": {"k": "x" * 257}}, "tags.k", ["up to 256"]),
    "tag with odd characters": ({"tags": {"k": "a;b"}}, "tags.k", ["a;b", "reword"]),
    "too many tags": ({"tags": {f"k{n}": "x" for n in range(43)}}, "tags", ["at most 42"]),
    "tag that is a list": ({"tags": {"k": ["x"]}}, "tags.k", ["[x]", "text"]),
}  # fmt: skip

NETWORK: dict[str, Case] = {
    "range too small": ({"network/cidr": "10.0.0.0/21"}, "network.cidr", ["/16 to /20", "10.0.0.0/16"]),
    "range too large": ({"network/cidr": "10.0.0.0/15"}, "network.cidr", ["/16 to /20"]),
    "range not aligned": ({"network/cidr": "10.0.8.0/16"}, "network.cidr", ["10.0.8.0/16", "first address", "set 10.0.0.0/16"]),
    "range of the public": ({"network/cidr": "54.10.0.0/16"}, "network.cidr", ["10.0.0.0/8", "private"]),
    "range of Docker": ({"network/cidr": "172.17.0.0/16"}, "network.cidr", ["Docker's bridge"]),
    "no range": ({"network/cidr": "10.0.0.0"}, "network.cidr", ["CIDR", "address/length"]),
    "range of IPv6": ({"network/cidr": "fd00::/16"}, "network.cidr", ["IPv4"]),
    "one zone": ({"network/zones": ["a"]}, "network.zones", ["two to four", "no slot moves"]),
    "five zones": ({"network/zones": list("abcde")}, "network.zones", ["four slots"]),
    "zone twice": ({"network/zones": ["a", "b", "a"]}, "network.zones", ["[a, b, a]", "second a"]),
    "zone with its region": ({"network/zones": ["eu-west-1a", "b"]}, "network.zones[0]", ["one letter", "eu-west-1b is b"]),
    "zone that YAML takes for true": ({"network/zones": ["a", True]}, "network.zones[1]", ["true", "in quotes"]),
    "zones as text": ({"network/zones": "a, b"}, "network.zones", ["a list"]),
    "misspelt NAT mode": ({"network/nat": "per-zones"}, "network.nat", ["per-zone, single or none", "set per-zone, the nearest"]),
    "unknown endpoint": ({"network/interfaceEndpoints": ["s3"]}, "network.interfaceEndpoints[0]", ["ecr, logs, ssm or secretsmanager"]),
    "endpoint twice": ({"network/interfaceEndpoints": ["ssm", "ssm"]}, "network.interfaceEndpoints", ["second ssm"]),
    "retention CloudWatch lacks": ({"network/flowLogRetentionDays": 31}, "network.flowLogRetentionDays", ["30, 60", "default, 30"]),
    "adopt without a VPC": ({**ADOPTED, "network/vpcId": None}, "network.vpcId", ["VPC to adopt"]),
    "adopt without a tier": ({**ADOPTED, "network/dataSubnets": None}, "network.dataSubnets", ["not set", "2 subnet ids", "a and b"]),
    "adopt with too few": ({**ADOPTED, "network/zones": list("abc"), "network/publicSubnets": [*SUBNETS, "subnet-66666666"], "network/privateSubnets": ["subnet-22222222", "subnet-33333333", "subnet-77777777"]}, "network.dataSubnets", ["3 subnet ids"]),
    "adopt one subnet in two tiers": ({**ADOPTED, "network/dataSubnets": [*SUBNETS[:1], "subnet-66666666"]}, "network", ["subnet-00000000", "one tier"]),
    "adopt with a range": ({**ADOPTED, "network/cidr": "10.9.0.0/16"}, "network.cidr", ["source is create"]),
    "adopt with a NAT mode": ({**ADOPTED, "network/nat": "per-zone"}, "network.nat", ["remove the line"]),
    "VPC without adopt": ({"network/vpcId": "vpc-01234567"}, "network.vpcId", ["set network.source: adopt"]),
    "subnets without adopt": ({"network/dataSubnets": SUBNETS}, "network.dataSubnets", ["source is adopt"]),
    "VPC id that is a name": ({"network/vpcId": "main"}, "network.vpcId", ["vpc-", "describe-vpcs"]),
    "subnet id cut short": ({"network/dataSubnets": ["subnet-0123"]}, "network.dataSubnets[0]", ["subnet-", "describe-subnets"]),
    "pin without a stack": ({"network/pin": PIN}, "network.pin", ["set network.source: stack"]),
    "stack without a pin": ({"network/source": "stack", "network/stack": OTHER}, "network.pin", ["not set", "pulumi stack output pins"]),
    "pin only": ({"network/source": "stack", "network/pin": PIN}, "network.stack", ["not set", "organization/project/stack"]),
    "pin that is none": ({"network/source": "stack", "network/stack": OTHER, "network/pin": "v1"}, "network.pin", ["64 hexadecimal"]),
    "stack without its project": ({"network/source": "stack", "network/stack": "network", "network/pin": PIN}, "network.stack", ["all three parts"]),
    "stack that is this one": ({"network/source": "stack", "network/stack": "acme/shop/prod", "network/pin": PIN}, "network.stack", ["another stack"]),
    "private zone hides the domain": ({"network/privateZone": "example.com"}, "network.privateZone", ["hide the public record", "internal.example.com"]),
    "private zone of discovery": ({"network/privateZone": "prod.perpetual.internal"}, "network.privateZone", ["service discovery"]),
    "private zone that is no name": ({"network/privateZone": "internal"}, "network.privateZone", ["at least one dot"]),
}  # fmt: skip

DATABASE: dict[str, Case] = {
    "old engine": ({"database/engineVersion": "14"}, "database.engineVersion", ["15, 16, 17 or 18", "TLS by default"]),
    "engine that does not exist": ({"database/engineVersion": 27}, "database.engineVersion", ["15, 16, 17 or 18"]),
    "retired minor": ({"database/engineVersion": "17.4"}, "database.engineVersion", ["17.5 or later", 'engineVersion: "17"']),
    "version without quotes": ({"database/engineVersion": 17.1}, "database.engineVersion", ["quotes", "17.10 as the number 17.1"]),
    "version with a patch": ({"database/engineVersion": "17.5.1"}, "database.engineVersion", ["major.minor"]),
    "class without db": ({"database/instanceClass": "m7g.large"}, "database.instanceClass", ["db.<family>.<size>", "db.m7g.large"]),
    "class of old": ({"database/instanceClass": "db.m4.large"}, "database.instanceClass", ["successor"]),
    "class of Aurora": ({"database/instanceClass": "db.serverless"}, "database.instanceClass", ["db.<family>.<size>"]),
    "too little storage": ({"database/storageGib": 10}, "database.storageGib", ["20 to 65536"]),
    "too much storage": ({"database/storageGib": 70000, "database/maxStorageGib": 0}, "database.storageGib", ["20 to 65536"]),
    "ceiling below storage": ({"database/storageGib": 200}, "database.maxStorageGib", ["100 is refused", "at least 220", "0 to turn"]),
    "ceiling hardly above": ({"database/storageGib": 100, "database/maxStorageGib": 109}, "database.maxStorageGib", ["at least 110"]),
    "managed with replicas": ({"database/replicas": 1}, "database.masterPassword", ["no replica", "masterPassword: secret", "replace the password in RDS"]),
    "managed with a snapshot": ({"database/source": "snapshot", "database/snapshot": "nightly"}, "database.masterPassword", ["source is snapshot", "set masterPassword: secret"]),
    "managed with a restore": ({"database/source": "pointInTime", "database/restoreFrom": "old"}, "database.masterPassword", ["source is pointInTime"]),
    "too many replicas": ({"database/replicas": 16, **RESTORED}, "database.replicas", ["0 to 15"]),
    "replica without backups": ({"database/replicas": 1, "database/backupRetentionDays": 0, **RESTORED}, "database.backupRetentionDays", ["1 to 35", "made from a backup"]),
    "backups too long": ({"database/backupRetentionDays": 36}, "database.backupRetentionDays", ["0 to 35"]),
    "snapshot not named": ({"database/source": "snapshot", **RESTORED}, "database.snapshot", ["what to restore"]),
    "restore not named": ({"database/source": "pointInTime", **RESTORED}, "database.restoreFrom", ["what to restore"]),
    "snapshot not used": ({"database/snapshot": "nightly"}, "database.snapshot", ["set database.source: snapshot"]),
    "moment not used": ({"database/restoreTime": "2026-11-22T20:00:00Z"}, "database.restoreTime", ["pointInTime"]),
    "moment without a zone": ({"database/source": "pointInTime", "database/restoreFrom": "old", "database/restoreTime": "2026-11-22 20:00", **RESTORED}, "database.restoreTime", ["UTC", "end it with Z"]),
    "moment that does not exist": ({"database/source": "pointInTime", "database/restoreFrom": "old", "database/restoreTime": "2026-02-30T20:00:00Z", **RESTORED}, "database.restoreTime", ["exist"]),
    "restore from an endpoint": ({"database/source": "pointInTime", "database/restoreFrom": "old.abc.rds.amazonaws.com", **RESTORED}, "database.restoreFrom", ["not the endpoint"]),
    "shape of another's database": ({"database/source": "stack", "database/stack": OTHER, "database/pin": PIN, "database/multiAz": True}, "database.multiAz", ["database.stack"]),
    "database without a pin": ({"database/source": "stack", "database/stack": OTHER}, "database.pin", ["database.source is stack"]),
    "name of an SQL word": ({"database/name": "order"}, "database.name", ["reserved words"]),
    "name of the system": ({"database/name": "postgres"}, "database.name", ["rdsadmin"]),
    "name in upper case": ({"database/name": "Shop"}, "database.name", ["lower-case"]),
    "user that RDS keeps": ({"database/username": "admin"}, "database.username", ["rdsadmin"]),
    "user like a system role": ({"database/username": "pg_monitor"}, "database.username", ["pg_"]),
    "user too long": ({"database/username": "a" * 17}, "database.username", ["1 to 16"]),
    "port below RDS's": ({"database/port": 543}, "database.port", ["1150 to 65535"]),
    "backup window too short": ({"database/backupWindow": "03:00-03:20"}, "database.backupWindow", ["30 minutes"]),
    "backup window that is none": ({"database/backupWindow": "3am"}, "database.backupWindow", ["hh:mm-hh:mm"]),
    "windows that meet": ({"database/backupWindow": "04:30-05:30"}, "database.backupWindow", ["sun:04:00-sun:05:00", "move either"]),
    "maintenance on a wrong day": ({"database/maintenanceWindow": "sunday:04:00-sun:05:00"}, "database.maintenanceWindow", ["mon to sun"]),
    "maintenance too short": ({"database/maintenanceWindow": "sun:04:00-sun:04:10"}, "database.maintenanceWindow", ["30 minutes"]),
    "retired certificate": ({"database/caCertificate": "rds-ca-2019"}, "database.caCertificate", ["rds-ca-rsa2048-g1"]),
    "parameter in upper case": ({"database/parameters": {"Work_Mem": "4096"}}, "database.parameters.Work_Mem", ["Work_Mem is refused", "lower case"]),
    "monitoring interval": ({"database/monitoringSeconds": 20}, "database.monitoringSeconds", ["0, 1, 5, 10, 15, 30 or 60"]),
    "insights": ({"database/insights": "basic"}, "database.insights", ["standard or advanced"]),
    "password mode": ({"database/masterPassword": "manged"}, "database.masterPassword", ["set managed, the nearest"]),
}  # fmt: skip

HOSTS: dict[str, Case] = {
    "no type": ({"hosts/instanceTypes": []}, "hosts.instanceTypes", ["at least one", "t4g.medium"]),
    "type twice": ({"hosts/instanceTypes": ["m7g.large"] * 2}, "hosts.instanceTypes", ["second m7g.large"]),
    "type of another processor": ({"hosts/instanceTypes": ["m7i.large"]}, "hosts.instanceTypes", ["m7i.large", "arm64"]),
    "Graviton under x86_64": ({"architecture": "x86_64"}, "hosts.instanceTypes", ["t4g.medium is refused", "x86_64", "m7i.large"]),
    "type that is none": ({"hosts/instanceTypes": ["medium"]}, "hosts.instanceTypes[0]", ["<family>.<size>"]),
    "more at least than at most": ({"hosts/minimum": 5}, "hosts.maximum", ["hosts.minimum, 5"]),
    "no host": ({"hosts/minimum": 0}, "hosts.minimum", ["1 to 500"]),
    "volume below the image's": ({"hosts/volumeGib": 20}, "hosts.volumeGib", ["30 to 16384"]),
    "disk full too late": ({"hosts/diskFullPercent": 99}, "hosts.diskFullPercent", ["50 to 95"]),
    "AMI that is none": ({"hosts/image": "al2023"}, "hosts.image", ["ami-", "current ECS-optimized"]),
    "cluster too small": ({"hosts/maximum": 2, "service/desired": 5}, "hosts.maximum", ["5 tasks", "one host holds 2", "set 3 or more"]),
    "cluster too small for autoscaling": ({"hosts/maximum": 2, "service/autoscaling": True}, "hosts.maximum", ["8 tasks", "set 4 or more"]),
    "no place for one more": ({"hosts/maximum": 2, "service/desired": 4, "service/minimumHealthyPercent": 100}, "hosts.maximum", ["5 tasks"]),
    "task larger than a host": ({"service/memoryReservationMib": 5000, "service/memoryMib": 6000}, "service.memoryReservationMib", ["4096 MiB of t4g.medium"]),
    "task with more CPU than a host": ({"service/cpu": 4096}, "service.cpu", ["2048 units of t4g.medium"]),
}  # fmt: skip

SERVICE: dict[str, Case] = {
    "one task at 50/150": ({"service/desired": 1}, "service.maximumPercent", ["150 is refused", "1 task ", "no deployment", "maximumPercent: 200", "minimumHealthyPercent: 0"]),
    "all healthy, none more": ({"service/minimumHealthyPercent": 100, "service/maximumPercent": 100}, "service.maximumPercent", ["maximumPercent: 150", "minimumHealthyPercent: 50"]),
    "rounded away": ({"service/desired": 3, "service/minimumHealthyPercent": 67, "service/maximumPercent": 133}, "service.maximumPercent", ["3 tasks", "maximumPercent: 134", "minimumHealthyPercent: 66"]),
    "stuck after scaling in": ({"service/autoscaling": True, "service/desired": 1}, "service.maximumPercent", ["1 task "]),
    "maximum below 100": ({"service/maximumPercent": 90}, "service.maximumPercent", ["100 to 200"]),
    "negative tasks": ({"service/desired": -1}, "service.desired", ["0 to 1000"]),
    "half a task": ({"service/desired": 2.5}, "service.desired", ["2.5", "whole number"]),
    "true for a number": ({"service/desired": True}, "service.desired", ["true is refused", "whole number"]),
    "reservation above the limit": ({"service/memoryReservationMib": 2048}, "service.memoryReservationMib", ["less than service.memoryMib, 1792", "896"]),
    "reservation equal to the limit": ({"service/memoryReservationMib": 1792}, "service.memoryReservationMib", ["less than"]),
    "too little CPU": ({"service/cpu": 64}, "service.cpu", ["128 to 196608"]),
    "drain beyond what ECS waits": ({"service/drainSeconds": 106}, "service.drainSeconds", ["0 to 105"]),
    "privileged port": ({"service/port": 80}, "service.port", ["1024 to 65535"]),
    "one port for both": ({"service/port": 9100}, "service.distributionPort", ["other than service.port"]),
    "port of the database": ({"service/distributionPort": 5432}, "service.distributionPort", ["other than database.port"]),
    "autoscaling without a range": ({"service/autoscaling": True, "service/autoscalingMaximum": 2}, "service.autoscalingMaximum", ["service.desired, 2"]),
    "autoscaling from nothing": ({"service/autoscaling": True, "service/desired": 0, "service/maximumPercent": 200}, "service.desired", ["1 or more"]),
    "variable of the program": ({"service/environment": {"PORT": "80"}}, "service.environment.PORT", ["settings of their own"]),
    "variable of ECS": ({"service/environment": {"ECS_X": "1"}}, "service.environment.ECS_X", ["nor ECS"]),
    "password in plain": ({"service/environment": {"SMTP_PASSWORD": "hunter2"}}, "service.environment.SMTP_PASSWORD", ["service.secrets", "perpetual secrets"]),
    "key in plain": ({"service/environment": {"STRIPE_API_KEY": "hunter2"}}, "service.environment.STRIPE_API_KEY", ["nothing secret"]),
    "password inside an address": ({"service/environment": {"CACHE": "redis://u:hunter2@host"}}, "service.environment.CACHE", ["nothing secret"]),
    "variable that is no name": ({"service/environment": {"MY-VAR": "1"}}, "service.environment.MY-VAR", ["MY-VAR is refused", "underscores"]),
    "fraction for text": ({"service/environment": {"RATIO": 0.5}}, "service.environment.RATIO", ["in quotes"]),
    "secret twice": ({"service/secrets": ["A", "A"]}, "service.secrets", ["each name once"]),
    "secret of every stack": ({"service/secrets": ["DATABASE_URL"]}, "service.secrets", ["every stack has"]),
    "secret of migrations": ({"service/secrets": ["MIGRATOR_DATABASE_URL"]}, "service.secrets", ["for migrations alone"]),
    "secret and variable": ({"service/secrets": ["A"], "service/environment": {"A": "1"}}, "service.secrets", ["a name once"]),
    "secret of the program's name": ({"service/secrets": ["PGSSLMODE"]}, "service.secrets", ["choose another name"]),
    "log mode": ({"service/logMode": "async"}, "service.logMode", ["blocking or non-blocking"]),
    "log retention": ({"service/logRetentionDays": 10}, "service.logRetentionDays", ["7, 14"]),
}  # fmt: skip

BALANCER: dict[str, Case] = {
    "no domain": ({"balancer/domain": None}, "balancer.domain", ["not set", "--path balancer.domain"]),
    "domain with a scheme": ({"balancer/domain": "https://app.example.com"}, "balancer.domain", ["no scheme"]),
    "domain of one word": ({"balancer/domain": "localhost"}, "balancer.domain", ["at least one dot"]),
    "domain in upper case": ({"balancer/domain": "App.example.com"}, "balancer.domain", ["lower case"]),
    "address for a domain": ({"balancer/domain": "10.0.0.1"}, "balancer.domain", ["host name"]),
    "domain too long for a certificate": ({"balancer/domain": f"{'a' * 60}.example.com"}, "balancer.domain", ["at most 64"]),
    "domain without a zone": ({"balancer/zoneId": None}, "balancer.zoneId", ["not set", "zone that balancer.domain is in", "list-hosted-zones", "certificateArn"]),
    "zone by name": ({"balancer/zoneId": "example.com"}, "balancer.zoneId", ["begins with Z"]),
    "weight without a zone": ({"balancer/zoneId": None, "balancer/weight": 10, "balancer/certificateArn": CERTIFICATE.format("eu-west-1", "111122223333")}, "balancer.weight", ["balancer.zoneId"]),
    "certificate of another region": ({"balancer/certificateArn": CERTIFICATE.format("us-east-1", "111122223333")}, "balancer.certificateArn", ["region eu-west-1"]),
    "certificate of another account": ({"balancer/certificateArn": CERTIFICATE.format("eu-west-1", "444455556666")}, "balancer.certificateArn", ["account 111122223333"]),
    "certificate that is none": ({"balancer/certificateArn": "arn:aws:iam::111122223333:server-certificate/x"}, "balancer.certificateArn", ["ACM"]),
    "weight beyond Route 53": ({"balancer/weight": 256}, "balancer.weight", ["0 to 255"]),
    "old TLS": ({"balancer/sslPolicy": "ELBSecurityPolicy-2016-08"}, "balancer.sslPolicy", ["TLS 1.2", "TLS13-1-2"]),
    "TLS 1.0 beside 1.3": ({"balancer/sslPolicy": "ELBSecurityPolicy-TLS13-1-0-2021-06"}, "balancer.sslPolicy", ["TLS 1.2"]),
    "timeout equal to interval": ({"balancer/healthTimeoutSeconds": 5}, "balancer.healthTimeoutSeconds", ["healthIntervalSeconds, 5"]),
    "interval too short": ({"balancer/healthIntervalSeconds": 4}, "balancer.healthIntervalSeconds", ["5 to 300"]),
    "path without a slash": ({"balancer/healthPath": "health"}, "balancer.healthPath", ["begins with /"]),
    "threshold of one": ({"balancer/healthyThreshold": 1}, "balancer.healthyThreshold", ["2 to 10"]),
    "nobody may come": ({"balancer/ingressCidrs": []}, "balancer.ingressCidrs", ["at least one"]),
    "range twice": ({"balancer/ingressCidrs": ["10.0.0.0/8"] * 2}, "balancer.ingressCidrs", ["each range once"]),
    "unaligned range": ({"balancer/ingressCidrs": ["10.0.0.1/8"]}, "balancer.ingressCidrs[0]", ["set 10.0.0.0/8"]),
    "too many ranges": ({"balancer/ingressCidrs": [f"10.{n}.0.0/16" for n in range(31)]}, "balancer.ingressCidrs", ["a list of 31", "at most 30 IPv4"]),
    "deregistration too long": ({"balancer/deregistrationSeconds": 3601}, "balancer.deregistrationSeconds", ["0 to 3600"]),
}  # fmt: skip

REST: dict[str, Case] = {
    "context that is not there": ({"image/source": "build", "image/context": "../nowhere"}, "image.context", ["../nowhere", "existing folder", "image.source: deployed"]),
    "context without a Dockerfile": ({"image/source": "build", "image/context": "."}, "image.dockerfile", ["existing file"]),
    "secret build argument": ({"image/arguments": {"HEX_TOKEN": "hunter2"}}, "image.arguments.HEX_TOKEN", ["history", "type=secret"]),
    "stage that is no name": ({"image/target": "a b"}, "image.target", ["stage"]),
    "keep one image": ({"image/keep": 1}, "image.keep", ["2 to 1000"]),
    "wildcard principal": ({"access/deployment/principals": ["*"]}, "access.deployment.principals[0]", ["without wildcards"]),
    "session for a principal": ({"access/deployment/principals": ["arn:aws:sts::111122223333:assumed-role/dev/me"]}, "access.deployment.principals[0]", ["name the role itself"]),
    "principal twice": ({"access/development/principals": ["arn:aws:iam::111122223333:root"] * 2}, "access.development.principals", ["each one once"]),
    "whole repository": ({"access/deployment/github": ["repo:acme/shop:*"]}, "access.deployment.github[0]", ["bare wildcard"]),
    "any branch": ({"access/deployment/github": ["repo:acme/shop:ref:refs/heads/*"]}, "access.deployment.github[0]", ["bare wildcard"]),
    "any repository": ({"access/deployment/github": ["repo:acme/*:environment:prod"]}, "access.deployment.github[0]", ["names repository"]),
    "vendor without an external id": ({"access/infrastructure/vendorAccount": "444455556666"}, "access.infrastructure.externalId", ["not set", "other customers"]),
    "external id without a vendor": ({"access/infrastructure/externalId": "abc"}, "access.infrastructure.vendorAccount", ["presents externalId"]),
    "vendor that is oneself": ({"access/development/vendorAccount": "111122223333", "access/development/externalId": "abc"}, "access.development.vendorAccount", ["another account"]),
    "external id of one character": ({"access/development/vendorAccount": "444455556666", "access/development/externalId": "a"}, "access.development.externalId", ["2 to 1224"]),
    "public bastion for nobody": ({"access/bastion": "public"}, "access.bastionCidrs", ["not set", "access.bastion: ssm"]),
    "public bastion for the world": ({"access/bastion": "public", "access/bastionCidrs": ["0.0.0.0/0"]}, "access.bastionCidrs", ["0.0.0.0/0", "/16 or longer"]),
    "public bastion for half the world": ({"access/bastion": "public", "access/bastionCidrs": ["128.0.0.0/1"]}, "access.bastionCidrs", ["/16 or longer"]),
    "public bastion for all of IPv6": ({"access/bastion": "public", "access/bastionCidrs": ["::/0"]}, "access.bastionCidrs", ["/32 or longer"]),
    "ranges without a public bastion": ({"access/bastion": "ssm", "access/bastionCidrs": ["192.0.2.0/24"]}, "access.bastionCidrs", ["bastion is public"]),
    "address that is none": ({"alarms/emails": ["ops"]}, "alarms.emails[0]", ["e-mail"]),
    "address twice": ({"alarms/emails": ["ops@example.com"] * 2}, "alarms.emails", ["each address once"]),
    "alarm that never rests": ({"alarms/storageFreeGib": 20}, "alarms.storageFreeGib", ["database.storageGib, 20", "never rests"]),
    "alarm that never rings": ({"database/parameters": {"max_connections": 100}}, "alarms.connections", ["max_connections, 100", "never rings"]),
    "percent above 100": ({"alarms/cpuPercent": 101}, "alarms.cpuPercent", ["1 to 100"]),
}  # fmt: skip

CASES = {**STACK, **NETWORK, **DATABASE, **HOSTS, **SERVICE, **BALANCER, **REST}


@pytest.mark.parametrize(("changes", "key", "words"), CASES.values(), ids=CASES)
def test_a_bad_setting_has_one_message_with_key_value_and_way_out(
    changes: dict[str, Any], key: str, words: list[str]
) -> None:
    """One mistake, one message: about the key at fault, in the words that help."""
    found = problems(changes)
    assert [problem.key for problem in found] == [key]
    message = str(found[0])
    assert message.startswith(f"{key}: ")
    assert "; accepted: " in message
    assert [word for word in words if word not in message] == []
    assert "hunter2" not in message


def test_every_message_ends_as_one_sentence() -> None:
    """The form is the same for all: one full stop, nothing left empty, no formatting mishap."""
    messages = [str(problem) for changes, _, _ in CASES.values() for problem in problems(changes)]
    mishaps = [
        text
        for text in messages
        if not text.endswith(".") or text.endswith("..") or "; ;" in text or "; ." in text
    ]
    assert mishaps == []
    assert len(CASES) > 150
