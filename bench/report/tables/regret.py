"""What generalization costs, as tables: regret and ranking."""

from collections.abc import Sequence
from typing import Any

from bench.analysis.ranking import over, ranking_frame
from bench.analysis.regret import summary_frame
from bench.analysis.rows import Row
from bench.core.variance import written
from bench.report.tables.table import Table, labels, margin, numbers, pivoted, texts


def regret_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """A line for each training of a network."""
    frame = summary_frame(rows, variances)

    def mean(side: Any) -> str:
        star, some = "" if side.exact else "*", f" ({side.count} of {side.of})" if side.count < side.of else ""
        return f"{side.mean:.2f}{star}{margin(side.half_width)}{some}"

    lines = ["row", "denoiser", "trained_on"]
    means = pivoted(frame, lines, "inside", mean)
    worst = pivoted(frame, lines, "inside", lambda side: f"{side.worst:.2f} @ {written(side.worst_variance)}")
    columns = [
        numbers(f"{what} {'inside' if inside else 'outside'}", cells.get(inside, [None] * len(cells)), str)
        for inside in (True, False)
        for what, cells in (("mean", means), ("worst", worst))
    ]
    note = (
        "dB lost against the specialist, the same network (or the one it is made from) trained at exactly that test "
        "variance, inside and outside the training range; ± half of a 95 % interval; @ the test variance where most is "
        "lost"
    )
    if (frame["count"] < frame["of"]).any():
        note += "; in brackets at how many of the test variances there it can be told: the others have no specialist"
    if not frame.exact.all():
        note += (
            "; * none of them has one, and the best training of that network stands for it, but where that is the row "
            "itself"
        )
    return Table.of("Regret (dB)", [*labels(means), *columns], note)


def ranking_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """Each denoiser with its best training, by mean PSNR over the test variances that all have."""
    frame = ranking_frame(rows, variances)
    frame = frame if len(frame) > 1 else frame[:0]
    ranks = [f"{a}" if a == b else f"{a}–{b}" for a, b in zip(frame["first"], frame["last"], strict=True)]
    means = [f"{mean:.2f}{margin(width)}" for mean, width in zip(frame["mean"], frame.half_width, strict=True)]
    note = (
        f"each denoiser with the training of the highest mean over {over(rows, variances)}; equal ranks are not told "
        "apart (paired differences, 95 % for all pairs together, by Holm)"
    )
    columns = [texts("denoiser", frame.denoiser), texts("trained on", frame.trained_on)]
    return Table.of("Ranking", [*columns, numbers("rank", ranks, str), numbers("mean PSNR (dB)", means, str)], note)
