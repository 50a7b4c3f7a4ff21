"""A trained network as an ONNX file, for programs without this project; checked before it is kept."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from architectures import DENOISERS
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Experiment
from bench.core.rng import stream
from bench.lookup.denoisers import parameters
from bench.running.applied.denoise_file import nearest, ready, trainings_of
from bench.store.files import write
from bench.store.store import Store

PACKAGES = ("onnx", "onnxruntime", "onnxscript")  # the extra "onnx"
SIZES = ((1, 28, 28), (3, 37, 53), (1, 160, 128))  # batch, height and width, on which it is checked
CLOSE = 1e-5  # most that a pixel in [0, 1] may differ
SMALLEST = 16


@dataclass(frozen=True)
class Exported:
    """What an ONNX file holds.

    Attributes:
        difference: the most by which it differed from torch, for pixels in [0, 1].
        inputs: their names: "noisy", (N, C, H, W), and "variance", (N,), where the network is told.
    """

    path: Path
    experiment: Experiment
    difference: float
    inputs: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """In words."""
        trained = f"trained on {dataset_title(self.experiment.dataset or '')} at {self.experiment.variance}"
        return [
            f"exported {self.experiment.denoiser}, {trained}, seed {self.experiment.seed}",
            f"inputs   {', '.join(self.inputs)}; output restored, unclipped; from {SMALLEST}×{SMALLEST} pixels on",
            f"checked  at most {self.difference:.1e} from torch on {len(SIZES)} sizes",
            f"file     {self.path}",
        ]


def missing_packages() -> list[str]:
    """What an export needs and is not installed."""
    return [name for name in PACKAGES if not find_spec(name)]


def check_exportable(denoiser: str) -> None:
    """Raises ValueError unless it is a network and the packages are there, `UnknownName` if nobody has that name."""
    if not parameters(denoiser, ()):
        raise ValueError(f"{denoiser!r} is no network, and has nothing to export")
    if missing := missing_packages():
        raise ValueError(f"--export needs {', '.join(missing)}; to have it: pip install {' '.join(PACKAGES)}")


class _Blind(nn.Module):
    """A network with one input."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, noisy: Tensor) -> Any:
        return self.model(noisy, noisy.new_zeros(noisy.shape[0]))


def export(
    store: Store, denoiser: str, path: Path, variance: float | None = None, dataset: str | None = None
) -> Exported:
    """Writes a network of a store as ONNX with dynamic batch and size.

    Args:
        variance: that it is to be trained for; None takes the widest range, else the middle of the single variances.
        dataset: what it was trained on; needed if the store has trainings on several datasets.

    Raises:
        ValueError: packages are missing, the store has no such network with its weights, or the file does not give what
            torch gives; nothing is written.
    """
    check_exportable(denoiser)
    contract = DENOISERS[denoiser]
    experiments = trainings_of(store, denoiser, dataset)
    experiment = _general(experiments) if variance is None else nearest(experiments, variance)
    model = ready(experiment, store)
    channels = dict(experiment.options).get("channels", 1)
    data, names = converted(model, contract.blind, channels)
    difference = _difference(data, model, names, channels)
    if difference > CLOSE:
        raise ValueError(f"{denoiser} as ONNX is {difference:.1e} off, more than {CLOSE:g}: nothing is kept")
    write(path, data)
    return Exported(path, experiment, difference, names)


def _general(experiments: Sequence[Experiment]) -> Experiment:
    """The widest range; of single variances the one in the middle; of several seeds the first."""
    ordered = sorted(experiments, key=lambda e: (e.seed, e.variance.low if e.variance else 0.0))
    seed = [e for e in ordered if e.seed == ordered[0].seed and e.variance]
    widths = [e.variance.high - e.variance.low for e in seed if e.variance]
    return seed[int(np.argmax(widths))] if max(widths) > 0 else seed[len(seed) // 2]


def converted(model: nn.Module, blind: bool, channels: int) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of the ONNX file, and the names of its inputs."""
    names = ("noisy",) if blind else ("noisy", "variance")
    batch = torch.export.Dim("batch", min=1, max=65536)
    height, width = (torch.export.Dim(name, min=SMALLEST, max=65536) for name in ("height", "width"))
    shapes: dict[str, dict[int, Any]] = {"noisy": {0: batch, 2: height, 3: width}, "variance": {0: batch}}
    example = {"noisy": torch.rand(2, channels, 64, 48), "variance": torch.full((2,), 0.01)}
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # torch tells of what it cannot do, and goes on without
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                (_Blind(model) if blind else model).eval(),
                tuple(example[name] for name in names),
                dynamic_shapes=tuple(shapes[name] for name in names),
                dynamo=True,
                input_names=list(names),
                output_names=["restored"],
                verbose=False,
            )
    finally:
        logging.disable(before)
    if program is None:
        raise ValueError("torch made no ONNX program of this network")
    data: bytes = program.model_proto.SerializeToString()
    return data, names


def _difference(data: bytes, model: nn.Module, names: Sequence[str], channels: int) -> float:
    """The most by which onnxruntime and torch differ, on images of several sizes."""
    from onnxruntime import InferenceSession  # late: few have it

    session, rng, most = InferenceSession(data), stream("export"), 0.0
    for count, height, width in SIZES:
        noisy = torch.rand(count, channels, height, width, generator=rng)
        inputs = {"noisy": noisy, "variance": torch.full((count,), 0.02)}
        (restored,) = session.run(None, {name: inputs[name].numpy() for name in names})
        with torch.inference_mode():
            expected = model(inputs["noisy"], inputs["variance"])
        most = max(most, float((torch.from_numpy(restored) - expected).abs().max()))
    return most
