"""Figures of others beside ours."""

import math
from collections.abc import Sequence

from bench.calibration.outcomes import Outcome
from bench.report.tables.table import Table, numbers, texts


def table(outcomes: Sequence[Outcome]) -> Table:
    """A line for each figure."""

    def digits(outcome: Outcome) -> int:
        if outcome.tolerance >= 1:
            return 0
        return 5 if outcome.unit != "dB" else 1 - math.floor(math.log10(outcome.tolerance))

    def figure(outcome: Outcome, value: float, sign: str = "") -> str:
        exact = outcome.tolerance <= 1e-5
        return f"{value:{sign}.0e}" if exact else f"{value:{sign}.{digits(outcome)}f}"

    def with_unit(outcome: Outcome, value: float) -> str:
        return f"{value:.{digits(outcome)}f}" + (f" {outcome.unit}" if outcome.unit else "")

    return Table.of(
        "Calibration",
        [
            texts("quantity", (outcome.what for outcome in outcomes)),
            texts("source", (outcome.source for outcome in outcomes)),
            numbers("theirs", outcomes, lambda outcome: with_unit(outcome, outcome.published)),
            numbers("ours", outcomes, lambda outcome: with_unit(outcome, outcome.ours)),
            numbers("difference", outcomes, lambda outcome: figure(outcome, outcome.ours - outcome.published, "+")),
            numbers("tolerance", outcomes, lambda outcome: figure(outcome, outcome.tolerance)),
            texts("conventions", (outcome.conventions for outcome in outcomes)),
            texts("", ("within" if outcome.holds else "**out of tolerance**" for outcome in outcomes)),
        ],
        "theirs and ours under the conventions named",
    )
