"""The recipe for Phoenix, run as far as it goes without Phoenix, which needs a network."""

from perpetual.release import docker
from tests.release.support import BASES, ROOT

CHECKS = ROOT / "tests" / "release" / "phoenix"
RECIPE = ROOT / "release" / "phoenix"


def test_the_recipe_does_what_it_says() -> None:
    """Settings, drain, health and one-off commands; what they call of others is a stand-in."""
    said = docker.run(
        "run", "--rm", "--network", "none",
        "--volume", f"{RECIPE}:/phoenix:ro", "--volume", f"{CHECKS}:/checks:ro",
        BASES["BUILDER_IMAGE"], "elixir", "/checks/recipe_test.exs", "/phoenix",
    )  # fmt: skip
    assert " 0 failures" in said
