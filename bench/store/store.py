"""The store: one folder for each experiment, each with a manifest that shows damage.

What does not check is set aside, told in one line, and counts as not measured. Nothing is ever unpickled.
"""

import json
import math
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench.core.conditions import Provenance
from bench.core.dataset_names import PLACES, known_places
from bench.core.experiment import Cell, Experiment, Protocol
from bench.core.results import Array, Progress, Restored, Score, Trial, block_count, summarize
from bench.core.tasks import Result, Section
from bench.core.values import Note, as_json, canonical, require
from bench.store import files
from bench.store.files import table_text

Value = TypeVar("Value")

SCORES = ("variance", "metric", "mean", "spread", "images", "blocks")  # columns of a file of scores
DAMAGED = "damaged"  # the folder for what does not check


class DamageWarning(Note):
    """A file of a store that does not check, and what becomes of it."""


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
        measured = {(score.variance, score.metric) for score in self.scores(experiment, protocol)}
        if experiment.seed == 0 and not (self.folder(experiment) / f"examples-{protocol.digest}.npz").exists():
            measured = set()
        return tuple(cell for cell in protocol.cells if cell not in measured)

    def scores(self, experiment: Experiment, protocol: Protocol) -> list[Score]:
        """All cells measured under the protocol's conditions, also those it does not ask for.

        There are none where it is not known what was measured: how it was trained, and by which code.
        """

        def parse(row: dict[str, str]) -> Score:
            blocks = tuple(map(float, row["blocks"].split()))
            numbers = (float(row["mean"]), float(row["spread"]), int(row["images"]))
            score = Score(float(row["variance"]), row["metric"], *numbers, blocks)
            _check(score, protocol)
            return score

        path = self.folder(experiment) / f"scores-{protocol.digest}.csv"
        scores: list[Score] = self._read(path, lambda data: files.rows(data, parse), [])
        return scores if scores and self._known(experiment) else []

    def _known(self, experiment: Experiment) -> bool:
        """Whether all is there that says where scores come from."""
        folder = self.folder(experiment)
        same = self._read(folder / "experiment.json", partial(_is_of, folder.name), False)
        trained = experiment.recipe is None or bool(self.history(experiment))
        tuned = not experiment.tuned or bool(self.trials(experiment))
        return same and trained and tuned and self.provenance(experiment) is not None

    def history(self, experiment: Experiment) -> list[Progress]:
        """Losses while it was trained; empty for a denoiser that learns nothing."""

        def parse(row: dict[str, str]) -> Progress:
            validation = float(row["validation"]) if row["validation"] else None
            psnr = float(row["psnr"]) if row.get("psnr") else None
            return Progress(float(row["epoch"]), float(row["training"]), validation, psnr)

        return self._read(self.folder(experiment) / "history.csv", lambda data: files.rows(data, parse), [])

    def trials(self, experiment: Experiment) -> list[Trial]:
        """What was tried to tune a filter; empty for all other denoisers."""

        def parse(row: dict[str, str]) -> Trial:
            value = row["value"]
            return Trial(row["option"], int(value) if value.isdecimal() else float(value), float(row["mse"]))

        return self._read(self.folder(experiment) / "tuning.csv", lambda data: files.rows(data, parse), [])

    def diverged(self, experiment: Experiment) -> int | None:
        """The epoch in which the loss ceased to be finite, counted from 1; None if it never did."""
        history = self.history(experiment)
        return math.ceil(history[-1].epoch) if history and history[-1].diverged else None

    def weights(self, experiment: Experiment) -> bytes | None:
        """Trained weights as safetensors bytes, if they are there."""
        return self._read(self.folder(experiment) / "weights.safetensors", lambda data: data, None)

    def checkpoint(self, experiment: Experiment) -> bytes | None:
        """The last state of a training that was stopped, if there is one."""

        def parse(data: bytes) -> bytes:
            require(path.stem.endswith(f"-{files.sha256(data)[:10]}"), "its name has another digest")
            return data

        for path in self._checkpoints(experiment.id):
            if (data := self._read(path, parse, None)) is not None:
                return data
        return None

    def _checkpoints(self, experiment_id: str) -> list[Path]:
        return sorted(self.root.glob(f"checkpoint-{experiment_id}-*.safetensors"))

    def provenance(self, experiment: Experiment) -> Provenance | None:
        """Where its numbers come from; None if it was not measured."""
        path = self.folder(experiment) / "provenance.json"
        return self._read(path, lambda data: Provenance.from_json(json.loads(data)), None)

    def examples(self, experiment: Experiment, protocol: Protocol) -> dict[str, Array]:
        """The first test images, uint8 (E, H, W): "clean", and restored by test variance, such as "0.01"."""
        return self._arrays(experiment, f"examples-{protocol.digest}.npz")

    def images(self, experiment: Experiment, protocol: Protocol) -> dict[str, Array]:
        """What every test image scored, (N,), by metric and variance, as "psnr 0.01"; empty if that is not kept."""
        return self._arrays(experiment, f"images-{protocol.digest}.npz")

    def _arrays(self, experiment: Experiment, name: str) -> dict[str, Array]:
        return self._read(self.folder(experiment) / name, files.arrays, {})

    def sections(self) -> list[Section]:
        """What was asked of this store so far, grids first."""
        sections: dict[str, Section] = {}
        for path in self._section_files():
            if section := self._read(path, partial(_section, path), None):
                earlier = sections.get(section.key)
                sections[section.key] = earlier.joined(section) if earlier else section
        # What was asked again of a later version of a protocol is not shown in both.
        latest = [section for section in sections.values() if section.later_key not in sections]
        # Grids first, and images that not everybody has behind those that everybody has.
        return sorted(latest, key=lambda s: (s.name != "grid", "@" in s.protocol.dataset, s.protocol.dataset, s.key))

    def timings(self, kind: str) -> dict[str, dict[str, Any]]:
        """What was measured so far that is no experiment, by name; `kind` is one of `bench.measurements`."""
        read = {path.stem: self._read(path, _json, None) for path in sorted((self.root / kind).glob("*.json"))}
        return {name: values for name, values in read.items() if values is not None}

    def kinds(self) -> list[str]:
        """Those of which `timings` has anything."""
        folders = {path.parent for path in self.root.glob("*/*.json")}
        return sorted(folder.name for folder in folders if not (folder / "experiment.json").exists())

    def _section_files(self) -> list[Path]:
        """Those of earlier versions first, whose names hold no digest."""
        return sorted(self.root.glob("section-*.json"), key=lambda path: (path.stem.count("-"), path.name))

    def _read(self, path: Path, parse: Callable[[bytes], Value], absent: Value) -> Value:
        """A file as a value; one that does not check is set aside and counts as absent."""
        try:
            data = files.checked(path)
            return absent if data is None else parse(data)
        except OSError:
            raise
        except Exception as error:  # whatever made it unreadable
            self.set_aside(path, str(error) or repr(error))
            return absent

    def set_aside(self, path: Path, why: str) -> None:
        """Moves a file that does not check out of the way, and warns of it."""
        aside = self.root / DAMAGED / path.relative_to(self.root)
        place = next(
            p for n in range(10**6) if not (p := aside.with_name(f"{aside.name}.{n}" if n else aside.name)).exists()
        )
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
            then = f"it is set aside as {place}"
        except OSError as error:
            then = f"it cannot be set aside ({error.strerror})"
        warnings.warn(f"{path} is damaged ({why}): {then} and counts as not measured", DamageWarning, stacklevel=2)

    def verify(self) -> tuple[int, int]:
        """Checks every file, also those that no report reads; returns how many there are, and how many do not check.

        What does not check is set aside.
        """
        if not self.root.is_dir():
            return 0, 0
        folders = [path for path in self.root.iterdir() if path.is_dir() and path.name != DAMAGED]
        listed = [path for folder in folders for name in files.manifest(folder) if (path := folder / name).exists()]
        there = [*self._section_files(), *listed]
        for path in listed:
            self._read(path, bytes, b"")
        for section in self.sections():
            for experiment in section.experiments:
                self.scores(experiment, section.protocol)
                self.examples(experiment, section.protocol)
        return len(there), sum(not path.exists() for path in there)

    # What is kept

    def mend(self) -> None:
        """Ends what a command that was killed left half-way. Call it where no other command measures here."""
        for folder in files.unfinished(self.root):
            files.mend(folder)
        self.sweep()

    def sweep(self) -> None:
        """Takes away half files that a command which was killed left."""
        for folder in (self.root, self.root / "figures", self.root / "pages"):
            files.sweep(folder)

    def keep(self, result: Result) -> None:
        """Stores all that a task gave, at once.

        A fresh one that failed replaces no scores, and nothing at all before it had anything whole.
        """
        experiment, fresh = result.task.experiment, result.task.fresh
        folder = self.folder(experiment)
        whole = result.weights or result.restored or result.diverged
        if fresh and (not whole or (result.failure is not None and any(folder.glob("scores-*")))):
            return
        kept = {"experiment.json": as_json(experiment).encode()}
        if result.history:
            losses = [(row.epoch, row.training, row.validation, row.psnr) for row in result.history]
            kept["history.csv"] = table_text(("epoch", "training", "validation", "psnr"), losses)
        if result.trials:
            tried = [(trial.option, trial.value, trial.mse) for trial in result.trials]
            kept["tuning.csv"] = table_text(("option", "value", "mse"), tried)
        if result.weights is not None:
            kept["weights.safetensors"] = result.weights
        if known := result.provenance:
            if before := None if fresh else self.provenance(experiment):
                known = before.and_then(known, trained=bool(result.history or result.trials))
            kept["provenance.json"] = _text(known.as_json(), 2)
        for protocol in {protocol.digest: protocol for protocol, _ in result.restored}.values():
            restored = [restored for other, restored in result.restored if other.digest == protocol.digest]
            kept |= self._scored(experiment, protocol, restored, fresh)
        files.replace(folder, kept, fresh)

    def _scored(
        self, experiment: Experiment, protocol: Protocol, every_restored: Sequence[Restored], fresh: bool
    ) -> dict[str, bytes]:
        """The files of what was scored under one protocol, with what is there unless that is replaced."""
        scores_name, images_name, examples_name = (
            f"{what}-{protocol.digest}.{kind}"
            for what, kind in (("scores", "csv"), ("images", "npz"), ("examples", "npz"))
        )
        scores = {} if fresh else {(s.variance, s.metric): s for s in self.scores(experiment, protocol)}
        examples = {} if fresh else self._arrays(experiment, examples_name)
        images = {} if fresh else self._arrays(experiment, images_name)
        for restored in every_restored:
            examples |= {"clean": restored.clean, str(restored.variance): restored.examples}
            for metric, values in restored.values.items():
                images[f"{metric} {restored.variance}"] = values
                examples[f"{metric} {restored.variance}"] = values[: len(restored.examples)]
                scores[restored.variance, metric] = summarize(restored.variance, metric, values, protocol.version > 1)
        cells = [
            (s.variance, s.metric, s.mean, s.spread, s.images, " ".join(f"{value:.6g}" for value in s.blocks))
            for _, s in sorted(scores.items())
        ]
        kept = {scores_name: table_text(SCORES, cells), images_name: files.packed(images)}
        return kept | ({examples_name: files.packed(examples)} if experiment.seed == 0 else {})  # pages show no other

    def ask(self, section: Section) -> None:
        """Remembers what a command asked for, beside what was asked before."""
        earlier = {other.key: other for other in self.sections()}.get(section.key)
        if earlier is not None and earlier.joined(section) == earlier:
            return  # nothing new is asked, and nothing is touched
        for path in [path for path in self._section_files() if path.stem == f"section-{section.key}"]:
            data = path.read_bytes()  # of an earlier version: it gets the name that shows damage
            files.write(path.with_stem(f"{path.stem}-{files.sha256(data)[:10]}"), data)
            path.unlink()
        names = {section.protocol.dataset, *(experiment.dataset for experiment in section.experiments)}
        values = {
            "name": section.name,
            "bases": [experiment.id for experiment in section.bases],
            "commands": section.commands,
            "protocol": canonical(section.protocol),
            "experiments": [canonical(e) for e in sorted(section.experiments, key=lambda e: e.id)],
            "places": known_places(names),
        }
        text = _text(values, 1)
        files.write(self.root / f"section-{section.key}-{files.sha256(text)[:10]}.json", text)

    def keep_checkpoint(self, experiment_id: str, state: bytes) -> None:
        """Keeps the state of a training in place of an earlier one; `drop_checkpoint` takes it away."""
        path = self.root / f"checkpoint-{experiment_id}-{files.sha256(state)[:10]}.safetensors"
        files.write(path, state)
        self.drop_checkpoint(experiment_id, but=path)

    def drop_checkpoint(self, experiment_id: str, but: Path | None = None) -> None:
        for path in self._checkpoints(experiment_id):
            if path != but:
                path.unlink(missing_ok=True)

    def keep_timing(self, kind: str, name: str, values: dict[str, Any]) -> None:
        files.replace(self.root / kind, {f"{name}.json": _text(values, 1)})


def _check(score: Score, protocol: Protocol) -> None:
    """Raises ValueError for a cell that cannot be what was measured under a protocol."""
    require(score.images == protocol.images, f"{score.images} images where the protocol has {protocol.images}")
    blocks, count = score.blocks, block_count(score.images)
    require(len(blocks) == count, f"{len(blocks)} block means of {score.images} images, and not {count}")
    mean, rounding = math.fsum(blocks) / count, 5e-6 * max(map(abs, blocks))
    same = score.mean == mean or abs(score.mean - mean) <= rounding  # blocks are kept with six digits
    require(same, f"a mean of {score.mean:.6g} where its blocks have {mean:.6g}")


def _is_of(folder: str, data: bytes) -> bool:
    """True; raises ValueError for the values of an experiment that has another folder."""
    actual = Experiment.from_json(json.loads(data)).id
    require(actual == folder, f"it holds the values of {actual}")
    return True


def _section(path: Path, data: bytes) -> Section:
    """A section from its file; raises ValueError where the name of the file does not fit what it holds."""
    values = _json(data)
    experiments = tuple(Experiment.from_json(entry) for entry in values["experiments"])
    protocol, commands = Protocol.from_json(values["protocol"]), tuple(values.get("commands", ()))
    bases = tuple(experiment for experiment in experiments if experiment.id in values.get("bases", ()))
    section = Section(values["name"], protocol, experiments, commands, bases)
    old, new = f"section-{section.key}", f"section-{section.key}-{files.sha256(data)[:10]}"
    require(path.stem in (old, new), f"what it holds makes the name {new}.json")
    for name, place in values.get("places", {}).items():
        PLACES.setdefault(name, place)  # a command that named another place knows better
    return section


def _json(data: bytes) -> dict[str, Any]:
    return dict(json.loads(data))


def _text(values: dict[str, Any], indent: int) -> bytes:
    return (json.dumps(values, indent=indent, sort_keys=True) + "\n").encode()
