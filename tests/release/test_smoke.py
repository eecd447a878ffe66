"""Each claim about a running release fails where the release is not as it should be."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from perpetual.release import build, smoke
from perpetual.release.claims import CheckError
from perpetual.release.environment import NODES, Environment
from tests.release.variants import edited

FORCED = 'force_ssl: [rewrite_on: [:x_forwarded_proto], exclude: [paths: ["/health", "/ready"]]]'
FAULTS = {
    "config/prod.exs": (FORCED, "force_ssl: nil"),
    "lib/shop/application.ex": ("ShopWeb.Endpoint,\n      Shop.Drainer\n", "ShopWeb.Endpoint\n"),
    "lib/shop/cluster/dns.ex": ("(config[:query])", '(config[:other] || "nobody.invalid")'),
    "lib/shop/repo/options.ex": ("verify: :verify_peer", "verify: :verify_none"),
}


@pytest.fixture(scope="module")
def poor(
    environment: Environment, options: build.Options, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """Return the environment with nodes that know no HTTPS, no cluster, no drain and no doubts."""
    image = edited(options, tmp_path_factory.mktemp("poor"), FAULTS)
    made = replace(environment, image=image, seconds=3.0)
    replace(made, seconds=environment.seconds).start()
    yield made
    environment.start()


def test_plain_requests_that_are_answered(poor: Environment) -> None:
    """The balancer leads to HTTPS, but the node does not."""
    with pytest.raises(CheckError, match="GET / to the node by plain HTTP was answered 200"):
        smoke.redirects(poor)


def test_nodes_that_do_not_cluster(poor: Environment) -> None:
    """Each sees nobody."""
    with pytest.raises(CheckError, match="web1 sees nobody, web2 sees nobody; base name, cookie"):
        smoke.clustered(poor)


def test_a_release_that_believes_any_certificate(poor: Environment) -> None:
    """Its connection is TLS all the same, which is why that alone proves nothing."""
    assert "TLSv1.3" in smoke.encrypted(poor)
    with pytest.raises(CheckError, match="talks to a server whose certificate none"):
        smoke.verifying(poor)


def test_a_node_that_just_ends(poor: Environment) -> None:
    """What it was busy with is cut, though not one of many quick requests may be lost by that."""
    with pytest.raises(CheckError, match="busy with when SIGTERM came was cut"):
        smoke.drains(poor)
    assert poor.project.exit_code(NODES[0]) == 0
