"""Cost and the harness, as sections of the report."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.analysis.rows import Row
from bench.figures.cost import AT_BATCH, drawings_of
from bench.figures.drawing import Drawing
from bench.report.chapter import Chapter
from bench.report.tables.cost import conditions_text, latency_table, speed_table
from bench.store.store import Store
from bench.timing.latency import Latency, latencies
from bench.timing.targets import CLAIMS

SHOWN = (1, AT_BATCH)  # batch sizes of the table; the appendix has all


def latency_chapter(store: Store, folder: str, measured: Sequence[Row]) -> Chapter:
    """What each denoiser costs; `measured` says which ones were scored."""
    rows = latencies(store)
    if not rows:
        return Chapter()
    drawings = list(drawings_of(rows, measured))
    table = latency_table(rows)
    appendix = f"<details><summary>Latency, every batch size</summary>\n\n{table.markdown()}\n\n</details>\n"
    return Chapter(list(_latency(rows, folder, drawings, measured)), [appendix], drawings, "--latency")


def _latency(
    rows: Sequence[Latency], folder: str, drawings: Sequence[Drawing], measured: Sequence[Row]
) -> Iterator[str]:
    table = latency_table([row for row in rows if row.batch in SHOWN])
    yield (
        "## Cost\n\nEach denoiser restores batches of noisy 28×28 images (variance 0.01), again and again, "
        "after a warm-up, in a process of its own with a fixed number of threads. Networks are untrained here, "
        "since weights do not change what they cost.\n"
    )
    for drawing in drawings:
        yield f"![{drawing.caption}]({folder}/{drawing.name}.png)\n\n*{drawing.caption}*\n"
    yield f"{table.markdown()}\n\n{table.note}.\n\nMeasured on {conditions_text([r.conditions for r in rows])}.\n"
    scored = dict.fromkeys(row.experiment.denoiser for row in measured)
    if untimed := [f"`{name}`" for name in scored if name not in {row.denoiser for row in rows}]:
        yield f"Not timed yet: {', '.join(untimed)}.\n"


def speed_chapter(store: Store, folder: str, measured: Sequence[Row]) -> Chapter:
    """How fast the harness is."""
    timings = store.timings("speed")
    return Chapter(list(_speed(timings)), action="--speed") if timings else Chapter()


def _speed(timings: dict[str, dict[str, Any]]) -> Iterator[str]:
    table = speed_table(timings)
    yield (
        "## The harness itself\n\nThe tutorial's own loop is what a user would write: torchvision's MNIST with "
        "`ToTensor`, a shuffling `DataLoader` of batch 64, Adam at 0.001, two threads, the clean target. It and "
        "this harness ran in turns, in processes of their own; images per second are of the same network "
        "(`conv_autoencoder`) and batch. Times to a PSNR include the validation after each epoch.\n"
    )
    conditions = [values["conditions"] for values in timings.values()]
    there = {name for values in timings.values() for name in values["pairs"]}
    missing = "; ".join(claim.figure for name, claim in CLAIMS.items() if name not in there)
    why = " Why a figure falls short stands in docs/speed.md." if "falls short" in table.markdown() else ""
    yield f"{table.markdown()}\n\n{table.note}.{why}\n"
    if missing:
        yield f"Not measured yet: {missing}.\n"
    yield f"Measured on {conditions_text(conditions)}.\n"
