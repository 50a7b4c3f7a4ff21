import io
import re
from pathlib import Path

import pytest
from PIL import Image

from bench.figures.curves import png
from bench.metrics import METRICS
from bench.report.report import build
from bench.report.reproduce import shortest
from bench.store.reported import has_figure
from bench.store.store import Store
from tests.conftest import Counter, carried_out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A small study, measured once for all tests of this file; not to be changed."""
    grid = "--grid --profile smoke --denoisers clip,median,conv_autoencoder --train 0.01 0.1 --test 0.01 0.1"
    return Store(carried_out(tmp_path_factory.mktemp("study"), grid) / "results" / "smoke")


def test_commands_that_others_cover_are_left_out() -> None:
    grid, law, width, every = "run --grid", "run --grid --law log-uniform", "run --ablate width", "run --ablate all"
    assert list(shortest([f"{grid} --seeds 1", grid, law], 3)) == [grid, law]
    assert list(shortest([grid, f"{grid} --seeds 4"], 3)) == [f"{grid} --seeds 4"]
    assert list(shortest([every, width, f"{width} --metrics psnr"], 3)) == [every, f"{width} --metrics psnr"]
    assert list(shortest([f"{every} --seeds 1", width], 3)) == [f"{every} --seeds 1", width]


def test_the_report_prints_its_conventions(store: Store) -> None:
    text = build(store).pages["pages/trust.md"]
    for word in (
        "never clipped",
        "[0, 1]",
        "for each test image",
        "Wang",
        "float64",
        "80 % of the training images",
        "whole windows",
        "95 %",
    ):
        assert word in text, word


def test_the_report_is_a_function_of_the_store(store: Store) -> None:
    first, second = build(store), build(Store(store.root))
    assert first.pages == second.pages
    assert [drawing.digest for drawing in first.drawings] == [drawing.digest for drawing in second.drawings]


def test_every_figure_in_the_text_is_made_and_carries_its_digest(store: Store) -> None:
    report = build(store)
    kinds = {(drawing.kind, drawing.of) for drawing in report.drawings}
    assert kinds == {("psnr", ""), ("regret", ""), ("map", ""), ("restored", "0.01")}
    assert set(re.findall(r"figures/([^)]+)\.png", report.text)) == {drawing.name for drawing in report.drawings}
    for drawing in report.drawings:
        assert has_figure(store.root, drawing.name, drawing.digest)
        assert not has_figure(store.root, drawing.name, "another")
        image = Image.open(io.BytesIO(png(drawing.draw(), drawing.digest)))
        assert min(image.size) > 200
        assert image.info["Description"] == drawing.digest


def test_links_of_every_page_lead_somewhere(store: Store) -> None:
    for folder, base in ((store.root, ""), (store.root.parent.parent, "results/smoke/")):
        for name, text in build(store, base).pages.items():
            page = folder / name if name == "REPORT.md" else store.root / name
            for link in re.findall(r"\]\(([^)#]+)\)", text):
                assert link.startswith("https:") or (page.parent / link).exists() or link.endswith("REPORT.md"), link
            headings = [heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", text, re.MULTILINE)]
            for anchor in re.findall(r"\]\(#([^)]+)\)", text):
                assert anchor in [re.sub(r"[^\w-]", "", heading) for heading in headings]


@pytest.mark.slow
def test_an_ablation_gets_a_section_of_its_own(counter: Counter) -> None:
    assert counter.run("--ablate", "training_noise", "--profile", "smoke", "--test", "0.01") == 0
    text = build(Store(Path("results/smoke"))).text
    assert "## Ablation `training_noise`: shapes, gaussian noise" in text
    assert "Training noise: eight fixed variances, and 0.001..0.1 under each law of drawing." in text
    assert "0.001..0.1 log-uniform" in text


MAE = """
from bench.metrics import metric

@metric(better="lower")
def mae(clean, restored):
    return (clean - restored).abs().flatten(1).mean(1).double()
"""


def test_a_metric_that_is_gone_is_left_out_and_told(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mae.py").write_text(MAE)
    words = ("--grid", "--profile", "smoke", "--denoisers", "clip", "--test", "0.01", "--metrics")
    assert counter.run(*words, "psnr,mae", "--plugin", "mae.py") == 0
    assert "mae" in Path("results/smoke/scores.csv").read_text()
    METRICS.forget("mae")
    capsys.readouterr()
    assert counter.run("--report", "--profile", "smoke") == 0
    assert "the metric 'mae' is not loaded and left out; --plugin FILE loads it" in capsys.readouterr().err
    assert "mae" in Path("results/smoke/scores.csv").read_text()  # what was measured is kept
    assert '"mae"' not in Path("results/smoke/index.html").read_text()
    assert counter.run(*words, "psnr") == 0


def test_networks_of_one_seed_are_named(measured: Path) -> None:
    first = (measured / "results/smoke/REPORT.md").read_text(encoding="utf-8")
    assert "Trained with one seed, so that intervals cover test images alone: `conv_autoencoder`" in first
