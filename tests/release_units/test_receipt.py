"""Receipts: what was checked is what is asked for, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from perpetual.errors import OperatorError
from perpetual.release import receipt
from perpetual.release.receipt import Receipt, Result

IMAGE = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def made(*, passed: bool | None = True) -> Receipt:
    """Return a receipt with one check."""
    return Receipt(
        image=IMAGE,
        reference="shop:1",
        revision="c" * 40,
        previous=None,
        migrations=["1_create.exs"],
        checked_at="2026-01-01T00:00:00+00:00",
        seconds=1.5,
        results=[Result(name="health", passed=passed, said="200", seconds=0.1)],
    )


@pytest.mark.parametrize("passed", [True, None])
def test_an_image_that_passed_has_its_receipt(tmp_path: Path, *, passed: bool | None) -> None:
    """A check with nothing to look at is no failure."""
    receipt.write(tmp_path, made(passed=passed))
    assert receipt.demand(tmp_path, IMAGE) == made(passed=passed)


def test_a_changed_image_has_no_receipt(tmp_path: Path) -> None:
    """Another id is another image."""
    receipt.write(tmp_path, made())
    with pytest.raises(OperatorError, match="was never checked"):
        receipt.demand(tmp_path, OTHER)


def test_a_failed_check_is_named(tmp_path: Path) -> None:
    """With the time at which it failed."""
    receipt.write(tmp_path, made(passed=False))
    with pytest.raises(OperatorError, match=r"failed its check of 2026-.*: health"):
        receipt.demand(tmp_path, IMAGE)


def test_a_receipt_is_not_taken_from_another_image(tmp_path: Path) -> None:
    """A copied file does not vouch for the image whose name it bears."""
    receipt.path(tmp_path, OTHER).parent.mkdir(parents=True)
    receipt.write(tmp_path, made()).rename(receipt.path(tmp_path, OTHER))
    with pytest.raises(OperatorError, match="no receipt of this image"):
        receipt.demand(tmp_path, OTHER)


@pytest.mark.parametrize("text", ["", "{}", "{", '{"results": [{"name": 1}]}'])
def test_a_broken_receipt_is_a_sentence(tmp_path: Path, text: str) -> None:
    """It is never taken for one that passed."""
    receipt.write(tmp_path, made()).write_text(text)
    with pytest.raises(OperatorError, match="no receipt of this image"):
        receipt.demand(tmp_path, IMAGE)


def test_an_image_of_no_revision_is_refused(tmp_path: Path) -> None:
    """Though it passed: nobody could tell later what ran."""
    receipt.write(tmp_path, replace(made(), revision="c" * 40 + "-dirty"))
    with pytest.raises(OperatorError, match="holds what no commit does"):
        receipt.demand(tmp_path, IMAGE)


@pytest.mark.parametrize("passed", [True, False, None])
def test_whether_old_code_runs_is_a_field(tmp_path: Path, *, passed: bool | None) -> None:
    """For a rollback to read; null where it was not tried."""
    result = Result(name=receipt.OLD_CODE, passed=passed, said="so", seconds=1.0)
    written = receipt.write(tmp_path, replace(made(), results=[result]))
    content = json.loads(written.read_text())
    assert content["backward_compatible"] is passed
    assert content["passed"] is (passed is not False)
    found = receipt.read(tmp_path, IMAGE)
    assert found is not None
    assert found.backward_compatible is passed


def test_a_receipt_of_another_version_is_a_sentence(tmp_path: Path) -> None:
    """What it says may mean something else."""
    written = receipt.write(tmp_path, made())
    written.write_text(written.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(OperatorError, match="version 1"):
        receipt.demand(tmp_path, IMAGE)
