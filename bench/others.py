"""What others published, and ours beside it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.datasets import title
from bench.experiment import Range, written
from bench.plan import Section
from bench.rows import Row
from bench.statistics import half_widths
from bench.tables import Table, margin
from bench.transfer import METRIC

PUBLISHED = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class Curve:
    """PSNR in dB that a denoiser of others reaches on a dataset, by noise variance.

    `trained` is the range of its training, None for one that is not trained.
    """

    source: str
    denoiser: str
    trained: Range | None
    psnr: dict[float, float]
    conventions: str

    @property
    def name(self) -> str:
        return f"{self.denoiser}, {self.source.partition(' (')[0]}"


def curves(dataset: str) -> list[Curve]:
    """All that was published of a dataset, by its short name, such as "BSD68"."""
    found: dict[tuple[str, str, str], Curve] = {}
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["dataset"] != dataset:
                continue
            sigmas = row["training_sigma_255"].replace("-", "..").strip(".")
            trained = Range.parse(f"sigma={sigmas}") if sigmas else None
            curve = Curve(row["source"], row["denoiser"], trained, {}, row["conventions"])
            key = row["source"], row["denoiser"], sigmas
            found.setdefault(key, curve).psnr[(int(row["sigma_255"]) / 255) ** 2] = float(row["value"])
    return list(found.values())


def curves_of(section: Section) -> list[Curve]:
    """Those that a section can stand beside: grids of grey images under Gaussian noise."""
    protocol = section.protocol
    grey = protocol.dataset.startswith("folder:")
    return curves(title(protocol.dataset)) if section.name == "grid" and grey and protocol.noise == "gaussian" else []


def beside(rows: Sequence[Row], variances: Sequence[float], published: Sequence[Curve]) -> Table:
    """Curves of others, and below those of each training range our networks that were trained alike; PSNR in dB."""
    shown = [variance for variance in variances if any(variance in curve.psnr for curve in published)]
    lines: list[tuple[str, ...]] = []
    for trained in dict.fromkeys(curve.trained for curve in published):
        theirs = [curve for curve in published if curve.trained == trained]
        kin = {"bm3d"} if trained is None else {row.experiment.denoiser for row in rows if row.learned}
        ours = [
            row for row in rows if row.means and row.experiment.variance == trained and row.experiment.denoiser in kin
        ]
        if not any(variance in curve.psnr for curve in theirs for variance in shown) or (trained and not ours):
            continue
        label = str(trained) if trained else "–"
        for curve in theirs:
            cells = (f"{curve.psnr[v]:.2f}" if v in curve.psnr else "–" for v in shown)
            lines.append((curve.name, label, *cells))
        for row in ours:
            there = [v for v in shown if (v, METRIC) in row.samples]
            widths = dict(zip(there, half_widths([row.samples[v, METRIC] for v in there]), strict=True))
            cells = (f"{row.means[v, METRIC]:.2f}{margin(widths[v])}" if v in widths else "–" for v in shown)
            size = f" ({row.parameters:,} parameters)" if row.parameters else ""
            lines.append((f"`{row.name}`, here{size}", label, *cells))
    conventions = "; ".join(
        dict.fromkeys(
            f"{curve.source.partition(' (')[0]} ({curve.conventions.replace(';', ',')})" for curve in published
        )
    )
    return Table(
        "Beside what others published, PSNR (dB)",
        ("denoiser", "trained on", *map(written, shown)),
        tuple(lines),
        f"conventions of others: {conventions}; ours are under *Conventions*",
    )


def distances(rows: Sequence[Row], published: Sequence[Curve]) -> Iterator[str]:
    """How far the best of our networks is from each of others that was trained at one variance, and is tested there."""
    for curve in published:
        variance = curve.trained.low if curve.trained and curve.trained.fixed else None
        if variance is None or variance not in curve.psnr:
            continue
        ours = [row for row in rows if row.experiment.variance == curve.trained and row.learned]
        ours = [row for row in ours if (variance, METRIC) in row.means]
        if not ours:
            continue
        best = max(ours, key=lambda row: row.means[variance, METRIC])
        reached, parameters = best.means[variance, METRIC], f"{best.parameters:,} parameters"
        yield (
            f"`{best.name}` ({parameters}) trained at {written(variance)} and tested there reaches {reached:.2f} dB, "
            f"{abs(reached - curve.psnr[variance]):.2f} dB {'below' if reached < curve.psnr[variance] else 'above'} "
            f"{curve.name}, {curve.psnr[variance]:.2f} dB."
        )
