"""`make mutants`: the score of the policy pack, by area and form, and whatever it does not notice.

Exits with 1 if a mutant survives without an explanation, if a change that matters to nobody is
reported, or if an explanation explains nothing.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from tests.mutants.operators import AREAS
from tests.mutants.score import FORMS, STACKS, Outcome
from tests.mutants.verdict import Verdict, verdict

WORKERS = 2


def main() -> int:
    """Print the score, and return the exit code."""
    pairs = list(product(STACKS, FORMS))
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        verdicts = list(pool.map(verdict, *zip(*pairs, strict=True)))
    console = Console(width=100, soft_wrap=True)
    console.print(_scores(verdicts))
    faults = _print_survivors(console, verdicts) + _print_reported(console, verdicts)
    faults += _print_unused(console, verdicts)
    worse = {(item.stack, out.label) for item in verdicts for out in item.worse}
    same = {(item.stack, out.label) for item in verdicts for out in item.same}
    console.print(
        f"{len(worse)} mutants and {len(same)} equivalent changes, each in both forms: "
        f"{'every one as it should be' if not faults else f'{faults} not as they should be'}"
    )
    return 1 if faults else 0


def _scores(verdicts: list[Verdict]) -> Table:
    table = Table(title="Mutants found, and by a rule that refuses the stack")
    table.add_column("area")
    for item in verdicts:
        table.add_column(f"{item.stack} {item.form}", justify="right")
    table.add_column("equivalent, reported", justify="right")
    for area in (*AREAS, ""):
        same = [out for item in verdicts for out in item.same if area in ("", out.area)]
        reported = sum(bool(out.rule) for out in same)
        cells = (_cell([out for out in item.worse if area in ("", out.area)]) for item in verdicts)
        table.add_row(area or "all", *cells, f"{reported} of {len(same)}")
    return table


def _cell(held: list[Outcome]) -> str:
    found, refused = sum(bool(out.rule) for out in held), sum(out.mandatory for out in held)
    return f"{found}/{len(held)} ({refused})"


def _print_survivors(console: Console, verdicts: list[Verdict]) -> int:
    """Print each survivor, where it survives and why; return how many nothing explains."""
    where: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for item in verdicts:
        for outcome, explained in item.survivors:
            label = f"{outcome.area}: {outcome.label} ({outcome.why})"
            where.setdefault(label, []).append(f"{item.stack} {item.form}")
            reasons[label] = explained.reason if explained else "NOT EXPLAINED"
    for label, places in where.items():
        console.print(
            f"survivor: {label}\n  in {', '.join(places)}\n  {reasons[label]}", markup=False
        )
    return sum(len(item.unexplained) for item in verdicts)


def _print_reported(console: Console, verdicts: list[Verdict]) -> int:
    held = [(item, label) for item in verdicts for label in item.reported]
    for item, label in held:
        console.print(f"wrongly reported: {label}\n  in {item.stack} {item.form}", markup=False)
    return len(held)


def _print_unused(console: Console, verdicts: list[Verdict]) -> int:
    held = [(item, entry) for item in verdicts for entry in item.unused]
    for item, entry in held:
        text = f"explains nothing: {entry.operator}: {entry.target}"
        console.print(f"{text}\n  in {item.stack} {item.form}", markup=False)
    return len(held)


if __name__ == "__main__":
    sys.exit(main())
