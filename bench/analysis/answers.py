"""What a study answers, for a reader who reads nothing else: five findings, four exercises, four situations.

Networks are chosen by rule and not by result: the first is the tutorial's, `conv_autoencoder`, or else the smallest;
the second is the blind network with the highest mean PSNR over the widest range it was trained on.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.ablations import ABLATIONS
from bench.analysis.ablation_findings import target_slips
from bench.analysis.breakdown import floors, reach
from bench.analysis.comparisons import p_values
from bench.analysis.effects import effects_frame
from bench.analysis.facts import Finding
from bench.analysis.intervals import CONFIDENCE, Estimate, Sample, mean_of
from bench.analysis.regret import Regret, regrets
from bench.analysis.rows import METRIC, Row
from bench.core.dataset_names import dataset_title
from bench.core.tasks import Section
from bench.core.variance import Range

Scored = Sequence[tuple[Section, list[Row]]]

TUTORIAL = "conv_autoencoder"  # the tutorial's network
NEAR, FAR = (0.5, 2.0), (0.1, 10.0)  # test variance over training variance


@dataclass(frozen=True)
class Span:
    """The least and the largest of several numbers in dB."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Mismatch(Finding):
    """What networks of one training variance lose against specialists: at half or twice, and a tenth or ten times."""

    dataset: str
    losses: tuple[tuple[str, Span | None, Span | None], ...]


@dataclass(frozen=True)
class RangeCost(Finding):
    """What training on a range costs inside it: network, mean, the worst and where, and over how many variances."""

    dataset: str
    trained: str
    prices: tuple[tuple[str, Estimate, float, float, int], ...]


@dataclass(frozen=True)
class Carries(Finding):
    """Up to which variance networks of one training variance beat the tuned median filter; None where all tested."""

    dataset: str
    trained: str
    floor: str
    ends: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class Variant(Finding):
    """A network minus the one it varies, at one training variance: there, and the span below and above it."""

    subject: str
    other: str
    places: tuple[tuple[str, str, Estimate | None, Span | None, Span | None], ...]


@dataclass(frozen=True)
class Told(Finding):
    """What a network gains by being told the variance, inside its training range."""

    dataset: str
    subject: str
    other: str
    trained: str
    gain: Estimate
    significant: bool


def grids_of(scored: Scored) -> list[tuple[Section, list[Row]]]:
    """Grids of Gaussian noise with something to compare."""
    return [(s, rows) for s, rows in scored if s.name == "grid" and s.protocol.noise == "gaussian" and len(rows) > 1]


def answers(scored: Scored) -> list[Finding]:
    """At most five findings, which answer the question of the study."""
    found: list[Finding] = []
    grids = grids_of(scored)
    if grids:
        section, rows = grids[0]
        title, variances = dataset_title(section.protocol.dataset), section.protocol.variances
        chosen = leading(rows, variances)
        found += [*_mismatch(title, rows, variances, chosen), *_range_cost(title, rows, variances, chosen)]
        found += [*_carries(title, rows, variances, chosen), *_told(title, rows, variances)]
    return [*found, *_variants(grids)][:5]


def leading(rows: Sequence[Row], variances: Sequence[float]) -> list[str]:
    """The two networks of the rule, by subject."""
    networks = list(dict.fromkeys(row.subject for row in rows if row.learned and row.means))
    if not networks:
        return []
    first = next((row.subject for row in rows if row.learned and row.experiment.denoiser == TUTORIAL), networks[0])
    wide = widest(rows)
    ranged = [row for row in rows if row.blind and row.learned and row.experiment.variance == wide]
    means = {row.subject: mean for row in ranged if (mean := _mean_inside(row, variances)) is not None}
    return list(dict.fromkeys([first, max(means, key=lambda name: means[name], default=networks[-1])]))


def widest(rows: Iterable[Row]) -> Range | None:
    """The range that most networks were trained on; of several the widest."""
    ranges = [r.experiment.variance for r in rows if r.learned and r.experiment.variance and r.fixed is None]
    return max(ranges, key=lambda r: (ranges.count(r), r.high - r.low), default=None)


def _mean_inside(row: Row, variances: Sequence[float]) -> float | None:
    trained = row.experiment.variance
    inside = [row.means.get((v, METRIC)) for v in variances if trained and v in trained]
    measured = [mean for mean in inside if mean is not None and math.isfinite(mean)]
    return sum(measured) / len(measured) if measured and len(measured) == len(inside) else None


def own_regrets(rows: Sequence[Row], variances: Sequence[float]) -> dict[Row, dict[float, Regret]]:
    """Regret against the same network, trained at exactly the test variance; no stand-in, no other network."""
    return {
        row: {
            regret.variance: regret
            for regret in of_row
            if regret.exact and regret.specialist.experiment.denoiser == row.experiment.denoiser
        }
        for row, of_row in zip(rows, regrets(rows, variances), strict=True)
        if row.learned
    }


def _mismatch(title: str, rows: Sequence[Row], variances: Sequence[float], chosen: Sequence[str]) -> Iterator[Finding]:
    own = own_regrets(rows, variances)
    losses = []
    for subject in chosen:
        found: dict[tuple[float, ...], list[float]] = {NEAR: [], FAR: []}
        for row, by_variance in own.items():
            for variance, regret in by_variance.items() if row.subject == subject and row.fixed else ():
                for factors, values in found.items():
                    if any(math.isclose(variance, factor * (row.fixed or 0)) for factor in factors):
                        values.append(regret.sample.mean)
        near, far = (_span(found[factors]) for factors in (NEAR, FAR))
        if near or far:
            losses.append((subject, near, far))
    if losses:
        yield Mismatch(title, tuple(losses))


def _span(values: Sequence[float]) -> Span | None:
    return Span(min(values), max(values), len(values)) if values else None


def _range_cost(
    title: str, rows: Sequence[Row], variances: Sequence[float], chosen: Sequence[str]
) -> Iterator[Finding]:
    own, wide, prices = own_regrets(rows, variances), widest(rows), []
    for row, by_variance in own.items():
        inside = [regret for regret in by_variance.values() if regret.inside]
        if row.subject in chosen and row.experiment.variance == wide and inside:
            mean = mean_of([regret.sample for regret in inside])
            worst = max(inside, key=lambda regret: regret.sample.mean)
            if mean:
                prices.append((row.subject, mean.estimate, worst.sample.mean, worst.variance, len(inside)))
    if prices:
        yield RangeCost(title, str(wide), tuple(prices))


def _carries(title: str, rows: Sequence[Row], variances: Sequence[float], chosen: Sequence[str]) -> Iterator[Finding]:
    below = floors(rows, variances)
    if not below:
        return
    floor, trained = max(below), _usual(rows)
    ends = []
    for row in rows:
        if row.learned and row.subject in chosen and row.fixed == trained:
            span = reach(row, below[floor], variances)
            if span:
                ends.append((row.subject, None if span.open_high else span.high))
    if ends and trained:
        yield Carries(title, str(Range(trained, trained)), floor.name, tuple(ends))


def _usual(rows: Iterable[Row]) -> float | None:
    """The single training variance of most networks, of several the nearest to 0.01: that of the tutorial."""
    fixed = [row.fixed for row in rows if row.learned and row.fixed]
    return max(fixed, key=lambda v: (fixed.count(v), -abs(math.log10(v) + 2)), default=None)


def _told(title: str, rows: Sequence[Row], variances: Sequence[float]) -> Iterator[Finding]:
    for row, other in _with_kin(rows):
        trained = row.experiment.variance
        if not row.blind and other.blind and trained and not trained.fixed:
            gain = mean_of(list(_differences(row, other, [v for v in variances if v in trained]).values()))
            if gain:
                significant = p_values([gain])[0] < 1 - CONFIDENCE
                yield Told(title, row.subject, other.subject, row.training, gain.estimate, significant)
                return


def _with_kin(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Networks with the one that each varies, trained alike."""
    for row in rows:
        if row.learned and row.kin not in ("", row.experiment.denoiser):
            for other in rows:
                if other.experiment.but(seed=0) == row.experiment.but(denoiser=row.kin, seed=0):
                    yield row, other


def _differences(row: Row, other: Row, variances: Iterable[float]) -> dict[float, Sample]:
    pairs = ((v, row.psnr_at(v), other.psnr_at(v)) for v in variances)
    return {v: minus for v, one, two in pairs if one and two and (minus := one.minus(two))}


def _variants(grids: Scored) -> Iterator[Finding]:
    """The bias-free network against the network it varies, on all test images."""
    places: dict[tuple[str, str], list[tuple[str, str, Estimate | None, Span | None, Span | None]]] = {}
    for section, rows in grids:
        usual = _usual(rows)
        for row, other in _with_kin(rows):
            if row.blind and row.fixed and row.fixed == usual:
                gains = _differences(row, other, section.protocol.variances)
                at = gains[usual].estimate if usual in gains else None
                below = _span([gain.mean for v, gain in gains.items() if v < usual])
                above = _span([gain.mean for v, gain in gains.items() if v > usual])
                about = dataset_title(section.protocol.dataset), row.training
                places.setdefault((row.subject, other.subject), []).append((*about, at, below, above))
    for names, of_pair in list(places.items())[:1]:
        yield Variant(*names, tuple(of_pair))


# The exercises of the tutorial

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
        """The most that it loses against a specialist."""
        return max((best - psnr for _, psnr, best in self.cells if best is not None), default=None)


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
    usual, wide = _usual([r for r in rows if r.experiment.denoiser == TUTORIAL]), widest(rows)
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
            gains = _differences(deep, base, [usual]) if deep and usual else {}
            gain = next((gain.estimate for gain in gains.values()), None)
            found.append(
                Deeper("deep_autoencoder", base.subject, base.training, gain, changes, (base, deep) if deep else ())
            )
        if unet := fixed.get("unet"):
            gains = _differences(unet, base, variances)
            one, two = ranged.get("unet"), ranged.get(TUTORIAL)
            on_range = _differences(one, two, variances) if one and two else {}
            below = _span([gain.mean for v, gain in gains.items() if usual and v < usual])
            above = _span([gain.mean for v, gain in gains.items() if usual and v > usual])
            at = gains[usual].estimate if usual in gains else None
            span = _span([gain.mean for gain in on_range.values()])
            found.append(UNet(unet.subject, base.subject, base.training, at, below, above, span, (base, unet)))
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


# Which one to take

MOST = 0.5  # dB that the fastest network may be below the best blind one


@dataclass(frozen=True)
class Choice:
    """A situation, the row to take, what it reaches on average, and what it loses against the best at each variance."""

    situation: str
    row: Row
    low: float
    high: float
    psnr: float
    lost: float
    worst: float
    seconds: float | None


def decisions(rows: Sequence[Row], variances: Sequence[float], seconds: Mapping[str, float]) -> list[Choice]:
    """What to take in four situations; none where no network was trained on a range.

    Args:
        seconds: for a million pixels, by denoiser, where that is known.
    """
    wide, tested = widest(rows), [v for v in variances if v > 0]
    whole = [row for row in rows if all(row.psnr_at(v) for v in tested) and not row.untouched]
    blind = [row for row in whole if row.blind]
    if wide is None or not blind:
        return []
    inside = [v for v in tested if v in wide] or tested
    best = {v: max(row.means[v, METRIC] for row in rows if row.psnr_at(v)) for v in tested}

    def mean(row: Row, at: Sequence[float]) -> float:
        return sum(row.means[v, METRIC] for v in at) / len(at)

    def worst(row: Row, at: Sequence[float]) -> float:
        return max(best[v] - row.means[v, METRIC] for v in at)

    def choice(situation: str, row: Row, at: Sequence[float]) -> Choice:
        psnr = mean(row, at)
        lost = sum(best[v] for v in at) / len(at) - psnr
        return Choice(situation, row, at[0], at[-1], psnr, lost, worst(row, at), seconds.get(row.experiment.denoiser))

    unknown = max(blind, key=lambda row: mean(row, inside))
    safe = min(blind, key=lambda row: worst(row, tested))
    middle = min(tested, key=lambda v: abs(math.log10(v) + 2))
    known = max((row for row in rows if row.psnr_at(middle)), key=lambda row: row.means[middle, METRIC])
    chosen = [
        choice("The variance is unknown, inside the training range", unknown, inside),
        choice("It may also lie outside that range", safe, tested),
        choice("The variance is known exactly", known, [middle]),
    ]
    quick = [row for row in blind if row.learned and row.experiment.denoiser in seconds]
    near = [row for row in quick if mean(row, inside) >= mean(unknown, inside) - MOST]
    if near:
        fastest = min(near, key=lambda row: seconds[row.experiment.denoiser])
        chosen.append(choice(f"Time counts: the fastest within {MOST:g} dB of the first", fastest, inside))
    return chosen
