from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from bench.analysis.intervals import Sample
from bench.analysis.rows import Row
from bench.calibration.distances import PublishedDistance, distances
from bench.calibration.published_numbers import curves, curves_of
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import PHOTOGRAPHS
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.figures.curves import psnr
from bench.figures.drawing import Drawing
from bench.report.tables.published import beside

LOW, FIXED = Range.parse("sigma=0..10"), Range.parse("sigma=25")
SIGMAS = [(sigma / 255) ** 2 for sigma in (5, 10, 25, 50)]


def row(denoiser: str, trained: Range | None, level: float) -> Row:
    experiment = Experiment(denoiser, (), "photos", "gaussian", trained, PHOTOGRAPHS if trained else None)
    samples = {(v, "psnr"): Sample(np.array([[level, level + 1]]), (0,) if trained else ()) for v in SIGMAS}
    means = dict.fromkeys(samples, level + 0.5)
    parameters = 117_073 if denoiser == "unet" else 0
    return Row(experiment, samples=samples, means=means, subject=denoiser, parameters=parameters)


def test_published_figures_are_read() -> None:
    published = {(curve.denoiser, curve.trained): curve for curve in curves("BSD68")}
    assert published["dncnn bias", LOW].psnr[(50 / 255) ** 2] == 15.292
    assert published["BM3D", None].psnr[(25 / 255) ** 2] == 28.57
    assert published["DnCNN-S", FIXED].psnr == {(25 / 255) ** 2: 29.23}
    assert curves("mnist") == []


def test_they_are_of_grey_images_under_gaussian_noise() -> None:
    protocol = Protocol("folder:data/BSD68@6bf0b621", "gaussian", (0.01,), ("psnr",), 68)
    assert curves_of(Section("grid", protocol, ())) == curves("BSD68")
    for other in (replace(protocol, noise="laplace"), replace(protocol, dataset="folder_colour:data/BSD68@6bf0b621")):
        assert curves_of(Section("grid", other, ())) == []
    assert curves_of(Section("width", protocol, ())) == []


def test_ours_stand_below_those_of_others_that_were_trained_alike() -> None:
    rows = [row("median", None, 20.0), row("bm3d", None, 28.0), row("unet", LOW, 30.0), row("dncnn", FIXED, 29.0)]
    rows.append(row("unet", Range.parse("sigma=0..20"), 28.0))
    table = beside(rows, SIGMAS, curves("BSD68"))
    assert table.header == ("denoiser", "trained on", "σ=10", "σ=25", "σ=50")
    names = [line[0].replace(" (117,073 parameters)", "") for line in table.rows]
    assert "`unet`, here (117,073 parameters)" in [line[0] for line in table.rows]
    assert names.index("`unet`, here") == names.index("dncnn bias_free, Mohan et al. ICLR 2020") + 1
    assert names.index("`dncnn`, here") == names.index("DnCNN-S, Zhang et al. TIP 2017") + 1
    assert names.index("`bm3d`, here") > names.index("BM3D, Zhang et al. TIP 2017")
    assert len(names) == len(set(names))
    assert "`median`, here" not in names
    assert all(line[1] in ("–", "σ=0..10", "σ=25") for line in table.rows)
    (published,) = (line for line in table.rows if line[0] == "dncnn bias, Mohan et al. ICLR 2020")
    assert published[2:] == ("33.69", "–", "15.29")


def test_nothing_stands_beside_what_nobody_published() -> None:
    assert not beside([row("unet", LOW, 30.0)], SIGMAS, curves("mnist")).rows
    assert not beside([row("unet", Range(0.1, 0.1), 30.0)], [0.1], curves("BSD68")).rows


def test_the_figure_shows_them_in_the_panel_of_their_training() -> None:
    published = [curve for curve in curves("BSD68") if curve.trained in (LOW, FIXED)]
    figure = psnr([row("unet", LOW, 30.0), row("dncnn", FIXED, 29.0)], SIGMAS, published)
    fixed, low = ({line.get_label(): line for line in axis.get_lines()} for axis in figure.axes)
    assert {"dncnn bias, Mohan et al. ICLR 2020", "unet"} < set(low)
    assert {"DnCNN-S, Zhang et al. TIP 2017", "dncnn"} < set(fixed)
    assert "DnCNN-S, Zhang et al. TIP 2017" not in low
    assert np.asarray(low["unet"].get_xdata()) == pytest.approx(np.array([5, 10, 25, 50]))
    assert "σ" in figure.axes[0].get_xlabel()


def test_a_figure_file_has_a_plain_name() -> None:
    drawing = Drawing("restored", "σ=0..10", "", (), Figure, section="grid-BSD68")
    assert drawing.name == "grid-BSD68-restored-sigma-0..10"


def test_the_distance_to_a_published_network_is_said() -> None:
    published = [curve for curve in curves("BSD68") if curve.denoiser == "DnCNN-S"]
    rows = [row("unet", FIXED, 28.0), row("dncnn", FIXED, 28.5), row("unet_bias_free", LOW, 40.0)]
    theirs, variance = "DnCNN-S, Zhang et al. TIP 2017", (25 / 255) ** 2
    assert list(distances(rows, published)) == [PublishedDistance("dncnn", 0, variance, 29.0, theirs, 29.23)]
    assert list(distances(rows[2:], published)) == []
