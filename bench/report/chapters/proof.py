"""Whether the choice of a denoiser holds, as a chapter of the report."""

from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.table import Table, margin, numbers, texts
from bench.store.store import Store


def proof_table(store: Store) -> Table:
    """A line for each dataset, limit of time and strategy."""
    lines = [line | {"images": name} for name, kept in store.timings("proof").items() for line in kept["rows"]]
    columns = [
        texts("images", (line["images"] for line in lines)),
        texts("time", ("any" if line["price"] is None else f"{line['price']:g} s per megapixel" for line in lines)),
        texts("strategy", (line["strategy"] for line in lines)),
        numbers("lost (dB)", lines, lambda line: f"{line['lost'][0]:.2f}{margin(line['lost'][1])}"),
        numbers("lost at most in 95 %", lines, lambda line: f"{line['tail']:.2f}"),
        numbers("within 0.15 dB", lines, lambda line: f"{100 * line['close']:.0f} %"),
        numbers("the same", lines, lambda line: f"{100 * line['same']:.0f} %"),
        numbers("lost against the best for each image", lines, lambda line: f"{line['lost_of_image'][0]:.2f}"),
    ]
    note = (
        "Against what has the highest mean at the true variance, of all that are fast enough; how often it is the same"
    )
    return Table.of("What a choice loses", columns, note)


def proof_chapter(store: Store) -> Chapter | None:
    """What `--choose` is worth."""
    kept = store.timings("proof")
    if not kept:
        return None
    first = {name: values["rows"][0] | values for name, values in kept.items()}
    text = render("proof", kept=first, table=proof_table(store))
    return Chapter("Does the choice hold?", text, "cost", action="--proof")
