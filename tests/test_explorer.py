"""The explorer, in a real browser with the network off."""

import base64
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.scored import Scored
from bench.core.experiment import Experiment, Protocol
from bench.core.results import Array
from bench.explorer import data as explorer_data
from bench.explorer.page import own_script, page
from bench.store.store import Store

pytestmark = pytest.mark.slow
CHROMIUM = os.environ.get("DESRUIDO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
VIEWS = ("answer", "choose", "map", "curves", "all", "ablations", "exercises")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; install the package chromium or set DESRUIDO_CHROMIUM")
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Opened:
    """The page of a study in a browser, and what went wrong in it."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> None:
        self.path = path
        self.wrong: list[str] = []
        self.asked: list[str] = []
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme)
        self.tab = context.new_page()
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        self.tab.on("request", lambda request: self.asked.append(request.url))

    def view(self, fragment: str) -> Any:
        self.tab.goto("about:blank")
        self.asked.clear()
        self.tab.goto(f"{self.path.as_uri()}#{fragment}")
        self.tab.wait_for_selector("#view > *")
        assert not [url for url in self.asked if not url.startswith(("file:", "blob:", "data:"))]
        assert self.wrong == []
        return self.tab


@pytest.fixture
def opened(browser: Any, measured: Path) -> Opened:
    return Opened(browser, measured / "results/smoke/index.html")


def of_page(path: Path) -> Any:
    text = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.S
    )
    assert text
    return json.loads(text[1])


def test_the_page_is_a_function_of_the_store_and_small(measured: Path) -> None:
    path = measured / "results/smoke/index.html"
    store = Store(measured / "results/smoke")
    assert page(store, Scored(store)) == path.read_text(encoding="utf-8")
    assert path.stat().st_size < 1_500_000


def test_scores_of_the_page_are_those_of_the_table(measured: Path) -> None:
    (grid,) = of_page(measured / "results/smoke/index.html")["grids"]
    frame = pd.read_csv(measured / "results/smoke/scores.csv")
    cells = 0
    for row in grid["rows"]:
        for metric, pairs in row["scores"].items():
            for variance, pair in zip(grid["variances"], pairs, strict=True):
                lines = frame[
                    (frame.denoiser == row["denoiser"]) & (frame.metric == metric) & (frame.variance == variance)
                ]
                lines = lines[lines.trained_on.isna() if not row["trained"] else lines.trained_on == row["trained"]]
                assert pair[0] == pytest.approx(lines["mean"].mean(), abs=1e-5)
                cells += 1
    assert cells == 3 * 2 * len(grid["rows"]) > 50


def test_images_of_the_page_are_those_of_the_store(measured: Path) -> None:
    store = Store(measured / "results/smoke")
    (grid,) = of_page(measured / "results/smoke/index.html")["grids"]
    (section,) = store.sections()
    assert grid["shape"][0] == 8
    by_row = {(e.denoiser, str(e.variance) if e.variance else ""): e for e in section.experiments}
    for row in grid["rows"]:
        kept = store.examples(by_row[row["denoiser"], row["trained"]], section.protocol)
        pixels = np.frombuffer(zlib.decompress(base64.b64decode(row["images"])), np.uint8)
        assert (pixels == np.stack([kept[str(v)] for v in grid["variances"]]).ravel()).all()


def test_no_more_images_than_fit_are_in_the_page(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(measured / "results/smoke")
    monkeypatch.setattr(explorer_data, "IMAGES", 40_000)
    (grid,) = explorer_data.page_data(store, Scored(store))["grids"]
    lengths = [len(row["images"]) for row in grid["rows"] if row["images"]]
    assert 0 < sum(lengths) <= 40_000
    assert next(row for row in grid["rows"] if row["kind"] == "input")["images"]  # which every other is compared with


def test_rather_fewer_images_than_networks_without_any(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_data, "IMAGES", 30_000)
    store = Store(measured / "results/smoke")
    (grid,) = explorer_data.page_data(store, Scored(store))["grids"]
    assert 1 <= grid["shape"][0] < 8
    assert all(row["images"] for row in grid["rows"] if row["kind"] in ("network", "input"))
    assert sum(len(row["images"] or "") for row in grid["rows"]) <= 30_000


def test_a_row_that_kept_fewer_images_shows_the_same_as_others(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Store.examples

    def fewer(store: Store, experiment: Experiment, protocol: Protocol) -> dict[str, Array]:
        kept = whole(store, experiment, protocol)
        return {name: values[:3] for name, values in kept.items()} if experiment.denoiser == "unet" else kept

    monkeypatch.setattr(Store, "examples", fewer)
    store = Store(measured / "results/smoke")
    (grid,) = explorer_data.page_data(store, Scored(store))["grids"]
    assert grid["shape"][0] == 3
    for row in grid["rows"]:
        size = len(zlib.decompress(base64.b64decode(row["images"])))
        assert size == len(grid["variances"]) * np.prod(grid["shape"]), row["name"]


def test_an_empty_store_gives_a_page(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert '"grids":[]' in page(store, Scored(store))


def test_parts_of_the_script_are_joined_in_an_order_that_works() -> None:
    """Every import names a part that stands before it."""
    from bench.explorer.page import PARTS  # beside its use

    folder = Path(explorer_data.__file__).parent / "script"
    assert {path.stem for path in folder.glob("*.js")} == set(PARTS)
    for place, name in enumerate(PARTS):
        needs = re.findall(r'from "\./(\w+)\.js"', (folder / f"{name}.js").read_text(encoding="utf-8"))
        assert set(needs) <= set(PARTS[:place])
    assert "import " not in own_script()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_view_opens_without_a_request_or_an_error(
    browser: Any, measured: Path, view: str, width: int, scheme: str
) -> None:
    tab = Opened(browser, measured / "results/smoke/index.html", width, scheme).view(f"view={view}")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.inner_text("#view").strip()


def test_a_cell_shows_its_numbers_and_its_pixels(opened: Opened, measured: Path) -> None:
    tab = opened.view("view=map&net=conv_autoencoder&what=score")
    tab.click('[data-cell="0,1"]')
    (grid,) = of_page(opened.path)["grids"]
    row = next(r for r in grid["rows"] if r["name"] == "conv_autoencoder" and r["trained"] == "0.01")
    assert f"PSNR (dB): {row['scores']['psnr'][1][0]:.2f}" in tab.inner_text("#cell")
    tab.click("text=next image")
    tab.wait_for_function("document.querySelector('canvas[aria-label=restored]').width > 1")
    tab.wait_for_timeout(100)
    shown = tab.evaluate(
        "(() => { const c = document.querySelector('canvas[aria-label=restored]');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0) })()"
    )
    store = Store(measured / "results/smoke")
    (section,) = store.sections()
    experiment = next(e for e in section.experiments if (e.denoiser, str(e.variance)) == ("conv_autoencoder", "0.01"))
    assert shown == store.examples(experiment, section.protocol)["0.1"][1].ravel().tolist()


def test_what_is_in_view_is_in_the_address_and_comes_back(opened: Opened) -> None:
    tab = opened.view("view=map")
    tab.select_option("select >> nth=0", "unet")
    tab.click('[data-cell="2,0"]')
    address, text = tab.evaluate("location.hash"), tab.inner_text("#cell")
    assert "net=unet" in address
    assert opened.view(address[1:]).inner_text("#cell") == text


def test_the_table_sorts_and_filters(opened: Opened) -> None:
    tab = opened.view("view=all")
    names = [cell.inner_text() for cell in tab.query_selector_all("tbody th")]
    tab.fill("input[type=search]", "unet 0.01..0.1")
    assert [cell.inner_text() for cell in tab.query_selector_all("tbody th")] == ["unet"]
    tab.fill("input[type=search]", "")
    tab.click("thead button >> text=denoiser")
    assert [cell.inner_text() for cell in tab.query_selector_all("tbody th")] == sorted(names)
    assert tab.get_attribute("thead th", "aria-sort") == "ascending"
    assert "sort=name" in tab.evaluate("location.hash")


def test_a_choice_follows_the_noise_that_is_expected(opened: Opened) -> None:
    low, high = (opened.view(f"view=choose&low={v}&high={v}").inner_text("#pick") for v in (0.01, 0.1))
    (grid,) = of_page(opened.path)["grids"]
    for place, text in enumerate((low, high)):
        blind = [row for row in grid["rows"] if row["kind"] != "input" and not row["told"]]
        best = max(blind, key=lambda row: row["scores"]["psnr"][place][0])
        assert text == best["name"] + (f", trained on {best['trained']}" if best["trained"] else "")


def test_cells_can_be_reached_by_keyboard(opened: Opened) -> None:
    tab = opened.view("view=map&net=unet")
    tab.focus('[data-cell="0,0"]')
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    assert "row=0.1" in tab.evaluate("location.hash")
    assert tab.get_attribute('[data-cell="1,1"]', "aria-pressed") == "true"


RESTORED = (
    "(() => { const c = document.querySelector('canvas[aria-label=restored]');"
    "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join() })()"
)


def test_images_turn_flip_and_zoom_together(opened: Opened) -> None:
    tab = opened.view("view=map&net=conv_autoencoder&row=0.01&v=0.1&image=0")
    tab.wait_for_selector("canvas[aria-label=clean]")
    restored, clean = tab.evaluate(RESTORED), tab.evaluate(RESTORED.replace("restored", "clean"))
    tab.focus(".images")
    tab.keyboard.down("f")
    tab.wait_for_timeout(100)
    assert tab.evaluate(RESTORED) == clean != restored
    tab.keyboard.up("f")
    tab.wait_for_timeout(100)
    assert tab.evaluate(RESTORED) == restored
    tab.keyboard.press("ArrowRight")
    tab.wait_for_timeout(100)
    assert tab.evaluate(RESTORED) != restored
    assert "image=1" in tab.url
    tab.keyboard.press("ArrowLeft")
    tab.wait_for_timeout(100)
    assert tab.evaluate(RESTORED) == restored
    tab.locator("input[max='6']").fill("3")
    box = tab.locator(".lens >> nth=0").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    transforms = tab.evaluate(
        "[...document.querySelectorAll('.lens canvas')].map((c) => getComputedStyle(c))"
        ".map((style) => `${style.transform} ${style.transformOrigin}`)"
    )
    assert len(transforms) >= 4
    assert len(set(transforms)) == 1
    assert transforms[0].startswith("matrix(3,")
    assert float(transforms[0].split()[-2].removesuffix("px")) == pytest.approx(box["width"] / 4, abs=1)


def test_a_choice_keeps_the_focus(opened: Opened) -> None:
    tab = opened.view("view=curves")
    tab.focus("select >> nth=0")
    tab.select_option("select >> nth=0", "network")
    assert tab.evaluate("document.activeElement.value") == "network"


@pytest.mark.parametrize("width", [390, 1280])
def test_names_of_ablations_are_inside_the_chart(browser: Any, measured: Path, tmp_path: Path, width: int) -> None:
    names = ("optimizer=adam, lr=0.001, lr_vectors=0.0", "depth=7", "loss=charbonnier, which is a long name")
    numbers = {"mean": -1.0, "half_width": 0.5, "deviation": 0.1, "seeds": 3, "significant": True, "side": "inside"}
    same = {"ablation": "optimizer", "base": "conv_autoencoder", "dataset": "mnist"}
    ranges = ("0.01", "0.001..0.1 log-uniform")
    lines = [same | numbers | {"change": name, "trained_on": trained} for name in names for trained in ranges]
    text = (measured / "results/smoke/index.html").read_text(encoding="utf-8")
    path = tmp_path / "index.html"
    path.write_text(text.replace('"ablations":[]', f'"ablations":{json.dumps(lines)}'), encoding="utf-8")
    tab = Opened(browser, path, width).view("view=ablations")
    places = tab.evaluate(
        "(() => { const chart = document.querySelector('figure').getBoundingClientRect();"
        "return [...document.querySelectorAll('svg text')].map((t) => t.getBoundingClientRect())"
        ".map((t) => [t.left - chart.left, chart.right - t.right]) })()"
    )
    assert len(places) >= len(lines)
    assert min(min(place) for place in places) >= -1


def test_a_table_can_be_taken_away(opened: Opened, tmp_path: Path) -> None:
    tab = opened.view("view=map&net=unet&what=score")
    for button, start in (("CSV", "trained on,0.01,0.1\n0.01,"), ("LaTeX", "\\begin{tabular}{lrr}\n\\toprule")):
        with tab.expect_download() as download:
            tab.click(f"button >> text={button}")
        download.value.save_as(tmp_path / button)
        assert (tmp_path / button).read_text(encoding="utf-8").startswith(start)
    assert tab.inner_text("#command").endswith(" --denoisers unet")
    assert tab.inner_text("#command").count("--denoisers") == 1


def test_an_interaction_takes_no_time_one_notices(opened: Opened) -> None:
    """Not how fast this machine is, but that no view is rebuilt for seconds."""
    tab = opened.view("view=map&net=unet")
    seconds = tab.evaluate(
        "(() => { const start = performance.now(); document.querySelector('[data-cell=\"1,1\"]').click();"
        "return (performance.now() - start) / 1000 })()"
    )
    assert seconds < 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_shuts_anybody_out(browser: Any, measured: Path, scheme: str) -> None:
    """By the rules of axe: contrast, names, roles, landmarks."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opened = Opened(browser, measured / "results/smoke/index.html", scheme=scheme)
    for view in VIEWS:
        found = axe.run(opened.view(f"view={view}")).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] != "minor"] == []
