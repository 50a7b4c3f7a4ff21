"""A denoiser by its name and options: whether it learns, what tuning chooses from, and building it."""

import inspect
import warnings
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from architectures import DENOISERS, Denoiser, Memorizing
from bench.core.experiment import Experiment
from bench.core.results import Trial, best
from bench.core.rng import seed_of


@cache
def parameters(denoiser: str, options: tuple[tuple[str, Any], ...]) -> int:
    """Number of trainable parameters, counted without allocating any where the constructor reads no tensor.

    Raises:
        ValueError: the denoiser has no such option, or refuses its value.
    """
    known = inspect.signature(DENOISERS[denoiser]).parameters
    for option, _ in options:
        if option not in known:
            raise ValueError(f"denoiser {denoiser!r} has no option {option!r}; it has: {', '.join(known) or 'none'}")
    try:
        try:
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that stored weights cannot be copied there
                model = _complete(DENOISERS[denoiser](**dict(options)), options)
        except (RuntimeError, NotImplementedError, TypeError):  # of one that reads tensors, by .item() or .numpy()
            model = _complete(DENOISERS[denoiser](**dict(options)), options)
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        raise ValueError(f"denoiser {denoiser!r} cannot be built: {type(error).__name__}: {error}") from error
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _complete(model: nn.Module, options: Iterable[tuple[str, Any]]) -> nn.Module:
    """The model; lazy layers learn their sizes from one small image."""
    if any(isinstance(weight, nn.UninitializedParameter) for weight in model.parameters()):
        with torch.no_grad():
            model(torch.zeros(1, dict(options).get("channels", 1), 16, 16), torch.full((1,), 0.01))
    return model


def learns(experiment: Experiment) -> bool:
    return parameters(experiment.denoiser, experiment.options) > 0


def memorizes(denoiser: str) -> bool:
    return issubclass(DENOISERS[denoiser], Memorizing)


def untouched(denoiser: str) -> bool:
    """Whether a denoiser returns the noisy image as it is; False for a plug-in that is not loaded."""
    contract = DENOISERS.get(denoiser, Denoiser)
    return contract.floor and not contract.clipped


def choices(experiment: Experiment) -> list[Experiment]:
    """What tuning a filter chooses from: one experiment for each value of its grid, if it has one.

    An option that is given is not tuned.

    Raises:
        ValueError: the denoiser refuses a value.
    """
    options = dict(experiment.options)
    chosen = [
        experiment.but(options={option: value})
        for option, values in (DENOISERS[experiment.denoiser].grid or {}).items()
        for value in values
        if option not in options
    ]
    for choice in chosen:
        parameters(choice.denoiser, choice.options)
    return chosen


def missing_package(denoiser: str) -> str | None:
    """The package a denoiser needs, where it is not installed."""
    package = DENOISERS[denoiser].requires
    return package if package is not None and find_spec(package) is None else None


def build(experiment: Experiment) -> nn.Module:
    """The denoiser with its initial weights, which depend on the seed and on nothing drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("weights", experiment.seed))
        return _complete(DENOISERS[experiment.denoiser](**dict(experiment.options)), experiment.options)


def tuned(experiment: Experiment, trials: list[Trial]) -> Experiment:
    """The filter with the best value that was tried."""
    chosen = best(trials)
    return experiment.but(options={chosen.option: chosen.value})


def load(model: nn.Module, weights: bytes) -> None:
    """Puts stored weights into a model; raises ValueError where they are not its own."""
    try:
        model.load_state_dict(safetensors.torch.load(weights))
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"weights.safetensors is damaged, delete it to train again ({error})") from None


def state_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """Weights and buffers by name, each in memory of its own, also where layers share them."""
    return {name: value.cpu().clone().contiguous() for name, value in model.state_dict().items()}


def place(model: nn.Module, device: torch.device) -> nn.Module:
    """Moves a model to a device, channels last: the same for training and scoring, so that bits agree."""
    placed: nn.Module = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    return placed
