"""The study that is committed: its report follows from it, and it holds its quality floors."""

from pathlib import Path

import pytest

from bench import report, tables
from bench.store import Store

ROOT = Path(__file__).parent.parent
FULL = ROOT / "results" / "full"

pytestmark = pytest.mark.skipif(not list(FULL.glob("section-*.json")), reason="results/full is not in this checkout")


def test_the_report_at_the_top_is_made_of_the_committed_results() -> None:
    text, drawings = report.build(Store(FULL), "results/full/figures")
    assert (ROOT / "REPORT.md").read_text(encoding="utf-8") == text
    for drawing in drawings:
        assert Store(FULL).has_figure(drawing.name, drawing.digest), drawing.name


def test_pictures_that_the_pages_show_are_there() -> None:
    for page in ("README.md", "REPORT.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        pictures = [part.partition(")")[0] for part in text.split("](")[1:] if ".png)" in part]
        assert pictures
        assert all((ROOT / picture).is_file() for picture in pictures)


@pytest.mark.parametrize(
    ("denoiser", "training", "variance", "floor"),
    [
        ("conv_autoencoder", "0.01", 0.01, 30.3),
        ("unet", "0.01", 0.01, 31.1),
        ("unet", "0.001..0.1 log-uniform", 0.01, 30.9),
        ("unet", "0.001..0.1 log-uniform", 0.1, 23.7),
    ],
)
def test_networks_reach_their_quality_floor(denoiser: str, training: str, variance: float, floor: float) -> None:
    sections = [section for section in Store(FULL).sections() if section.name == "grid"]
    (section,) = (section for section in sections if section.protocol.dataset == "mnist")
    rows = tables.rows(Store(FULL), section)
    found = [row for row in rows if (row.experiment.denoiser, row.training) == (denoiser, training) and row.means]
    if not found:
        pytest.skip(f"{denoiser} trained on {training} is not among the committed results yet")
    (row,) = found
    assert row.means[variance, "psnr"] >= floor
