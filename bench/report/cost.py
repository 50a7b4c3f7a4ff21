"""Cost and the harness, as sections of the report."""

from collections.abc import Iterator, Sequence

from bench.analysis.rows import Row
from bench.figures.cost import AT_BATCH
from bench.figures.drawing import Drawing
from bench.report.tables.cost import conditions_text, latency_table, speed_table
from bench.store.store import Store
from bench.timing.latency import latencies
from bench.timing.targets import CLAIMS

SHOWN = (1, AT_BATCH)  # batch sizes of the table; the appendix has all


def folded(store: Store) -> Iterator[str]:
    """The latency at every batch size, for the appendix."""
    if rows := latencies(store):
        table = latency_table(rows)
        yield f"<details><summary>Latency, every batch size</summary>\n\n{table.markdown()}\n\n</details>\n"


def text(store: Store, folder: str, drawings: Sequence[Drawing], measured: Sequence[Row]) -> Iterator[str]:
    """The sections of the report.

    Args:
        measured: denoisers that were scored, which are asked for their cost.
    """
    if rows := latencies(store):
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
    if timings := store.timings("speed"):
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
