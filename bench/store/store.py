"""The store: one folder for each experiment.

Files are written beside their place and moved into it. Nothing in the store is ever unpickled.
"""

import json
import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.core.conditions import Provenance
from bench.core.experiment import Cell, Experiment, Protocol
from bench.core.results import Array, Progress, Restored, Score, Trial, summarize
from bench.core.tasks import Result, Section
from bench.core.values import as_json, canonical
from bench.store.files import Damaged, packed, read_arrays, read_as, read_json, read_rows, table_text, write

REPLACED = ("scores-*", "images-*", "examples-*", "weights.safetensors", "history.csv", "tuning.csv")  # by a fresh task


class Store:
    """The results of one profile, below `root`; nothing is created before the first result."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def check_writable(self) -> None:
        """Raises OSError where the store could not keep a result; leaves nothing behind."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(f"results cannot go below {folder}, which is no folder: choose another --results")
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            message = (
                f"results cannot be written below {folder} ({error.strerror}): make it writable or choose --results"
            )
            raise PermissionError(message) from None

    # What is there

    def folder(self, experiment: Experiment) -> Path:
        return self.root / experiment.id

    def missing(self, experiment: Experiment, protocol: Protocol) -> tuple[Cell, ...]:
        """The cells to measure; none for a denoiser that diverged, since it would do so again."""
        if self.diverged(experiment) is not None:
            return ()
        there = {(score.variance, score.metric) for score in self.scores(experiment, protocol)}
        return tuple(cell for cell in protocol.cells if cell not in there)

    def scores(self, experiment: Experiment, protocol: Protocol) -> list[Score]:
        """All cells measured under the protocol's conditions, also those it does not ask for."""

        def parse(row: dict[str, str]) -> Score:
            blocks = tuple(map(float, row["blocks"].split()))
            numbers = (float(row["mean"]), float(row["spread"]), int(row["images"]))
            return Score(float(row["variance"]), row["metric"], *numbers, blocks)

        return read_rows(self.folder(experiment) / f"scores-{protocol.digest}.csv", parse)

    def history(self, experiment: Experiment) -> list[Progress]:
        """Losses while it was trained; empty for a denoiser that learns nothing."""

        def parse(row: dict[str, str]) -> Progress:
            validation = float(row["validation"]) if row["validation"] else None
            return Progress(float(row["epoch"]), float(row["training"]), validation)

        return read_rows(self.folder(experiment) / "history.csv", parse)

    def trials(self, experiment: Experiment) -> list[Trial]:
        """What was tried to tune a filter; empty for all other denoisers."""

        def parse(row: dict[str, str]) -> Trial:
            value = row["value"]
            return Trial(row["option"], int(value) if value.isdecimal() else float(value), float(row["mse"]))

        return read_rows(self.folder(experiment) / "tuning.csv", parse)

    def diverged(self, experiment: Experiment) -> int | None:
        """The epoch in which the loss ceased to be finite, counted from 1; None if it never did."""
        history = self.history(experiment)
        return math.ceil(history[-1].epoch) if history and history[-1].diverged else None

    def weights(self, experiment: Experiment) -> bytes | None:
        """Trained weights as safetensors bytes, if they are there."""
        path = self.folder(experiment) / "weights.safetensors"
        return path.read_bytes() if path.exists() else None

    def provenance(self, experiment: Experiment) -> Provenance | None:
        """Where its numbers come from; None if it was not measured."""
        path = self.folder(experiment) / "provenance.json"
        return read_as(Provenance.from_json, path) if path.exists() else None

    def examples(self, experiment: Experiment, protocol: Protocol) -> dict[str, Array]:
        """The first test images, uint8 (E, H, W): "clean", and restored by test variance, such as "0.01"."""
        path = self.folder(experiment) / f"examples-{protocol.digest}.npz"
        return read_arrays(path) if path.exists() else {}

    def sections(self) -> list[Section]:
        """What was asked of this store so far, grids first."""
        found = []
        for path in sorted(self.root.glob("section-*.json")):
            values = read_json(path)
            try:
                experiments = tuple(Experiment.from_json(entry) for entry in values["experiments"])
                protocol, commands = Protocol.from_json(values["protocol"]), tuple(values.get("commands", ()))
                bases = tuple(each for each in experiments if each.id in values.get("bases", ()))
                found.append(Section(values["name"], protocol, experiments, commands, bases))
            except (KeyError, TypeError, ValueError) as error:
                raise Damaged(
                    f"{path} is no section of a report ({error}); delete it and run the command again"
                ) from None
        # Grids first, and folders of images behind datasets that everybody has.
        return sorted(found, key=lambda s: (s.name != "grid", ":" in s.protocol.dataset, s.protocol.dataset, s.key))

    # What is kept

    def keep(self, result: Result) -> None:
        """Stores all that a task gave; scores come last, so that their presence means the rest is there.

        A fresh one that failed replaces no scores, and nothing at all before it had anything whole.
        """
        experiment, fresh = result.task.experiment, result.task.fresh
        folder = self.folder(experiment)
        whole = result.weights or result.restored or result.diverged
        if fresh and (not whole or (result.failure is not None and any(folder.glob("scores-*")))):
            return
        if fresh:
            for pattern in REPLACED:
                for path in folder.glob(pattern):
                    path.unlink()  # of other weights, or measured by other code
        write(folder / "experiment.json", as_json(experiment))
        if result.history:
            losses = [(row.epoch, row.training, row.validation) for row in result.history]
            write(folder / "history.csv", table_text(("epoch", "training", "validation"), losses))
        if result.trials:
            tried = [(trial.option, trial.value, trial.mse) for trial in result.trials]
            write(folder / "tuning.csv", table_text(("option", "value", "mse"), tried))
        if result.weights is not None:
            write(folder / "weights.safetensors", result.weights)
        if result.provenance:
            before, known = None if fresh else self.provenance(experiment), result.provenance
            if before:
                known = before.and_then(known, trained=bool(result.history or result.trials))
            write(folder / "provenance.json", json.dumps(known.as_json(), indent=2, sort_keys=True) + "\n")
        for protocol in {protocol.digest: protocol for protocol, _ in result.restored}.values():
            mine = [restored for each, restored in result.restored if each.digest == protocol.digest]
            self._keep_scores(experiment, protocol, mine)

    def _keep_scores(self, experiment: Experiment, protocol: Protocol, found: Iterable[Restored]) -> None:
        """Adds scores under one protocol to those that are there."""
        folder = self.folder(experiment)
        scores = {(score.variance, score.metric): score for score in self.scores(experiment, protocol)}
        examples = self.examples(experiment, protocol)
        values = {}
        for restored in found:
            examples |= {"clean": restored.clean, str(restored.variance): restored.examples}
            for metric, each in restored.values.items():
                values[f"{metric} {restored.variance}"] = each
                scores[restored.variance, metric] = summarize(restored.variance, metric, each)
        path = folder / f"images-{protocol.digest}.npz"
        write(path, packed((read_arrays(path) if path.exists() else {}) | values))
        if experiment.seed == 0:  # figures show no other
            write(folder / f"examples-{protocol.digest}.npz", packed(examples))
        rows = [
            (s.variance, s.metric, s.mean, s.spread, s.images, " ".join(f"{value:.6g}" for value in s.blocks))
            for _, s in sorted(scores.items())
        ]
        header = ("variance", "metric", "mean", "spread", "images", "blocks")
        write(folder / f"scores-{protocol.digest}.csv", table_text(header, rows))

    def ask(self, section: Section) -> None:
        """Remembers what a command asked for, joined with what was asked before."""
        for earlier in self.sections():
            if earlier.key == section.key:
                section = earlier.joined(section)
        values = {
            "name": section.name,
            "bases": [experiment.id for experiment in section.bases],
            "commands": section.commands,
            "protocol": canonical(section.protocol),
            "experiments": [canonical(e) for e in sorted(section.experiments, key=lambda e: e.id)],
        }
        path, text = self.root / f"section-{section.key}.json", json.dumps(values, indent=1, sort_keys=True) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write(path, text)  # else nothing new is asked, and nothing is touched

    def timings(self, kind: str) -> dict[str, dict[str, Any]]:
        """What was measured so far that is no experiment, by name; `kind` is one of `bench.measurements`."""
        return {path.stem: read_json(path) for path in sorted((self.root / kind).glob("*.json"))}

    def keep_timing(self, kind: str, name: str, values: dict[str, Any]) -> None:
        write(self.root / kind / f"{name}.json", json.dumps(values, indent=1, sort_keys=True) + "\n")
