import io
from pathlib import Path

import pytest
from PIL import Image

from bench.figures.curves import png
from bench.report.chapter import Chapter
from bench.report.report import MANY, _contents, build
from bench.report.reproduce import shortest
from bench.store.reported import has_figure
from bench.store.store import Store
from tests.conftest import SMALL, Counter


@pytest.fixture
def store(counter: Counter) -> Store:
    more = ("--denoisers", "clip,median,conv_autoencoder", "--train", "0.01", "0.1")
    assert counter.run("--grid", *SMALL, *more) == 0
    return Store(Path("results/smoke"))


def test_commands_that_others_cover_are_left_out() -> None:
    grid, law, width, every = "run --grid", "run --grid --law log-uniform", "run --ablate width", "run --ablate all"
    assert list(shortest([f"{grid} --seeds 1", grid, law], 3)) == [grid, law]
    assert list(shortest([grid, f"{grid} --seeds 4"], 3)) == [f"{grid} --seeds 4"]
    assert list(shortest([every, width, f"{width} --metrics psnr"], 3)) == [every, f"{width} --metrics psnr"]
    assert list(shortest([f"{every} --seeds 1", width], 3)) == [f"{every} --seeds 1", width]


def test_the_report_prints_its_conventions_above_the_first_table(store: Store) -> None:
    text, _ = build(store, "figures")
    conventions, table = text.index("## Conventions"), text.index("| denoiser |")
    assert conventions < table
    for word in ("never clipped", "[0, 1]", "per test image", "Wang", "float64", "80 : 20", "whole windows", "95 %"):
        assert word in text[conventions:table], word


def test_the_report_is_a_function_of_the_store(store: Store) -> None:
    first, drawings = build(store, "figures")
    second, again = build(Store(store.root), "figures")
    assert first == second
    assert [drawing.digest for drawing in drawings] == [drawing.digest for drawing in again]


def test_every_figure_in_the_text_is_made_and_carries_its_digest(store: Store) -> None:
    text, drawings = build(store, "figures")
    kinds = {(drawing.kind, drawing.of) for drawing in drawings}
    heatmaps = {("tuned", "psnr"), *(("transfer", metric) for metric in ("psnr", "ssim", "mse"))}
    assert kinds == {("psnr", ""), ("regret", ""), ("loss", ""), ("restored", "0.01")} | heatmaps
    for drawing in drawings:
        assert f"](figures/{drawing.name}.png)" in text
        assert has_figure(store.root, drawing.name, drawing.digest)
        assert not has_figure(store.root, drawing.name, "another")
        image = Image.open(io.BytesIO(png(drawing.draw(), drawing.digest)))
        assert min(image.size) > 200
        assert image.info["Description"] == drawing.digest


def test_an_ablation_gets_a_section_of_its_own(counter: Counter) -> None:
    assert counter.run("--ablate", "training_noise", "--profile", "smoke", "--test", "0.01") == 0
    text, _ = build(Store(Path("results/smoke")), "figures")
    assert "## Ablation `training_noise`: shapes, gaussian noise" in text
    assert "Training noise: eight fixed variances, and 0.001..0.1 under each law of drawing." in text
    assert "0.001..0.1 log-uniform" in text


def test_a_long_report_has_links_to_its_chapters_and_a_short_one_has_none(store: Store) -> None:
    assert MANY > 5
    assert "Contents:" not in build(store, "figures")[0]
    chapters = [Chapter("Ablation `bias_free`: mnist, noise", "", "`bias_free`"), *[Chapter("Cost", "")] * 2]
    assert list(_contents(chapters)) == [
        ("`bias_free`", "ablation-bias_free-mnist-noise"),
        ("Cost", "cost"),
        ("Cost", "cost-1"),
    ]
