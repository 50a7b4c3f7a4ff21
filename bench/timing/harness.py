"""This harness against the loop of the tutorial, and its parts against their lower bounds, interleaved in one run."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.core.conditions import cores
from bench.core.experiment import Experiment, Protocol
from bench.core.images import one_size
from bench.core.recipes import FAST, TUTORIAL
from bench.core.results import ROWS, Progress
from bench.core.variance import Range
from bench.lookup.denoisers import build, place
from bench.lookup.images import images_of
from bench.metrics import METRICS
from bench.running.workers import pool
from bench.scoring.score import BATCH, corrupt, evaluate
from bench.timing.targets import IMAGES
from bench.timing.tutorial_loop import Rival, dataset
from bench.training.fast_layers import quicken
from bench.training.train import LOSSES, fit, optimizers_of

Pairs = dict[str, tuple[float, float]]  # by claim: our figure and the one it is compared with
TUTORIALS = Experiment("conv_autoencoder", (), "mnist", "gaussian", Range(0.01, 0.01), TUTORIAL)
TEST = Protocol("mnist", "gaussian", (0.01,), ("psnr",), 10000)
SCORED = 1000  # number of images that metrics are timed on
THREADS = 2  # of the tutorial's loop
STEPS = 20  # steps of training before the other side has its turn, so that both meet the same machine
TURN = 75  # the same between processes; as many steps first are not timed, since a process that waited starts slowly


@dataclass(frozen=True)
class Setting:
    """Where and how much to measure.

    Attributes:
        results: folder of the results of all profiles.
        repeats: of measures that take seconds; longer ones are repeated less.
        epochs: of the tutorial's loop.
        images: training images with which ours reaches the PSNR of the tutorial.
        stores: experiments in the smaller and the larger made-up store.
    """

    results: Path
    device: str = "cpu"
    repeats: int = 25
    epochs: int = 10
    images: int = IMAGES
    stores: tuple[int, int] = (1000, 10000)


def training(setting: Setting) -> Iterator[Pairs]:
    """Images per second of the tutorial's loop, one process of ours, and a pool."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        rival = stack.enter_context(pool(1, threads=THREADS, keep=False))
        alone = stack.enter_context(pool(1, threads=THREADS))
        workers = stack.enter_context(pool(cores()))
        for _ in range(min(setting.repeats, 15)):
            other = _rate([rival.submit(_rival_turn, folder, setting.device)])
            ours = _rate([alone.submit(_our_turn, setting.device)])
            together = _rate([workers.submit(_our_turn, setting.device) for _ in range(cores())])
            yield {"train": (ours, other), "pool": (together, other)}


def _rate(turns: Iterable["Future[tuple[float, float]]"]) -> float:
    """Images per second of turns taken at the same time, from the first start to the last end."""
    starts, ends = zip(*(turn.result() for turn in turns), strict=True)
    return float(len(starts) * TURN * TUTORIAL.batch / (max(ends) - min(starts)))


_state: dict[str, Any] = {}  # kept in a worker process between two calls


def _rival_turn(folder: str, device: str) -> tuple[float, float]:
    """Runs some steps of the tutorial's loop; returns when the timed steps started and ended."""
    if "rival" not in _state:
        loop = Rival(dataset(images_of("mnist"), Path(folder)), device)
        _state["rival"] = itertools.chain.from_iterable(loop.steps() for _ in itertools.count())
    for _ in range(TURN):
        next(_state["rival"])
    started = time.perf_counter()
    for _ in range(TURN):
        next(_state["rival"])
    return started, time.perf_counter()


def _our_turn(device: str) -> tuple[float, float]:
    """The same for ours, by rows of the history. The last row of an epoch includes validation and is never timed."""
    if "ours" not in _state:
        recipe = replace(TUTORIAL, epochs=10**6, train_images=TURN * ROWS * TUTORIAL.batch)
        endless = TUTORIALS.but(recipe=recipe)
        _state["ours"] = fit(build(endless), one_size(images_of("mnist").train), endless, torch.device(device))
    next(_state["ours"])
    started = time.perf_counter()
    row: Progress = next(_state["ours"])
    ended = time.perf_counter()
    if row.epoch % 1 > 0.75:
        next(_state["ours"])
        next(_state["ours"])
    return started, ended


def tutorial(setting: Setting) -> Iterator[Pairs]:
    """Seconds to the PSNR that the tutorial reaches in ten epochs, validation included, for two seeds."""
    for seed in range(2):
        with tempfile.TemporaryDirectory() as folder, pool(1, threads=THREADS, keep=False) as executor:
            other, reached = executor.submit(_rival_trained, folder, setting.device, setting.epochs, seed).result()
        with pool(1, threads=THREADS) as executor:
            ours, psnr = executor.submit(_our_trained, setting.device, setting.images, seed).result()
        yield {"wall": (ours, other), "psnr": (psnr, reached)}


def _rival_trained(folder: str, device: str, epochs: int, seed: int) -> tuple[float, float]:
    """Seconds, and PSNR in dB over the test images."""
    images = images_of("mnist")
    loop = Rival(dataset(images, Path(folder)), device)
    next(loop.steps())  # starting up is not timed
    loop = Rival(loop.images, device, seed)
    started = time.perf_counter()
    for _ in range(epochs):
        loop.epoch()
    seconds = time.perf_counter() - started
    return seconds, _psnr(Blind(loop.model), device)


class Blind(nn.Module):
    """A plain network behind the signature of a denoiser."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        restored: Tensor = self.network(noisy)
        return restored


def _our_trained(device: str, images: int, seed: int) -> tuple[float, float]:
    training = one_size(images_of("mnist").train)
    sprint = TUTORIALS.but(recipe=replace(FAST, train_images=images), seed=seed)
    next(fit(build(sprint), training, sprint, torch.device(device)))  # starting up is not timed
    model = build(sprint)
    started = time.perf_counter()
    for _ in fit(model, training, sprint, torch.device(device)):
        pass
    return time.perf_counter() - started, _psnr(model, device)


def _psnr(model: nn.Module, device: str) -> float:
    (restored,) = evaluate(model, images_of("mnist").test, TEST, [(0.01, "psnr")], torch.device(device))
    return float(restored.values["psnr"].mean())


def step(setting: Setting) -> Iterator[Pairs]:
    """Milliseconds of a step of `fast`, and of a bare one of the same network on a ready batch."""
    with pool(1) as executor:
        for pairs in executor.submit(_steps, setting.device, setting.repeats).result():
            yield {"step": pairs}


def _steps(device: str, repeats: int) -> list[tuple[float, float]]:
    recipe = replace(FAST, epochs=10**6, train_images=STEPS * ROWS * FAST.batch)
    experiment = TUTORIALS.but(recipe=recipe)
    model, target = build(experiment), torch.device(device)
    quicken(place(model, target), recipe.fast_layers).train()
    optimizers = optimizers_of(model, FAST)
    clean = one_size(images_of("mnist").train)[: FAST.batch].to(target).float() / 255
    noisy, variance = clean + 0.1 * torch.randn_like(clean), torch.full((FAST.batch,), 0.01, device=target)
    rows = fit(build(experiment), one_size(images_of("mnist").train), experiment, target)
    pairs: list[tuple[float, float]] = []
    while len(pairs) < repeats + 1:
        started = time.perf_counter()
        for _ in range(STEPS):
            loss = LOSSES[FAST.loss](model(noisy, variance), clean)
            loss.backward()  # type: ignore[no-untyped-call]  # not annotated in torch
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
        loss.item()  # waits for an accelerator
        between = time.perf_counter()
        row = next(rows)
        ended = time.perf_counter()
        if row.validation is None:
            pairs.append((1000 * (ended - between) / STEPS, 1000 * (between - started) / STEPS))
    return pairs[1:]


def scoring(setting: Setting) -> Iterator[Pairs]:
    """Milliseconds of SSIM, scikit-image's SSIM, all metrics, and the U-Net's forward, over 1,000 images."""
    with pool(1) as executor:
        yield from executor.submit(_scoring, setting.repeats).result()


def _scoring(repeats: int) -> list[Pairs]:
    from skimage.metrics import structural_similarity

    clean = one_size(images_of("mnist").test)[:SCORED].float() / 255
    noisy = corrupt(clean, 0.01, TEST, range(SCORED))
    restored = noisy.clamp(0, 1)
    unet = place(build(TUTORIALS.but(denoiser="unet")), torch.device("cpu")).eval()
    batches = [(clean[i : i + BATCH], noisy[i : i + BATCH], restored[i : i + BATCH]) for i in range(0, SCORED, BATCH)]
    ssim = METRICS["ssim"]

    def score(names: Iterable[str]) -> None:
        for name in names:
            for batch, _, restored_batch in batches:
                METRICS[name](batch, restored_batch)

    def one_by_one() -> list[float]:
        options: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        pairs = zip(clean[:, 0].numpy(), restored[:, 0].numpy(), strict=True)
        similarity: Callable[..., Any] = structural_similarity  # which has no annotations
        return [float(similarity(a, b, data_range=1, **options)) for a, b in pairs]

    def forward() -> None:
        for _, batch, _ in batches:
            unet(batch, torch.full((BATCH,), 0.01))

    pairs_of_runs = []
    with torch.inference_mode():
        difference = (ssim(clean, restored) - torch.tensor(one_by_one(), dtype=torch.float64)).abs().max().item()
        if difference > 1e-6:
            raise RuntimeError(f"our SSIM is {difference:g} away from scikit-image's; 1e-6 is allowed")
        for repeat in range(repeats + 1):
            ours, theirs = _milliseconds(lambda: score(["ssim"])), _milliseconds(one_by_one)
            metrics, network = _milliseconds(lambda: score(["mse", "psnr", "ssim"])), _milliseconds(forward)
            if repeat:
                pairs_of_runs.append({"ssim": (ours, theirs), "scoring": (metrics, network)})
    return pairs_of_runs


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)
