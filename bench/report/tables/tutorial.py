"""The losses that the tutorial prints, beside those of the same listing here."""

from dataclasses import dataclass

from bench.analysis.rows import Row
from bench.analysis.tutorial_losses import PRINTED, agreement, losses_of, prediction
from bench.report.tables.table import Table, signed
from bench.store.store import Store

RIGHT = (False, False, True, False, True, True, False)  # columns of the table of losses


@dataclass(frozen=True)
class Losses:
    """How many of the printed losses agree with those of some seeds, of how many; and all of them."""

    seeds: int
    inside: int
    of: int
    table: Table


def losses_beside(store: Store, row: Row) -> Losses | None:
    """None where no training of ten epochs is there."""
    losses = losses_of(store, row.experiments)
    seeds = len(losses["training"])
    if not seeds:
        return None
    lines, agrees = [], agreement(losses)
    for epoch in range(len(PRINTED["training"])):
        cells: list[str] = []
        for name, printed in PRINTED.items():
            mean, reach = prediction(losses[name][:, epoch])
            shown = f"{mean:.5f}" + (f" ±{reach:.5f}" if seeds > 1 else "")
            off = signed(printed[epoch] - mean, 5)
            verdict = "–" if seeds == 1 else "yes" if agrees[name][epoch] else f"no ({off})"
            cells += [f"{printed[epoch]:.5f}", shown, verdict]
        lines.append((f"{epoch + 1}", *cells))
    header = ("epoch", *(text for name in PRINTED for text in (f"{name}, printed", "here", "agrees")))
    return Losses(seeds, sum(map(sum, agrees.values())), 2 * len(lines), Table("", header, tuple(lines), right=RIGHT))
