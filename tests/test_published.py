"""The study that is committed: its report follows from it, and it holds its quality floors."""

import re
from pathlib import Path

import pytest

from bench.analysis.rows import rows_of
from bench.core.dataset_names import dataset_title
from bench.measurements import chapters
from bench.report.report import build
from bench.store.reported import has_figure
from bench.store.store import Store

ROOT = Path(__file__).parent.parent
FULL = ROOT / "results" / "full"

pytestmark = pytest.mark.skipif(not list(FULL.glob("section-*.json")), reason="results/full is not in this checkout")


def test_the_report_at_the_top_is_made_of_the_committed_results() -> None:
    report = build(Store(FULL), "results/full/", chapters())
    for name, text in report.pages.items():
        path = ROOT / name if name == "REPORT.md" else FULL / name
        assert path.read_text(encoding="utf-8") == text, name
    for drawing in report.drawings:
        assert has_figure(FULL, drawing.name, drawing.digest), drawing.name
    assert {path.stem for path in (FULL / "figures").glob("*.png")} == {drawing.name for drawing in report.drawings}
    assert {path.name for path in (FULL / "pages").iterdir()} == {Path(name).name for name in list(report.pages)[1:]}


def test_the_first_page_is_short_and_so_is_each_topic() -> None:
    first = (ROOT / "REPORT.md").read_bytes()
    assert len(first) <= 25_000
    assert first.count(b"![") <= 6
    assert all(len(path.read_bytes()) <= 30_000 for path in (FULL / "pages").iterdir())


@pytest.mark.parametrize("page", ["README.md", "REPORT.md"])
def test_pages_are_in_plain_english(page: str) -> None:
    """Flesch's reading ease, and no sentence of more than 35 words; of prose, not of tables, lists of links or code."""
    textstat = pytest.importorskip("textstat")
    sentences = prose((ROOT / page).read_text(encoding="utf-8"))
    assert [sentence for sentence in sentences if len(sentence.split()) > 35] == []
    assert textstat.flesch_reading_ease(" ".join(sentences)) >= 50


def prose(text: str) -> list[str]:
    """The sentences of a page in Markdown; a name in code counts as one word."""
    text = re.sub(r"```.*?```|^\|.*?$|!\[.*?\]\(.*?\)|^#.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", re.sub(r"`[^`]*`", "name", text)).replace("*", "").replace(">", "")
    parts = re.split(r"\n\s*\n|\n\s*(?:-|\d+\.) |(?<=[.?!]) ", text)
    return [" ".join(part.split()) for part in parts if len(part.split()) > 2]


def test_pictures_that_the_pages_show_are_there() -> None:
    for page in ("README.md", "REPORT.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        pictures = [part.partition(")")[0] for part in text.split("](")[1:] if ".png)" in part]
        assert pictures
        assert all((ROOT / picture).is_file() for picture in pictures)


def psnr(dataset: str, denoiser: str, training: str, variance: float) -> float:
    """Mean PSNR in dB of the committed study; the test is skipped where that is not measured yet."""
    for section in Store(FULL).sections():
        if section.name == "grid" and dataset_title(section.protocol.dataset) == dataset:
            for row in rows_of(Store(FULL), section):
                if (row.name.removesuffix(" †"), row.training) == (denoiser, training) and row.means:
                    return row.means[variance, "psnr"]
    pytest.skip(f"{denoiser} trained on {training} and tested on {dataset} is not among the committed results yet")


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
    assert psnr("mnist", denoiser, training, variance) >= floor


def test_without_biases_a_network_goes_beyond_its_training() -> None:
    biased, free = (psnr("BSD68", name, "σ=0..10", sigma(50)) for name in ("unet", "unet_bias_free"))
    assert free > biased + 3


# On Set12, whose images repeat themselves more, `bm3d` and `unet` are alike.
@pytest.mark.parametrize(
    ("images", "rival", "training"),
    [("Set12", "nlm, tuned", "σ=25"), ("BSD68", "nlm, tuned", "σ=25"), ("BSD68", "bm3d", "–")],
)
def test_a_network_trained_at_it_beats_filters_at_sigma_25(images: str, rival: str, training: str) -> None:
    assert psnr(images, "unet", "σ=25", sigma(25)) > psnr(images, rival, training, sigma(25))


def sigma(levels: int) -> float:
    """A variance by its σ in grey levels."""
    return (levels / 255) ** 2
