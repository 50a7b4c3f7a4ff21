"""The exercises of the tutorial, answered as far as a study can."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.ablations import ABLATIONS
from bench.analysis.effects import effects_frame
from bench.analysis.findings.ablations import target_slips
from bench.analysis.findings.answers import (
    TUTORIAL,
    Scored,
    Span,
    around,
    gains_over,
    grids_of,
    own_regrets,
    span_of,
    usual_variance,
    widest,
)
from bench.analysis.findings.facts import Finding
from bench.analysis.intervals import Estimate, mean_of
from bench.analysis.regret import Regret
from bench.analysis.rows import METRIC, Row

QUESTIONS = {
    "AsPrinted": "What does the tutorial's listing learn as printed?",
    "Elsewhere": "1. Does the network work at other noise variances?",
    "Ranged": "2. Does training with random variances help?",
    "Deeper": "3. Do a deeper network and longer training help?",
    "UNet": "4. Is a U-Net better than the autoencoder?",
}


@dataclass(frozen=True)
class Elsewhere(Finding):
    """The tutorial's network, trained at one variance, at others: variance, PSNR, and what the specialist has there."""

    subject: str
    trained: str
    cells: tuple[tuple[float, float, float | None], ...]
    rows: tuple[Row, ...]

    @property
    def lost(self) -> float | None:
        """The most that it loses against a specialist other than itself; None where there is no other."""
        return max((best - psnr for _, psnr, best in self.cells if best not in (None, psnr)), default=None)


@dataclass(frozen=True)
class Ranged(Finding):
    """The same network trained on a range: mean loss inside, and at every variance what the fixed training has."""

    subject: str
    trained: str
    fixed: str
    loss: Estimate | None
    cells: tuple[tuple[float, float, float], ...]
    rows: tuple[Row, ...]

    @property
    def gained(self) -> float:
        """The mean gain over the fixed training, over all test variances."""
        return sum(psnr - fixed for _, psnr, fixed in self.cells) / max(len(self.cells), 1)


@dataclass(frozen=True)
class Deeper(Finding):
    """A deeper network minus the tutorial's at one variance, and the changes of depth and epochs that were tried."""

    subject: str
    other: str
    trained: str
    gain: Estimate | None
    changes: tuple[tuple[str, Estimate, bool], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class UNet(Finding):
    """The U-Net minus the tutorial's network: at one variance there, the span below and above, and on the range."""

    subject: str
    other: str
    trained: str
    at: Estimate | None
    below: Span | None
    above: Span | None
    ranged: Span | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class AsPrinted(Finding):
    """The tutorial's listing compares the output with the noisy input: what that reaches, beside clipping alone."""

    subject: str
    variance: float
    printed: float
    clean: float
    clip: float | None


def exercises(scored: Scored) -> list[Finding]:
    """The tutorial's exercises, and its listing as printed, as far as the study has answers."""
    grids = [(s, rows) for s, rows in grids_of(scored) if any(r.experiment.denoiser == TUTORIAL for r in rows)]
    if not grids:
        return []
    section, rows = grids[0]
    variances = section.protocol.variances
    usual, wide = usual_variance([r for r in rows if r.experiment.denoiser == TUTORIAL]), widest(rows)
    fixed = {row.experiment.denoiser: row for row in rows if row.learned and row.fixed == usual and row.means}
    ranged = {r.experiment.denoiser: r for r in rows if r.learned and r.experiment.variance == wide and r.means}
    found: list[Finding] = []
    if (base := fixed.get(TUTORIAL)) and any(base.psnr_at(v) for v in variances):
        own = own_regrets(rows, variances)[base]
        found.append(Elsewhere(base.subject, base.training, tuple(_cells(base, own, variances)), (base,)))
        if row := ranged.get(TUTORIAL):
            inside = [regret.sample for regret in own_regrets(rows, variances)[row].values() if regret.inside]
            mean = mean_of(inside)
            cells = [(v, row.means[v, METRIC], base.means[v, METRIC]) for v in variances if _both(row, base, v)]
            loss = mean.estimate if mean else None
            found.append(Ranged(row.subject, row.training, base.training, loss, tuple(cells), (base, row)))
        changes = tuple(_changes(scored))
        if (deep := fixed.get("deep_autoencoder")) or changes:
            gains = gains_over(deep, base, [usual]) if deep and usual else {}
            gain = next((gain.estimate for gain in gains.values()), None)
            found.append(
                Deeper("deep_autoencoder", base.subject, base.training, gain, changes, (base, deep) if deep else ())
            )
        if unet := fixed.get("unet"):
            gains = gains_over(unet, base, variances)
            one, two = ranged.get("unet"), ranged.get(TUTORIAL)
            on_range = gains_over(one, two, variances) if one and two else {}
            span = span_of([gain.mean for gain in on_range.values()])
            about = unet.subject, base.subject, base.training
            found.append(UNet(*about, *around(gains, usual or 0.0), span, (base, unet)))
    return [*_as_printed(scored, rows), *found]


def _both(row: Row, other: Row, variance: float) -> bool:
    return (variance, METRIC) in row.means and (variance, METRIC) in other.means


def _cells(
    row: Row, own: dict[float, Regret], variances: Sequence[float]
) -> Iterator[tuple[float, float, float | None]]:
    for variance in variances:
        if (variance, METRIC) in row.means:
            specialist = own[variance].specialist.means[variance, METRIC] if variance in own else None
            yield variance, row.means[variance, METRIC], specialist


def _changes(scored: Scored) -> Iterator[tuple[str, Estimate, bool]]:
    """What the most layers and epochs do to the networks of these ablations, inside the training range."""
    sections = [(s, rows) for s, rows in scored if s.name in ("depth", "epochs") and s.name in ABLATIONS]
    frame = effects_frame(sections)
    inside = frame[(frame.side == "inside") & frame["mean"].notna()]
    for _, of_base in inside.groupby(["ablation", "base"], sort=False):
        line = of_base.iloc[-1]  # the largest value that was tried
        yield f"`{line.base}`, {line.change}", Estimate(float(line["mean"]), float(line.half_width)), line.significant


def _as_printed(scored: Scored, grid: Sequence[Row]) -> Iterator[AsPrinted]:
    for section, rows in scored:
        if section.name == "target" and section.protocol.noise == "gaussian":
            for slip in target_slips(rows):
                clip = next(
                    (r.means.get((slip.variance, METRIC)) for r in grid if r.experiment.denoiser == "clip"), None
                )
                yield AsPrinted(slip.denoiser, slip.variance, slip.noisy, slip.clean, clip)
                return
