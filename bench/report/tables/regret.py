"""What generalization costs, as tables: regret and ranking."""

from collections.abc import Sequence

from bench.analysis.findings.answers import own_regrets
from bench.analysis.intervals import mean_of
from bench.analysis.ranking import over, ranking_frame
from bench.analysis.regret import Regret
from bench.analysis.rows import Row
from bench.core.variance import written
from bench.report.tables.table import Table, margin, numbers, texts


def regret_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """A line for each training of a network that has specialists of its own."""
    lines, found = [], []
    for row, of_row in own_regrets(rows, variances).items():
        others = [regret for regret in of_row.values() if not regret.own]
        if others:
            lines.append(row)
            found.append(([r for r in others if r.inside], [r for r in others if not r.inside]))

    def number(value: float) -> str:
        return f"{value:.2f}".replace("-", "−")

    def mean(inside: Sequence[Regret]) -> str | None:
        sample = mean_of([regret.sample for regret in inside])
        return f"{number(sample.mean)}{margin(sample.half_width)}" if sample else None

    def worst(some: Sequence[Regret]) -> str | None:
        most = max(some, key=lambda regret: regret.sample.mean, default=None)
        return f"{number(most.sample.mean)} at {written(most.variance)}" if most else None

    columns = [
        texts("denoiser", (row.subject for row in lines)),
        texts("trained on", (row.training for row in lines)),
        numbers("mean inside", (mean(inside) for inside, _ in found), str),
        numbers("worst inside", (worst(inside) for inside, _ in found), str),
        numbers("worst outside", (worst(outside) for _, outside in found), str),
    ]
    note = "dB lost against the same network trained at exactly the test variance, where there is one"
    return Table.of("Regret (dB)", columns, note)


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
