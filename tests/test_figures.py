"""Every figure of a report can be drawn from odd and unfinished stores too."""

import io
import itertools
import math
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from bench.analysis.rows import Row
from bench.core.experiment import Experiment
from bench.core.recipes import FAST
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.figures.cost import Point
from bench.figures.cost_curves import NEAR, quality
from bench.figures.curves import png, psnr
from bench.figures.heatmaps import regret
from bench.figures.style import arranged, marks, named
from bench.report.report import build
from bench.store.store import Store
from tests.conftest import SMALL, Counter

ODD = {
    "no network": ["--denoisers", "clip,median"],
    "the input alone": ["--denoisers", "noisy"],
    "a network alone": ["--denoisers", "conv_autoencoder"],
    "one test variance": ["--test", "0.1"],
    "no noise alone": ["--test", "0"],
    "no noise among others": ["--test", "0", "0.1", "--denoisers", "noisy,clip,conv_autoencoder"],
    "no psnr": ["--metrics", "ssim"],
    "four ranges": ["--train", "0.01", "0.02", "0", "0..0.1", "--denoisers", "conv_autoencoder"],
}


def drawn(store: Store) -> list[str]:
    drawings = build(store).drawings
    for drawing in drawings:
        assert min(Image.open(io.BytesIO(png(drawing.draw(), drawing.digest))).size) > 100, drawing.kind
    return ["-".join(filter(None, (drawing.kind, drawing.of))) for drawing in drawings]


@pytest.mark.parametrize("arguments", ODD.values(), ids=ODD.keys())
def test_odd_stores_are_drawn(counter: Counter, arguments: list[str]) -> None:
    assert counter.run("--grid", *SMALL, *arguments) == 0
    assert drawn(Store(Path("results/smoke"))) or arguments == ["--test", "0"]  # of which no figure says anything


@pytest.mark.slow
def test_unfinished_stores_are_drawn(counter: Counter) -> None:
    counter.run("--grid", *SMALL, "--train", "0.01", "0.1")
    store = Store(Path("results/smoke"))
    (section,) = store.sections()
    for experiment in section.experiments:
        store.folder(experiment).rename(Path("aside"))
        assert "psnr" in drawn(store)
        Path("aside").rename(store.folder(experiment))


def test_a_store_of_which_nothing_is_measured_has_no_figure(counter: Counter) -> None:
    counter.run("--grid", *SMALL)
    (section,) = Store(Path("results/smoke")).sections()
    empty = Store(Path("results/empty"))
    empty.ask(Section(section.name, section.protocol, section.experiments))
    assert drawn(empty) == []


def test_every_point_has_its_name_however_close_they_lie() -> None:
    figure = Figure(figsize=(4, 3.8))
    axis = figure.subplots()
    points = {f"denoiser_{index}": (1.0, 1.0 + index / 1000) for index in range(20)}
    axis.plot(*zip(*points.values(), strict=True), "o")
    axis.set(xlim=(0, 3), ylim=(0, 2))
    named(figure, axis, points, marks([(name, False) for name in points]))
    assert {text.get_text() for text in axis.texts} == points.keys()
    boxes = [text.get_window_extent() for text in axis.texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_quality_shows_again_what_comes_near_the_best() -> None:
    points = [
        Point(name, name != "clip", True, (1e-4, 1e-4 * (index + 1), 1e-3), value, 0.1)
        for index, (name, value) in enumerate({"clip": 20.0, "dncnn": 30.0, "unet": 30.0 + NEAR / 2}.items())
    ]
    whole, part = quality({0.01: points}).axes
    assert [{text.get_text() for text in axis.texts} for axis in (whole, part)] == [{"clip"}, {"dncnn", "unet"}]


def test_gains_are_cut_off_below_networks_and_where_there_is_none_nothing_is() -> None:
    def row(name: str, gain: float, learns: bool) -> Row:
        variance = Range(0.01, 0.01) if learns else None
        experiment = Experiment(name, (), "mnist" if learns else None, "gaussian", variance, FAST if learns else None)
        return Row(experiment, subject=name, means={(0.01, "psnr"): 20 + gain, (0.1, "psnr"): 10 + gain})

    memorizer, clip, unet = row("memorizer", -15, False), row("clip", 2.7, False), row("unet", -3, True)
    assert psnr([memorizer, clip, unet], [0.01, 0.1], []).axes[0].get_ylim()[0] == pytest.approx(-4)
    assert psnr([memorizer, clip], [0.01, 0.1], []).axes[0].get_ylim()[0] < -15


def test_numbers_of_regret_can_be_read_where_cells_before_them_are_empty() -> None:
    def row(subject: str, variance: float) -> Row:
        experiment = Experiment("unet", (), "mnist", "gaussian", Range(variance, variance), FAST)
        return Row(experiment, subject=subject, means={(0.01, "psnr"): 20.0})

    rows = [row("one", 0.1), row("one", 0.01), row("two", 0.1)]
    one, two = regret(rows, [0.01, 0.1], [[math.nan, 12.0], [0.0, 3.0], [9.0, 0.0]]).axes[:2]
    shown = [[(text.get_text(), text.get_color()) for text in axis.texts] for axis in (one, two)]
    assert shown == [[("0.0", "black"), ("3.0", "black"), ("12.0", "white")], [("9.0", "white"), ("0.0", "black")]]
    assert [label.get_text() for label in one.get_yticklabels()] == ["0.01", "0.1"]


@pytest.mark.parametrize(("panels", "lines"), [(1, 1), (2, 1), (4, 2), (5, 2), (6, 2), (7, 3), (24, 8)])
def test_panels_have_room(panels: int, lines: int) -> None:
    assert arranged(panels)[0] == lines
    assert (lines - 1) * arranged(panels)[1] < panels <= math.prod(arranged(panels))


@pytest.mark.slow
def test_an_ablation_has_curves_of_two_ranges_and_regret_of_more(counter: Counter) -> None:
    kinds = []
    for trained in ("0.01", "0.1", "0.2"):
        assert counter.run("--ablate", "loss", *SMALL[:2], *SMALL[-3:], "--metrics", "psnr", "--train", trained) == 0
        kinds.append(drawn(Store(Path("results/smoke"))))
    assert kinds == [[], ["psnr"], ["regret", "psnr"]]


def test_an_ablation_of_one_number_is_drawn_against_it(counter: Counter) -> None:
    assert counter.run("--ablate", "train_images", *SMALL[:2], "--test", "0.01", "0.1", "--metrics", "psnr") == 0
    store = Store(Path("results/smoke"))
    (drawing,) = (drawing for drawing in build(store).drawings if drawing.kind == "factor")
    panels, name, values = drawing.inputs
    assert (name, values) == ("train images", ["32", "100", "all"])
    assert set(panels["conv_autoencoder"]) == {
        (denoiser, variance) for denoiser in ("conv_autoencoder", "memorizer") for variance in (0.01, 0.1)
    }
    assert panels["conv_autoencoder"]["conv_autoencoder", 0.01]["all"] == (0.0, 0.0)
    for line in panels["conv_autoencoder"].values():  # or it would go forth and back
        assert list(line) == [value for value in values if value in line]
    assert "factor" in drawn(store)
    assert counter.run("--ablate", "no_clean_images", *SMALL[:2], "--test", "0.01", "--metrics", "psnr") == 0
    assert sum(drawing.kind == "factor" for drawing in build(store).drawings) == 1  # names are no numbers
