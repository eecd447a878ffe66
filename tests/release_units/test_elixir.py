"""Migrations that call application code, found in the source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.release import elixir

HEAD = "defmodule Shop.Repo.Migrations.CreateProducts do\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Shop.Catalog.fill()", [(2, "Shop.Catalog")]),
        ("ShopWeb.Endpoint.url()", [(2, "ShopWeb.Endpoint")]),
        ("use Ecto.Migration", []),
        ("Shop.Repo.query!()", []),
        ("# Shop.Catalog.fill()", []),
        ('execute "Shop.Catalog"', []),
        ('"""\nShop.Catalog\n"""\nShop.Orders.run()', [(5, "Shop.Orders")]),
    ],
)
def test_application_code_is_found_by_line(body: str, found: list[tuple[int, str]]) -> None:
    """Comments, strings and the repository do not count."""
    assert list(elixir.application_calls(HEAD + body)) == found


@given(st.text())
def test_blanking_moves_nothing(source: str) -> None:
    """Every line break and column stays where it was."""
    text = elixir.code(source)
    assert len(text) == len(source)
    assert text.count("\n") == source.count("\n")
