"""Elixir sources: what is code in them, and migrations that call application code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpetual.release import elixir
from perpetual.release.elixir import Kind

HEAD = "defmodule Shop.Repo.Migrations.CreateProducts do\n"

MARKS = ['"', '"""', "'", "~s(", "~S(", "~w[", "~r/", ")", "]", "/", "#{", "{", "}", "#", "?", "\\"]
WORDS = ["\n", " ", "a", "B.C", 'alive?("', '?"', "do", "end"]
FRAGMENTS = st.lists(st.sampled_from(MARKS + WORDS)).map("".join)
"""What the reader has to find its way through, in any order."""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Shop.Catalog.fill()", [(2, "Shop.Catalog")]),
        ("ShopWeb.Endpoint.url()", [(2, "ShopWeb.Endpoint")]),
        ("alias Shop.Catalog", [(2, "Shop.Catalog")]),
        ('execute "#{Shop.Catalog.sql()}"', [(2, "Shop.Catalog")]),
        ("Billing.Invoice.all()", [(2, "Billing.Invoice")]),
        ('"""\nShop.Catalog\n"""\nShop.Orders.run()', [(5, "Shop.Orders")]),
        ("use Ecto.Migration", []),
        ("use Shop.Migration", []),
        ("Shop.Repo.query!()", []),
        ("# Shop.Catalog.fill()", []),
        ('execute "Shop.Catalog"', []),
        ("execute ~S(Shop.Catalog #{Shop.Orders})", []),
        ('execute "say \\"#" <> ~s(Shop.Catalog)', []),
    ],
)
def test_application_code_is_found_by_line(body: str, found: list[tuple[int, str]]) -> None:
    """Comments, texts and the repository do not count; what a text interpolates does."""
    assert list(elixir.application_calls(HEAD + body, {"Billing"})) == found


def test_what_defines_no_module_calls_nothing() -> None:
    """There is no name to tell the application's own modules by."""
    assert list(elixir.application_calls("Shop.Catalog.fill()")) == []


@pytest.mark.parametrize(
    ("source", "blank"),
    [
        ('x = "a # b" # c', 'x = "     "    '),
        ('"a #{f("b", %{c: "d"})} e" + 1', '"  #{f(" ", %{c: " "})}  " + 1'),
        ('?" + "a"', '   + " "'),
        ("?\\n + x", "    + x"),
        ('alive?("a")', 'alive?(" ")'),
        ('~w(a B)a ++ ~r/"#/u', "  (   )  ++   /  / "),
        ("~S(a\\)#{b}) c", "  (       ) c"),
        ('~s|a #{b}| <> "c"', '  |  #{b}| <> " "'),
        ('@doc """\n a "b" #{c}\n """\nd', '@doc """\n       #{c}\n """\nd'),
        ("'a' ++ ~c\"b\"", "' ' ++   \" \""),
        (':"a b"', ':"   "'),
        ('"a\\"b" <> c', '"    " <> c'),
        ('"cut off', '"       '),
        ('"cut #{off', '"    #{off'),
    ],
)
def test_only_code_is_left(source: str, blank: str) -> None:
    """Quotation marks stay where they were, and so does interpolated code."""
    assert elixir.code(source) == blank


def test_texts_that_interpolate_nothing_are_given_whole() -> None:
    """The others are known only when the program runs."""
    source = 'a "b" <> "c#{d}e" <> ~w(f g) # "h"'
    assert list(elixir.texts(source)) == [(3, "b"), (24, "f g")]


def test_comments_are_told_from_texts_that_look_like_them() -> None:
    """As what silences a finding has to be a comment."""
    comments = [piece for piece in elixir.pieces('"# a" # b') if piece.kind is Kind.COMMENT]
    assert [(piece.start, piece.end) for piece in comments] == [(6, 9)]


@given(st.one_of(st.text(), FRAGMENTS))
def test_blanking_moves_nothing(source: str) -> None:
    """Every line break and column stays where it was, and what is left is the source's own."""
    text = elixir.code(source)
    assert len(text) == len(source)
    assert all(
        left == own or (left == " " and own != "\n") for left, own in zip(text, source, strict=True)
    )


@given(st.one_of(st.text(), FRAGMENTS))
def test_pieces_follow_each_other(source: str) -> None:
    """Whatever the source, in order and without overlap."""
    at = 0
    for piece in elixir.pieces(source):
        assert at <= piece.start <= piece.end <= len(source)
        at = piece.end
