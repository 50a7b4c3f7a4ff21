"""Every figure of a report can be drawn from odd and unfinished stores too."""

import io
from pathlib import Path

import pytest
from PIL import Image

from bench import report
from bench.figures import png
from bench.plan import Section
from bench.store import Store
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
    _, drawings = report.build(store, "figures")
    for drawing in drawings:
        assert min(Image.open(io.BytesIO(png(drawing.draw(), drawing.digest))).size) > 100, drawing.kind
    return [drawing.kind for drawing in drawings]


@pytest.mark.parametrize("arguments", ODD.values(), ids=ODD.keys())
def test_odd_stores_are_drawn(counter: Counter, arguments: list[str]) -> None:
    assert counter.run("--grid", *SMALL, *arguments) == 0
    assert drawn(Store(Path("results/smoke")))


def test_unfinished_stores_are_drawn(counter: Counter) -> None:
    counter.run("--grid", *SMALL, "--train", "0.01", "0.1")
    store = Store(Path("results/smoke"))
    (section,) = store.sections()
    for experiment in section.experiments:
        store.folder(experiment).rename(Path("aside"))
        assert "transfer-psnr" in drawn(store)
        Path("aside").rename(store.folder(experiment))


def test_a_store_of_which_nothing_is_measured_has_no_figure(counter: Counter) -> None:
    counter.run("--grid", *SMALL)
    (section,) = Store(Path("results/smoke")).sections()
    empty = Store(Path("results/empty"))
    empty.ask(Section(section.name, section.protocol, section.experiments))
    assert drawn(empty) == []
