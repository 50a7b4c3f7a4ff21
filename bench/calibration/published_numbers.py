"""What others published, as curves over the noise variance."""

import csv
from dataclasses import dataclass
from pathlib import Path

from bench.core.dataset_names import dataset_title, parse
from bench.core.tasks import Section
from bench.core.variance import Range

PUBLISHED = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class Curve:
    """Published PSNR in dB of a denoiser on a dataset, by noise variance.

    `trained` is its training range; None if it is not trained.
    """

    source: str
    denoiser: str
    trained: Range | None
    psnr: dict[float, float]
    conventions: str

    @property
    def paper(self) -> str:
        """The source without the place in it."""
        return self.source.partition(" (")[0]

    @property
    def name(self) -> str:
        return f"{self.denoiser}, {self.paper}"


def curves(dataset: str) -> list[Curve]:
    """All published curves of a dataset, by its short name, such as "BSD68"."""
    curves_by_key: dict[tuple[str, str, str], Curve] = {}
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["dataset"] != dataset:
                continue
            sigmas = row["training_sigma_255"].replace("-", "..").strip(".")
            trained = Range.parse(f"sigma={sigmas}") if sigmas else None
            curve = Curve(row["source"], row["denoiser"], trained, {}, row["conventions"])
            key = row["source"], row["denoiser"], sigmas
            curves_by_key.setdefault(key, curve).psnr[(int(row["sigma_255"]) / 255) ** 2] = float(row["value"])
    return list(curves_by_key.values())


def curves_of(section: Section) -> list[Curve]:
    """The curves to show beside a section: only grids of grey images under Gaussian noise have some."""
    protocol = section.protocol
    grey = parse(protocol.dataset).kind == "folder"
    return (
        curves(dataset_title(protocol.dataset))
        if section.name == "grid" and grey and protocol.noise == "gaussian"
        else []
    )
