"""The defect of equivariance, as a chapter of the report."""

from typing import Any

from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.table import Table, numbers, texts
from bench.store.store import Store


def equivariance_table(store: Store) -> Table:
    """A line for each network and dataset."""
    lines = sorted(
        store.timings("equivariance").values(), key=lambda line: (line["dataset"], line["denoiser"], line["variance"])
    )

    def name(line: Any) -> str:
        options = ", ".join(f"{option}={value}" for option, value in line["options"].items() if option != "channels")
        return f"{line['denoiser']}({options})" if options else f"{line['denoiser']}"

    columns = [
        texts("denoiser", map(name, lines)),
        texts("trained on", (line["trained"] for line in lines)),
        texts("images", (line["dataset"] for line in lines)),
        numbers("at variance", (line["variance"] for line in lines), "{:.2g}".format),
        numbers("defect under scaling", (line["scale"] for line in lines), "{:.2f}".format),
        numbers("defect under a shift", (line["shift"] for line in lines), "{:.2f}".format),
    ]
    return Table.of("Defect of equivariance", columns, "0 is equivariant; 1 is as much as the network takes away")


def equivariance_chapter(store: Store) -> Chapter | None:
    """Which networks treat images of other contrast and brightness alike."""
    if not store.timings("equivariance"):
        return None
    text = render("equivariance", table=equivariance_table(store))
    return Chapter("Which networks are equivariant?", text, "architecture", action="--equivariance")
