"""Desruido in a notebook: measure denoisers, read what was measured, and restore images.

Images are in [0, 1], and noise variances in squared pixel units: 0.01 is a standard deviation of 0.1, or 25.5 grey
levels of 255. A variance is a number, a `Range`, or text as on the command line: "0.01", "0.001..0.1",
"0.001..0.1 log-uniform" or "sigma=25". Wrong input raises ValueError or KeyError before anything is measured.
"""

import difflib
import inspect
import multiprocessing
import warnings
from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.text import Text
from torch import Tensor, nn

from architectures import DENOISERS, denoiser
from bench.analysis.rows import rows_of
from bench.analysis.scored import Scored
from bench.analysis.scores import transfer_frame
from bench.cli.actions import run_experiments
from bench.cli.prepare import prepare
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Protocol
from bench.core.program import ROOT
from bench.core.registry import SESSION, pick, snake_case
from bench.core.results import Array, summarize
from bench.core.values import whole
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.denoisers import parameters
from bench.lookup.images import identified, images_of
from bench.measurements import holds_any
from bench.metrics import METRICS
from bench.report.frames import ablations_frame, latency_frame, regret_frame
from bench.running.applied.choose import Advice, Limits, advise, studies_at
from bench.running.applied.denoise_file import Denoised
from bench.running.applied.export import Exported
from bench.running.applied.export import export as export_network
from bench.running.applied.restore_files import restore
from bench.running.command import Command
from bench.running.plan import check
from bench.running.profiles import PROFILES
from bench.scoring import score
from bench.store.frames import scores_frame
from bench.store.store import Store

Variance = str | float | Range
Variances = Variance | Iterable[Variance]
Name = str | type[nn.Module]
Names = Name | Iterable[Name]


class Study:
    """What was measured, as pandas DataFrames; `load` and `run` give one.

    Attributes:
        path: the folder of the results.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._store = Store(path)

    def __repr__(self) -> str:
        datasets: dict[str, list[str]] = {}
        for section in self._store.sections():
            datasets.setdefault(section.name, []).append(dataset_title(section.protocol.dataset))
        names = [f"{name} on {', '.join(dict.fromkeys(titles))}" for name, titles in datasets.items()]
        return f"<Study {self.path}: {'; '.join(names)}>"

    def scores(self) -> pd.DataFrame:
        """Every score: a row for each test variance and metric of each experiment. docs/results.md has the columns."""
        return scores_frame(self._store)

    def regret(self) -> pd.DataFrame:
        """PSNR in dB lost against the specialist: a row for each training and test variance.

        Among the columns are `mean`, `half_width` of its 95 % interval, `specialist`, `exact` (whether that was
        trained at exactly this variance) and `inside` (whether the row was trained there too).
        """
        return regret_frame(Scored(self._store))

    def ablations(self) -> pd.DataFrame:
        """What each change of one factor does to PSNR in dB: changed network minus its base, by side of its range."""
        return ablations_frame(Scored(self._store))

    def latency(self) -> pd.DataFrame:
        """Seconds for a batch: a row for each denoiser and batch size that `--latency` timed."""
        return latency_frame(self._store)

    def transfer(self, denoiser: str, metric: str = "psnr", dataset: str = "") -> pd.DataFrame:
        """The mean of a metric over images and seeds: a row for each training, a column for each test variance.

        Args:
            dataset: that it is tested on; by default the first of the study that has the denoiser.

        Raises:
            KeyError: the study has no such denoiser, dataset or metric.
        """
        sections = [section for section in self._store.sections() if section.name == "grid"]
        grids = [(section.protocol, rows_of(self._store, section)) for section in sections]
        pick("denoiser", denoiser, {row.experiment.denoiser: True for _, rows in grids for row in rows})
        grids = [(grid, [row for row in rows if row.experiment.denoiser == denoiser]) for grid, rows in grids]
        titles = {dataset_title(grid.dataset): True for grid, rows in grids if rows}
        dataset = dataset or next(iter(titles))
        pick("dataset", dataset, titles)
        grids = [(grid, rows) for grid, rows in grids if rows and dataset_title(grid.dataset) == dataset]
        pick("metric", metric, {name: True for _, rows in grids for row in rows for _, name in row.means})
        frames = [transfer_frame(rows, grid.variances, metric) for grid, rows in grids]
        frame = pd.concat(frames, keys=[grid.noise for grid, _ in grids], names=["test_noise"]).dropna(how="all")
        for level in ("test_noise", "denoiser"):  # which stand there where trainings alone do not tell lines apart
            frame = frame if frame.droplevel(level).index.has_duplicates else frame.droplevel(level)
        return frame


def load(study: str | Path) -> Study:
    """A study that was measured: the name of a profile, such as "full", or the path of its folder.

    Profiles are looked for in `results/` here, then in `results/` of the project.

    Raises:
        ValueError: there is no such study; the message names those there are, and how to make one.

    Example:
        >>> sorted(bench.load("full").scores().metric.unique())
        ['mse', 'psnr', 'ssim']
    """
    places = [Path("results"), ROOT / "results"]
    for folder in (*(place / study for place in places), Path(study)):
        if holds_any(Store(folder)):
            return Study(folder)
    studies = sorted({folder.name for place in places for folder in place.glob("*") if holds_any(Store(folder))})
    near = difflib.get_close_matches(str(study), studies, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(studies) or 'none yet'};"
    profile = study if study in PROFILES else "quick"
    raise ValueError(
        f"no study {str(study)!r}; {hint} make one with bench.run(profile={profile!r}), or in a shell with "
        f"python run_all.py --grid --profile {profile}"
    )


def run(
    denoisers: Names = (),
    train: Variances = (),
    test: Variances = (),
    *,
    profile: str = "quick",
    quiet: bool = False,
    **choices: Any,
) -> Study:
    """Trains and scores denoisers across noise variances, as `--grid` does; what is there is not measured again.

    A class that this notebook or script defines is measured in this process, all others in worker processes: a
    script must call this below `if __name__ == "__main__":`.

    Args:
        denoisers: names or classes; by default those of the profile.
        train: variances or ranges to train on; by default those of the profile.
        test: variances to test at; by default those of the profile.
        profile: "smoke", "quick" or "full": what decides whatever is not given. It names the study too.
        quiet: whether to print nothing.
        choices: other options of the command line, such as `dataset="photos"`, `metrics=["psnr"]`, `seeds=3`,
            `recipe="tutorial"`, `noise="uniform"`, `law="log-uniform"`, `jobs=2`, `results="elsewhere"`, or
            `refresh=True` to measure again what other code measured, such as an earlier version of a cell.

    Raises:
        KeyError, ValueError: a name, variance or option is wrong; nothing was measured.
        RuntimeError: some experiments failed; what was finished is kept.

    Example:
        >>> study = bench.run(["clip", "median"], train=0.01, test=[0.01, 0.1], profile="smoke", quiet=True)
        >>> study.transfer("median").shape
        (2, 2)
    """
    given = {"denoisers": denoisers, "train": train, "test": test, "profile": profile}
    return _run({"grid": ""}, quiet, choices | given)


def ablate(
    name: str,
    denoisers: Names = (),
    train: Variance = 0.01,
    *,
    profile: str = "quick",
    quiet: bool = False,
    **choices: Any,
) -> Study:
    """Runs an ablation, as `--ablate NAME` does: one factor at a time, from a base trained on one range.

    Arguments and errors are those of `run`; `test` is among the choices.

    Args:
        denoisers: by default the one that the ablation is about.
    """
    return _run({"ablation": name}, quiet, choices | {"denoisers": denoisers, "train": train, "profile": profile})


def _run(asked: dict[str, str], quiet: bool, choices: dict[str, Any]) -> Study:
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)  # a worker that reads a script without the guard: the program itself says so
    # What a cell defined may have been defined anew.
    parameters.cache_clear()
    if any(function.__module__ in SESSION for function in DATASETS.values()):
        images_of.cache_clear()
    command = Command(asked, **{name: pick("option", name, OPTIONS)(value) for name, value in choices.items()})
    work = prepare(command)
    for note in work.notes:
        warnings.warn(note.replace("--refresh measures", "refresh=True measures"), stacklevel=3)
    failures = run_experiments(command, work, Console(quiet=quiet, highlight=False))
    if failures:
        kept = f"{len(failures)} failed; what was finished is kept: bench.load({str(work.store.root)!r})"
        said = [kept, *(Text.from_markup(failure).plain for failure in failures)]
        if any("worker process died" in failure for failure in failures):
            said.append('a script, unlike a notebook, must call this below: if __name__ == "__main__":')
        raise RuntimeError("\n".join(said))
    return Study(work.store.root)


def _names(names: Names) -> tuple[str, ...]:
    return tuple(_name_of(name) for name in ([names] if isinstance(names, str | type) else names))


def _name_of(name: Name) -> str:
    """The name of a denoiser, or of a class, which is registered if it was not."""
    if isinstance(name, str):
        return name
    if not (isinstance(name, type) and issubclass(name, nn.Module)):
        raise ValueError(f"a denoiser is a name or a class of nn.Module, got {name!r}")
    for registered, cls in DENOISERS.items():
        if name in cls.__mro__[:2]:
            return registered
    denoiser(name=snake_case(name.__name__))(name)
    return snake_case(name.__name__)


def _written(variances: Variances) -> tuple[str, ...]:
    """As on the command line; no digit is lost."""
    if isinstance(variances, str | float | int | Range):
        variances = [variances]
    ranges = [variance if isinstance(variance, str | Range) else Range(variance, variance) for variance in variances]
    return tuple(
        str(span)
        if isinstance(span, str) or Range.parse(str(span)) == span
        else f"{span.low!r}..{span.high!r} {span.law}"
        for span in ranges
    )


# What `run` takes beside `quiet`, and how a `Command` holds it.
OPTIONS: dict[str, Callable[[Any], Any]] = {
    "denoisers": _names,
    **dict.fromkeys(("train", "test"), _written),
    "metrics": lambda names: (names,) if isinstance(names, str) else tuple(names),
    "seeds": lambda count: whole("seeds", count, 1),
    "jobs": lambda count: whole("jobs", count, 1),
    "device": lambda name: pick("device", name, {"cpu": "cpu", "cuda": "cuda"}),
    "results": Path,
    **dict.fromkeys(("profile", "dataset", "train_data", "noise", "recipe", "law", "cluster", "refresh"), lambda x: x),
}


Restore = Callable[..., Tensor | Array]


def evaluate(
    model: nn.Module | Restore,
    dataset: str = "mnist",
    variances: Variances = (0.01, 0.1),
    *,
    noise: str = "gaussian",
    images: int = 1000,
) -> pd.DataFrame:
    """Scores any model or function on test images, under the noise of every study; nothing is stored.

    Args:
        model: takes noisy images, float32 tensor (N, C, H, W), never clipped, and, if it has a second argument, the
            noise variance of each, (N,). It returns the restored images in the same shape, as a tensor or array. They
            are clipped to [0, 1] before they are scored.
        images: how many test images, from the first on.

    Returns:
        A row for each variance and metric: `variance`, `metric`, `mean`, `spread` (standard deviation over images),
        `images`.

    Raises:
        KeyError, ValueError: a name or variance is wrong, or the model returns another shape.

    Example:
        >>> scores = bench.evaluate(lambda noisy: noisy.clamp(0, 1), "shapes", 0.01)
        >>> scores[scores.metric == "psnr"]["mean"].round(1).tolist()
        [22.3]
    """
    ranges = [Range.parse(text) for text in _written(variances)]
    if wide := [variance for variance in ranges if not variance.fixed]:
        raise ValueError(f"a test variance is one number, got the range {wide[0]}")
    dataset = identified(dataset)
    clean = images_of(dataset).test
    protocol = Protocol(
        dataset, noise, tuple(variance.low for variance in ranges), tuple(METRICS), min(images, len(clean))
    )
    check(protocol)
    evaluated = score.evaluate(_Checked(model), clean, protocol, protocol.cells, torch.device("cpu"))
    scores = [summarize(cell.variance, name, values) for cell in evaluated for name, values in cell.values.items()]
    return pd.DataFrame(scores).drop(columns="blocks")


class _Checked(nn.Module):
    """A copy of a model, or a function, that makes sure of the shape of what comes back."""

    def __init__(self, model: nn.Module | Restore) -> None:
        super().__init__()
        if isinstance(model, type) or not callable(model):
            raise ValueError(f"a model is an nn.Module or a function, got {model!r}")
        self.model = deepcopy(model) if isinstance(model, nn.Module) else model
        function = model.forward if isinstance(model, nn.Module) else model
        wanted = inspect.signature(function).parameters.values()
        positional = [p for p in wanted if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.told = len([p for p in positional if p.default is p.empty]) > 1
        self.clipped = getattr(model, "clipped", True)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        restored = torch.as_tensor(self.model(noisy, variance) if self.told else self.model(noisy))
        if restored.shape != noisy.shape:
            raise ValueError(f"restored images have shape {tuple(restored.shape)}, and need {tuple(noisy.shape)}")
        return restored.to(noisy.dtype)


def choose(
    noisy: str | Path | Array,
    study: Study | str | Path | None = None,
    *,
    budget_ms: float | None = None,
    blind: bool = False,
) -> Advice:
    """Which denoiser to take for an image, by the estimate of its noise and what a study measured.

    Args:
        noisy: an image file, or pixels, (H, W) or (H, W, 3): uint8, or floats with clean values in [0, 1].
        study: by default "quick", and "full" where that has no images like this one.
        budget_ms: time for the image in milliseconds; what was never timed does not fit.
        blind: whether to leave out denoisers that must be told the variance.

    Returns:
        `picks`, the best first, each with `row`, `psnr`, `lost`, `seconds` and `ready`; the estimated `noise`; and
        `lines`, the same in words.

    Raises:
        ValueError: there is no such image or study, its noise cannot be estimated, or nothing fits.

    Example:
        >>> study = bench.run(["clip", "median"], train=0.01, test=[0.01, 0.1], profile="smoke", quiet=True)
        >>> noisy = np.random.default_rng(0).normal(0.5, 0.3, (64, 64))
        >>> bench.choose(noisy, study).picks[0].row.experiment.denoiser
        'median'
    """
    image = Path(noisy) if isinstance(noisy, str | Path) else np.asarray(noisy)
    return advise(image, _stores(study), Limits(budget_ms, blind))


def _stores(study: Study | str | Path | None) -> list[Store]:
    """Where denoisers for images are taken from."""
    if study is None:
        return studies_at(Store(Path("results/quick")))
    return [(study if isinstance(study, Study) else load(study))._store]


def export(
    study: Study | str | Path,
    denoiser: str,
    path: str | Path,
    *,
    variance: Variance | None = None,
    trained_on: str = "",
) -> Exported:
    """Writes a trained network as an ONNX file with dynamic batch and size, checked against torch.

    Needs the extra packages onnx, onnxruntime and onnxscript.

    Args:
        study: where it was trained.
        variance: that it is to be trained for; by default the widest range.
        trained_on: the dataset, where the study has it trained on several.

    Raises:
        ValueError: packages are missing, there is no such network with its weights, or the file does not agree with
            torch within 1e-5; nothing is written.
    """
    _ = DENOISERS[denoiser]
    study = study if isinstance(study, Study) else load(study)
    one = Range.parse(_written(variance)[0]).low if variance is not None else None
    return export_network(study._store, denoiser, Path(path), one, trained_on or None)


def denoise(
    noisy: str | Path | Array,
    denoiser: str = "",
    study: Study | str | Path | None = None,
    *,
    variance: float | None = None,
    trained_on: str | None = None,
) -> Denoised:
    """Restores an image by a denoiser of a study, with the training that fits its noise.

    Args:
        noisy: an image file, or pixels, (H, W) or (H, W, 3): uint8, or floats with clean values in [0, 1].
        denoiser: its name; by default the one that `choose` would take among those that are ready.
        study: where it was trained; by default "quick", and "full" where that has no images like this one.
        variance: of the noise; by default estimated.
        trained_on: the dataset; by default the one with images most like this one.

    Returns:
        `image` with the shape and kind of pixels that came in, `experiment` and `variance` that were chosen, and
        `notes` that say so in words.

    Raises:
        ValueError: there is no such image, denoiser, variance or training.

    Example:
        >>> study = bench.run("median", train=0.01, test=0.01, profile="smoke", quiet=True)
        >>> bench.denoise(np.full((32, 32), 0.5), "median", study, variance=0.01).image.shape
        (32, 32)
    """
    _ = DENOISERS[denoiser] if denoiser else None
    image = Path(noisy) if isinstance(noisy, str | Path) else np.asarray(noisy)
    variance = None if variance is None else Range(variance, variance).low  # which refuses what is none
    return restore(image, _stores(study), denoiser, variance, trained_on)
