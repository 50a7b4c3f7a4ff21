"""This harness against the loop of the tutorial, and its parts against their lower bounds, interleaved in one run."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

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
from bench.timing.tutorial_loop import Rival, dataset
from bench.training.fast_layers import quicken
from bench.training.train import LOSSES, fit, optimizers_of

Pairs = dict[str, tuple[float, float]]  # by claim: our figure and the one it is compared with
IMAGES = 32000  # with which one epoch of ours reaches the PSNR of the tutorial; found by trial, and said in claims.csv
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
        stores: experiments in the smaller and the larger made-up store.
    """

    results: Path
    device: str = "cpu"
    repeats: int = 25
    stores: tuple[int, int] = (1000, 10000)


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def training(setting: Setting) -> Iterator[Pairs]:
    """Images per second of the tutorial's loop, one process of ours, and a pool."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pool(1, threads=THREADS, keep=False) as rival,
        pool(1, threads=THREADS) as alone,
        pool(cores()) as workers,
    ):
        for _ in range(min(setting.repeats, 15)):
            other = _rate([rival.submit(_rival_turn, folder, setting.device)])
            ours = _rate([alone.submit(_our_turn, setting.device)])
            together = _rate([workers.submit(_our_turn, setting.device) for _ in range(cores())])
            yield {"train": (ours, other), "pool": (together, other)}


def _rate(turns: Iterable["Future[tuple[float, float]]"]) -> float:
    """Images per second of turns taken at the same time, from the first start to the last end."""
    starts, ends = zip(*(turn.result() for turn in turns), strict=True)
    return float(len(starts) * TURN * TUTORIAL.batch / (max(ends) - min(starts)))


@cache  # kept in a worker process between two turns, as is the next one
def _rival_steps(folder: str, device: str) -> Iterator[float]:
    loop = Rival(dataset(images_of("mnist"), Path(folder)), device)
    return itertools.chain.from_iterable(loop.steps() for _ in itertools.count())


@cache
def _our_rows(device: str) -> Iterator[Progress]:
    recipe = replace(TUTORIAL, epochs=10**6, train_images=TURN * ROWS * TUTORIAL.batch)
    endless = TUTORIALS.but(recipe=recipe)
    return fit(build(endless), one_size(images_of("mnist").train), endless, torch.device(device))


def _rival_turn(folder: str, device: str) -> tuple[float, float]:
    """Runs some steps of the tutorial's loop; returns when the timed steps started and ended."""
    steps = _rival_steps(folder, device)
    for _ in range(TURN):
        next(steps)
    started = time.perf_counter()
    for _ in range(TURN):
        next(steps)
    return started, time.perf_counter()


def _our_turn(device: str) -> tuple[float, float]:
    """The same for ours, by rows of the history. The last row of an epoch includes validation and is never timed."""
    rows = _our_rows(device)
    next(rows)
    started = time.perf_counter()
    row = next(rows)
    ended = time.perf_counter()
    if row.epoch % 1 > 0.75:
        next(rows)
        next(rows)
    return started, ended


def tutorial(setting: Setting) -> Iterator[Pairs]:
    """Seconds to the PSNR that the tutorial reaches in ten epochs, validation included, for two seeds."""
    for seed in range(2):
        with pool(1, threads=THREADS, keep=False) as executor:
            other, reached = executor.submit(_rival_trained, setting, seed).result()
        with pool(1, threads=THREADS) as executor:
            ours, psnr = executor.submit(_our_trained, setting, seed).result()
        yield {"wall": (ours, other), "psnr": (psnr, reached)}


def _rival_trained(setting: Setting, seed: int) -> tuple[float, float]:
    """Seconds, and PSNR in dB over the test images."""
    with tempfile.TemporaryDirectory() as folder:
        loop = Rival(dataset(images_of("mnist"), Path(folder)), setting.device)
    next(loop.steps())  # starting up is not timed
    loop = Rival(loop.images, setting.device, seed)
    taken = seconds(lambda: [loop.epoch() for _ in range(TUTORIAL.epochs)])
    model = build(TUTORIALS)
    model.load_state_dict(dict(zip(model.state_dict(), loop.model.state_dict().values(), strict=True)))
    return taken, _psnr(model, setting.device)


def _our_trained(setting: Setting, seed: int) -> tuple[float, float]:
    images, device = one_size(images_of("mnist").train), torch.device(setting.device)
    sprint = TUTORIALS.but(recipe=replace(FAST, train_images=IMAGES), seed=seed)
    next(fit(build(sprint), images, sprint, device))  # starting up is not timed
    model = build(sprint)
    return seconds(lambda: list(fit(model, images, sprint, device))), _psnr(model, setting.device)


def _psnr(model: nn.Module, device: str) -> float:
    (restored,) = evaluate(model, images_of("mnist").test, TEST, [(0.01, "psnr")], torch.device(device))
    return float(restored.values["psnr"].mean())


def step(setting: Setting) -> Iterator[Pairs]:
    """Milliseconds of a step of `fast`, and of a bare one of the same network on a ready batch."""
    with pool(1) as executor:
        yield from executor.submit(_steps, setting).result()


def _steps(setting: Setting) -> list[Pairs]:
    recipe = replace(FAST, epochs=10**6, train_images=STEPS * ROWS * FAST.batch)
    experiment = TUTORIALS.but(recipe=recipe)
    model, device = build(experiment), torch.device(setting.device)
    quicken(place(model, device), recipe.fast_layers).train()
    optimizers = optimizers_of(model, FAST)
    images = one_size(images_of("mnist").train)
    clean = images[: FAST.batch].to(device).float() / 255
    noisy, variance = clean + 0.1 * torch.randn_like(clean), torch.full((FAST.batch,), 0.01, device=device)
    rows = fit(build(experiment), images, experiment, device)

    def bare() -> None:
        for _ in range(STEPS):
            loss = LOSSES[FAST.loss](model(noisy, variance), clean)
            loss.backward()  # type: ignore[no-untyped-call]  # not annotated in torch
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
        loss.item()  # waits for an accelerator

    pairs: list[Pairs] = []
    while len(pairs) < setting.repeats + 1:
        other, started = seconds(bare), time.perf_counter()
        row = next(rows)
        ours = time.perf_counter() - started
        if row.validation is None:
            pairs.append({"step": (1000 * ours / STEPS, 1000 * other / STEPS)})
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

    def score(*names: str) -> None:
        for name in names:
            for pair in zip(torch.split(clean, BATCH), torch.split(restored, BATCH), strict=True):
                METRICS[name](*pair)

    def one_by_one() -> list[float]:
        options: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        pairs = zip(clean[:, 0].numpy(), restored[:, 0].numpy(), strict=True)
        similarity: Callable[..., Any] = structural_similarity  # which has no annotations
        return [float(similarity(a, b, data_range=1, **options)) for a, b in pairs]

    def forward() -> None:
        for batch in torch.split(noisy, BATCH):
            unet(batch, torch.full((len(batch),), 0.01))

    with torch.inference_mode():
        ssim = METRICS["ssim"](clean, restored)
        difference = (ssim - torch.tensor(one_by_one(), dtype=torch.float64)).abs().max().item()
        if difference > 1e-6:
            raise RuntimeError(f"our SSIM is {difference:g} away from scikit-image's; 1e-6 is allowed")
        actions = (lambda: score("ssim"), one_by_one, lambda: score("mse", "psnr", "ssim"), forward)
        times = [[1000 * seconds(action) for action in actions] for _ in range(repeats + 1)]
    return [{"ssim": (ours, theirs), "scoring": (metrics, network)} for ours, theirs, metrics, network in times[1:]]
