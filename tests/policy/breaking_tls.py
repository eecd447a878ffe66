"""Ways to break the law of TLS-only Postgres."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policy.case import Case, unknown
from tests.policy.small import FORCE_SSL, Holder, Stack, container
from tests.policy.support import PREVIEW

TLS = "tls-only-postgres"


def _parameters(*entries: dict[str, Any], family: str = "postgres17") -> dict[str, Any]:
    return {"parameters": {"family": family, "parameters": list(entries)}}


def _environment(*pairs: tuple[str, str], **changes: Any) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in pairs]
    document = json.dumps([container(environment=variables, **changes)])
    return {"task": {"container_definitions": document}}


def _url(query: str) -> dict[str, Any]:
    url = f"postgres://user:hunter2@db.example/app{query}"
    return _environment(("PGSSLMODE", "verify-full"), ("DATABASE_URL", url), secrets=[])


def _twin(made: Stack) -> None:
    holder = Holder(
        "twin", {"containerDefinitions": [container(environment=[], image=made.vpc.id)]}
    )
    document = made.vpc.id.apply(lambda image: json.dumps([container(environment=[], image=image)]))
    aws.ecs.TaskDefinition(
        "twin",
        family="twin",
        container_definitions=document,
        opts=pulumi.ResourceOptions(parent=holder),
    )


def _aurora(made: Stack) -> None:
    aws.rds.Cluster(
        "aurora",
        engine="aurora-postgresql",
        engine_version="15.4",
        db_subnet_group_name=made.subnet_group.name,
        vpc_security_group_ids=[made.database_group.id],
        db_cluster_parameter_group_name="default.aurora-postgresql15",
    )


def _old_authority(made: Stack) -> None:
    cluster = aws.rds.Cluster(
        "aurora",
        engine="aurora-postgresql",
        engine_version="17.4",
        db_subnet_group_name=made.subnet_group.name,
        vpc_security_group_ids=[made.database_group.id],
        port=5432,
    )
    aws.rds.ClusterInstance(
        "member",
        cluster_identifier=cluster.id,
        engine=aws.rds.EngineType.AURORA_POSTGRESQL,
        instance_class="db.r7g.large",
        ca_cert_identifier="rds-ca-2019",
    )


def _proxy(made: Stack) -> None:
    aws.rds.Proxy(
        "proxy",
        engine_family="POSTGRESQL",
        role_arn="arn:aws:iam::123456789012:role/proxy",
        vpc_subnet_ids=[made.data_a.id],
        auths=[{"auth_scheme": "SECRETS"}],
    )


PLAIN = [
    Case(
        name="force_ssl is 0",
        rule=TLS,
        resource="database",
        path="database > parameters > rds.force_ssl = 0",
        changes=_parameters({**FORCE_SSL, "value": "0"}),
    ),
    Case(
        name="the replica takes over force_ssl 0",
        rule=TLS,
        resource="replica",
        path="replica > database > parameters > rds.force_ssl = 0",
        changes=_parameters({**FORCE_SSL, "value": "0"}),
    ),
    Case(
        name="the replica has a worse group of its own",
        rule=TLS,
        resource="replica",
        path="replica > default.postgres14",
        changes={"replica": {"parameter_group_name": "default.postgres14"}},
    ),
    Case(
        name="force_ssl is off in capitals",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl = 0",
        changes=_parameters({"name": "RDS.Force_SSL", "value": "0"}),
    ),
    Case(
        name="force_ssl twice, once 0",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl = 0",
        changes=_parameters(FORCE_SSL, {**FORCE_SSL, "value": "0"}),
    ),
    Case(
        name="force_ssl not known",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl",
        undetermined=True,
        forms=(PREVIEW,),
        changes={
            "parameters": lambda made: {"parameters": [{**FORCE_SSL, "value": unknown(made, "1")}]}
        },
    ),
    Case(
        name="a parameter whose name is not known",
        rule=TLS,
        resource="database",
        path="parameters > rds.force_ssl",
        undetermined=True,
        forms=(PREVIEW,),
        changes={
            "parameters": lambda made: {
                "parameters": [FORCE_SSL, {"name": unknown(made, "x"), "value": "0"}]
            }
        },
    ),
    Case(
        name="version 14 by default",
        rule=TLS,
        resource="database",
        path="database > no parameter group > default rds.force_ssl = 0",
        changes={"database": {"parameter_group_name": None, "engine_version": "14.17"}},
    ),
    Case(
        name="a group of version 14 that sets nothing",
        rule=TLS,
        resource="database",
        path="database > parameters > default rds.force_ssl = 0",
        changes={**_parameters(family="postgres14"), "database": {"engine_version": "14"}},
    ),
    Case(
        name="version 14 forces TLS only after a reboot",
        rule=TLS,
        resource="database",
        path="parameters > apply_method",
        undetermined=True,
        changes={
            **_parameters(FORCE_SSL, family="postgres14"),
            "database": {"engine_version": "14"},
        },
    ),
    Case(
        name="no group and no version",
        rule=TLS,
        resource="database",
        path="database > no parameter group > rds.force_ssl",
        undetermined=True,
        changes={"database": {"parameter_group_name": None, "engine_version": None}},
    ),
    Case(
        name="a parameter group of another stack",
        rule=TLS,
        resource="database",
        path="database > parameter group shared",
        undetermined=True,
        changes={"database": {"parameter_group_name": "shared"}},
    ),
    Case(
        name="an Aurora cluster with the default group of 15",
        rule=TLS,
        resource="aurora",
        path="aurora > default.aurora-postgresql15 > default rds.force_ssl = 0",
        extra=_aurora,
    ),
    Case(
        name="an authority of 2019",
        rule=TLS,
        resource="database",
        path="database > CA rds-ca-2019",
        changes={"database": {"ca_cert_identifier": "rds-ca-2019"}},
    ),
    Case(
        name="an authority of 2019 on a cluster's instance",
        rule=TLS,
        resource="member",
        path="member > CA rds-ca-2019",
        extra=_old_authority,
    ),
    Case(
        name="no authority named",
        rule=TLS,
        resource="replica",
        path="replica > CA certificate",
        undetermined=True,
        changes={"replica": {"ca_cert_identifier": None}},
    ),
    Case(
        name="a proxy that takes plain connections",
        rule=TLS,
        resource="proxy",
        path="proxy > requireTls",
        extra=_proxy,
    ),
    *(
        Case(
            name=f"PGSSLMODE={mode}",
            rule=TLS,
            resource="task",
            path=f"task > container release > PGSSLMODE={mode}",
            changes=_environment(("PGSSLMODE", mode)),
        )
        for mode in ("verify-ca", "require", "prefer", "allow", "disable")
    ),
    Case(
        name="no PGSSLMODE",
        rule=TLS,
        resource="task",
        path="container release > no PGSSLMODE",
        changes=_environment(),
    ),
    Case(
        name="PGSSLMODE from a secret",
        rule=TLS,
        resource="task",
        path="release > PGSSLMODE",
        undetermined=True,
        changes=_environment(secrets=[{"name": "PGSSLMODE", "valueFrom": "x"}]),
    ),
    Case(
        name="a literal URL that only requires",
        rule=TLS,
        resource="task",
        path="release > sslmode=require",
        changes=_url("?sslmode=require"),
    ),
    Case(
        name="a literal URL without a mode",
        rule=TLS,
        resource="task",
        path="release > DATABASE_URL",
        changes=_url(""),
    ),
    Case(
        name="a literal URL with TLS off",
        rule=TLS,
        resource="task",
        path="release > ssl=false",
        changes=_url("?ssl=false&sslmode=verify-full"),
    ),
    Case(
        name="TLS off by a switch",
        rule=TLS,
        resource="task",
        path="release > DATABASE_SSL=false",
        changes=_environment(("PGSSLMODE", "verify-full"), ("DATABASE_SSL", "false")),
    ),
    Case(
        name="a command that turns TLS off",
        rule=TLS,
        resource="task",
        path="release > sslmode=disable",
        changes=_environment(
            ("PGSSLMODE", "verify-full"), command=["psql", "host=db sslmode=disable"]
        ),
    ),
    Case(
        name="a second container that does not verify",
        rule=TLS,
        resource="task",
        path="task > container worker > no PGSSLMODE",
        changes={
            "task": {
                "container_definitions": json.dumps(
                    [container(), container(name="worker", environment=[])]
                )
            }
        },
    ),
    Case(
        name="a document that cannot be read",
        rule=TLS,
        resource="task",
        path="task > containerDefinitions",
        undetermined=True,
        forms=(PREVIEW,),
        changes={"task": lambda made: {"container_definitions": unknown(made, "[]")}},
    ),
    Case(
        name="a twin that shows no PGSSLMODE",
        rule=TLS,
        resource="twin",
        path="twin > container release > no PGSSLMODE",
        extra=_twin,
    ),
]
