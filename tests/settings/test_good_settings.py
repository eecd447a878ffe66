"""Configurations that hold: the project's two stacks, and what users may write."""

# ruff: noqa: E501 - a table is read by its rows

import json
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from perpetual.offline import config, project
from settings import Settings, models
from settings.reader import check
from settings.rules import Program
from tests.settings.configuration import PIN, loaded, problems

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def stack(name: str) -> Settings:
    """Return the settings of one of the project's own stacks, as the engine would merge them."""
    found = project.read_project(ROOT)
    given = config.load(found, name)
    program = Program(project=found.name, stack=name, root=ROOT)
    return check(given.values, program=program, secret=given.secrets)


def leaves(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return a stack file's values by dotted key; the user's own mappings count as one value."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and key != "tags":
            found |= leaves(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def test_prod_is_what_production_needs() -> None:
    """Three zones, NAT per zone, Multi-AZ with a replica, protection, deploys own the release."""
    prod = stack("prod")
    assert prod.network.zones == ("a", "b", "c")
    assert prod.network.nat is models.Nat.PER_ZONE
    assert prod.database.multi_az
    assert prod.database.replicas == 1
    assert prod.database.master_password is models.MasterPassword.SECRET
    assert prod.database.backup_retention_days >= 14
    assert prod.protect
    assert prod.image.source is models.ImageSource.DEPLOYED
    assert (prod.account, prod.region) == ("111122223333", "eu-west-1")


def test_dev_is_small() -> None:
    """Two zones, one NAT gateway, a small database, an image that `up` builds."""
    dev = stack("dev")
    assert dev.network.zones == ("a", "b")
    assert dev.network.nat is models.Nat.SINGLE
    assert dev.database.instance_class == "db.t4g.micro"
    assert not dev.database.multi_az
    assert dev.database.replicas == 0
    assert not dev.protect
    assert dev.image.source is models.ImageSource.BUILD


@pytest.mark.parametrize("name", ["prod", "dev"])
def test_a_stack_file_holds_differences_only(name: str) -> None:
    """A line that repeats a default would hide the default's next change."""
    text = (ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")
    declared = {item.key: item.default for item in project.read_project(ROOT).declarations}
    given = leaves(yaml.safe_load(text)["config"])
    assert [key for key, value in given.items() if declared.get(key) == value] == []
    assert given.keys() - declared.keys() == {"aws:region"}


def test_defaults_of_the_project_file_are_those_of_the_models() -> None:
    """What the engine fills in, the models would have filled in themselves."""
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    bare = {
        key if ":" in key else f"perpetual:{key}": value
        if isinstance(value, str)
        else json.dumps(value)
        for key, value in yaml.safe_load(text)["config"].items()
    }
    program = Program(project="perpetual", stack="dev", root=ROOT)
    assert stack("dev") == check(bare, program=program)


GOOD: dict[str, dict[str, Any]] = {
    "nothing but what is required": {},
    "no tasks": {"service/desired": 0},
    "one task, started before the old one stops": {"service/desired": 1, "service/maximumPercent": 200},
    "one task, stopped before the new one starts": {"service/desired": 1, "service/minimumHealthyPercent": 0},
    "endpoints only": {"network/nat": "none"},
    "adopted network": {
        "network/source": "adopt",
        "network/vpcId": "vpc-0123456789abcdef0",
        "network/publicSubnets": ["subnet-00000000", "subnet-11111111"],
        "network/privateSubnets": ["subnet-22222222", "subnet-33333333"],
        "network/dataSubnets": ["subnet-44444444", "subnet-55555555"],
    },
    "network of another stack": {"network/source": "stack", "network/stack": "organization/shop/shared", "network/pin": PIN},
    "database of another stack": {"database/source": "stack", "database/stack": "acme/shop/data", "database/pin": PIN, "database/port": 6432, "database/name": "shop"},
    "restored snapshot": {"database/source": "snapshot", "database/snapshot": "rds:perpetual-prod-2026-11-22-03-00", "database/masterPassword": "secret"},
    "restored moment": {"database/source": "pointInTime", "database/restoreFrom": "perpetual-prod", "database/restoreTime": "2026-11-22T20:00:00Z", "database/masterPassword": "secret"},
    "certificate and record made elsewhere": {"balancer/zoneId": None, "balancer/certificateArn": ADDRESS},
    "x86_64": {"architecture": "x86_64", "hosts/instanceTypes": ["t3.medium", "m7i.large"]},
    "a law left to the policy pack": {"database/parameters": {"rds.force_ssl": "0"}},
    "tags by wildcard": {"access/deployment/github": ["repo:acme/shop:ref:refs/tags/v*"]},
    "pull requests": {"access/development/github": ["repo:acme/shop:pull_request"]},
    "public key": {"service/environment": {"STRIPE_PUBLISHABLE_KEY": "pk_live_1"}},
    "public bastion for an office": {"access/bastion": "public", "access/bastionCidrs": ["192.0.2.0/24", "2001:db8::/32"]},
    "unused backup window": {"database/backupRetentionDays": 0, "database/backupWindow": "04:30-05:30"},
    "carrier-grade range": {"network/cidr": "100.64.0.0/16"},
    "private zone beside the domain": {"network/privateZone": "internal.example.com"},
}  # fmt: skip


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_what_works_is_accepted(changes: dict[str, Any]) -> None:
    """Nothing that AWS and the program can do is refused."""
    assert problems(changes) == ()


@pytest.mark.parametrize(("given", "version"), [(17, "17"), ("17", "17"), ("16.10", "16.10")])
def test_an_engine_version_may_be_a_number(given: Any, version: str) -> None:
    """The engine turns the default "17" into an integer on its way through a path."""
    assert loaded({"database/engineVersion": given}).database.engine_version == version


def test_numbers_and_truth_values_are_text_where_text_is_meant() -> None:
    """`pulumi config set --path service.environment.POOL_SIZE 10` writes a number."""
    settings = loaded(
        {
            "service/environment": {"POOL_SIZE": 10, "DEBUG": True},
            "database/parameters": {"work_mem": 4096},
        }
    )
    assert settings.service.environment == {"POOL_SIZE": "10", "DEBUG": "true"}
    assert settings.database.parameters == {"work_mem": "4096"}


def test_an_account_may_lose_its_quotes_but_not_its_digits() -> None:
    """Twelve digits are an account, whether YAML took them for text or a number."""
    role = {"vendorAccount": 444455556666, "externalId": "abc"}
    access = loaded({"access/infrastructure": role}).access
    assert access.infrastructure.vendor_account == "444455556666"


def test_not_set_is_the_empty_text_of_the_engine() -> None:
    """The engine knows no optional keys, so their default is empty, and absent here."""
    settings = loaded({"network/vpcId": "", "hosts/image": "", "image/target": ""})
    assert settings.network.vpc_id is None
    assert settings.hosts.image is None
    assert settings.image.target is None


def test_ranges_are_networks() -> None:
    """Components compute with them."""
    settings = loaded(
        {"network/cidr": "10.32.0.0/16", "balancer/ingressCidrs": ["192.0.2.0/24", "2001:db8::/32"]}
    )
    assert settings.network.cidr == IPv4Network("10.32.0.0/16")
    assert settings.balancer.ingress_cidrs == (
        IPv4Network("192.0.2.0/24"),
        IPv6Network("2001:db8::/32"),
    )
