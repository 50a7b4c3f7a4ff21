"""A bank of specialists against one network for all noise, as a chapter of the report."""

from collections import Counter
from typing import Any

from bench.analysis.intervals import Estimate
from bench.figures.drawing import Drawing, later
from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.table import Table, margin, numbers, signed, texts
from bench.store.store import Store


def bank_table(store: Store) -> Table:
    """A line for each network and test variance."""
    rows = [row | {"network": name} for name, kept in _measured(store).items() for row in kept["rows"]]

    def difference(kind: str) -> Any:
        return lambda row: signed(row[kind][0]) + margin(row[kind][1]) if row[kind] else ""

    columns = [
        texts("network", (row["network"] for row in rows)),
        texts("variance", (row["test"] for row in rows)),
        numbers("PSNR of the bank (dB)", rows, lambda row: f"{row['bank'][0]:.2f}{margin(row['bank'][1])}"),
        numbers("minus the range network (dB)", rows, difference("range")),
        numbers("minus the true specialist (dB)", rows, difference("specialist")),
        numbers(
            "images given that specialist",
            rows,
            lambda row: "" if row["right"] is None else f"{100 * row['right']:.0f} %",
        ),
    ]
    return Table.of("A bank of specialists", columns, "empty where no specialist was trained for the test variance")


def _measured(store: Store) -> dict[str, dict[str, Any]]:
    """What was measured, by title; where titles are alike, with what may tell them apart."""
    kept = store.timings("bank")
    titles = {key: values["title"] for key, values in kept.items()}
    for more in ("range", "recipe", "key"):
        count = Counter(titles.values())
        titles = {
            key: f"{title}, {(kept[key] | {'key': key[-10:]})[more]}" if count[title] > 1 else title
            for key, title in titles.items()
        }
    return {titles[key]: values for key, values in kept.items()}


def bank_chapter(store: Store, folder: str) -> Chapter | None:
    """Whether one should estimate and choose, or train once for all."""
    measured = _measured(store)
    if not measured:
        return None
    findings = [
        kept
        | {"network": name, "against": {kind: Estimate(*pair) for kind, pair in kept["inside"].items()}}
        | {"tested": [row["variance"] for row in kept["rows"] if row["specialist"]]}
        | {"everywhere": sum(row["range"][0] for row in kept["rows"]) / len(kept["rows"])}
        for name, kept in measured.items()
        if kept["inside"] and all(kept["inside"].values())  # else no variance that was trained was tested
    ]
    panels = {
        name: [(row["variance"], row["range"], row["specialist"]) for row in kept["rows"]]
        for name, kept in measured.items()
    }
    title = "A bank of specialists minus one network for the whole range, and minus the true specialist"
    more = ". PSNR with 95 % intervals; above zero the bank is better."
    drawing = Drawing("gain", "", title, (panels,), later("bank.gains", panels), more, "bank")
    text = render("bank", folder=folder, findings=findings, drawing=drawing, table=bank_table(store))
    return Chapter("Estimate and choose, or train once?", text, "noise", [drawing], action="--bank")
