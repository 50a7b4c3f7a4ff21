"""How well the noise of single images is estimated, as a chapter of the report."""

from typing import Any

from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.table import Table, numbers, texts
from bench.store.store import Store


def noise_level_table(store: Store) -> Table:
    """A line for each dataset, kind of image and noise variance."""
    rows = [row | {"dataset": name} for name, kept in store.timings("noise_level").items() for row in kept["rows"]]
    ours, theirs = ([row for row in rows if row["method"] == method] for method in ("noise_level", "estimate_sigma"))

    def ratio(row: Any) -> str:
        return f"{row['ratio']:.2f} ±{row['spread']:.2f}"

    columns = [
        texts("images", (row["dataset"] for row in ours)),
        texts("as", ("8-bit file" if row["file"] else "pixels, unclipped" for row in ours)),
        texts("variance", (row["test"] for row in ours)),
        numbers("our estimate / truth", ours, ratio),
        numbers("truth in its interval", ours, lambda row: f"{100 * row['inside']:.0f} %"),
        numbers("scikit-image / truth", theirs, ratio),
    ]
    note = "estimated over true variance: mean over images ± standard deviation of one image"
    return Table.of("Estimated noise variance", columns, note)


def noise_level_chapter(store: Store) -> Chapter | None:
    """What `--denoise` knows of the noise when nobody tells it."""
    if not store.timings("noise_level"):
        return None
    table = noise_level_table(store)
    return Chapter("Estimating the variance", render("noise_level", table=table), "noise", action="--noise-level")
