"""Training: the whole recipe on one page."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.core.experiment import Experiment
from bench.core.images import Stack, one_size
from bench.core.recipes import ONE_DRAW, Recipe
from bench.core.results import ROWS, Progress
from bench.core.rng import global_streams, stream
from bench.core.variance import Range
from bench.lookup.denoisers import place
from bench.lookup.images import split
from bench.noises import NOISES
from bench.training import self_supervised
from bench.training.checkpoint import Checkpoint
from bench.training.fast_layers import quicken
from bench.training.muon import Muon
from bench.training.patches import draw_patches

VALIDATED = 2000  # images: enough to know the validation loss within half a percent; it decides nothing


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "l1": functional.l1_loss,
    "charbonnier": lambda output, target: ((output - target).square() + 1e-6).sqrt().mean(),
    # Chen et al., "HINet: Half Instance Normalization Network for Image Restoration", CVPR Workshops 2021;
    # 100 dB counts as equal.
    "psnr": lambda output, target: 10 * (output - target).square().mean((1, 2, 3)).clamp_min(1e-10).log10().mean(),
}


def draw(variance: Range, count: int, rng: torch.Generator) -> Tensor:
    """One training variance for each image, (count,). A fixed range draws too, so that streams stay in step."""
    share = torch.rand(count, generator=rng, device=rng.device)
    low, high = variance.low, variance.high
    if variance.law == "uniform-sigma":
        return (math.sqrt(low) + share * (math.sqrt(high) - math.sqrt(low))).square()
    if variance.law == "log-uniform":
        return low * torch.exp(share * math.log(high / low))
    return low + share * (high - low)


def fit(
    model: nn.Module,
    images: Stack,
    experiment: Experiment,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Progress]:
    """Trains the model in place on images of one size, or on patches; yields ten rows of history per epoch.

    It goes on from the checkpoint, which may be saved whenever a row ends an epoch. A loss that is not finite ends
    the training; its row is the last.
    """
    recipe, dataset = experiment.recipe, experiment.dataset
    if recipe is None or dataset is None:
        return  # nothing to learn
    everything, checked = split(images, dataset)
    training = everything[: recipe.train_images or None]
    if recipe.patch:
        checked = draw_patches(checked, recipe.patch, VALIDATED, stream("validation patches", dataset))
    else:
        training = one_size(training).to(device)
    validation = one_size(checked[:VALIDATED]).to(device)
    count = recipe.patches or len(everything if recipe.repeat else training)
    order = stream("order", dataset, experiment.seed)
    rng = stream("training noise", dataset, experiment.seed, device=device)
    kept = kept_draws(training, experiment, device)
    place(model, device)
    if type(model).__module__.startswith("architectures."):  # layers of plug-ins are left alone
        quicken(model, recipe.fast_layers)
    steps = count // recipe.batch
    optimizers = optimizers_of(model, recipe)
    peaks = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    done = (checkpoint or Checkpoint()).attach(model, optimizers, (order, rng))
    for epoch in range(done, recipe.epochs):
        with global_streams("training", dataset, experiment.seed, epoch):
            model.train()
            if recipe.patch:
                seen, numbers = draw_patches(training, recipe.patch, count, order).to(device), torch.arange(count)
            else:
                passes = [torch.randperm(len(training), generator=order) for _ in range(0, count, len(training))]
                seen, numbers = one_size(training), torch.cat(passes)[:count]
            losses = []
            # A short last batch is left out: its images would weigh more than the others.
            for step, chosen in enumerate(torch.split(numbers.to(device), recipe.batch)[:steps], start=1):
                draws = tuple(values[chosen] for values in kept)
                loss = loss_of(model, seen[chosen], experiment, rng, draws)
                loss.backward()  # type: ignore[no-untyped-call]  # not annotated in torch
                share = share_of_peak(recipe, (epoch * steps + step - 0.5) / (steps * recipe.epochs))
                for optimizer, own_peaks in zip(optimizers, peaks, strict=True):
                    for group, peak in zip(optimizer.param_groups, own_peaks, strict=True):
                        group["lr"] = peak * share
                    optimizer.step()
                    optimizer.zero_grad()
                losses.append(loss.detach())
                if step * ROWS // steps > (step - 1) * ROWS // steps:
                    mean = torch.stack(losses).mean().item()
                    ended = step == steps and math.isfinite(mean)
                    checks = validate(model, validation, experiment) if ended else (None, None)
                    row = Progress(epoch + step / steps, mean, *checks)
                    yield row
                    if row.diverged:
                        return
                    losses = []


def loss_of(
    model: nn.Module,
    clean: Tensor,
    experiment: Experiment,
    rng: torch.Generator,
    kept: tuple[Tensor, ...] = (),
) -> Tensor:
    """Loss of one batch of clean uint8 images, with noise of freshly drawn variances.

    Args:
        kept: noisy images and their variances, of which alone a self-supervised denoiser learns.
    """
    if kept and experiment.recipe:
        noisy, variances = kept
        return _one_draw_loss(model, noisy, variances, experiment.recipe, rng)
    output, target, recipe = _outcome(model, clean.float() / 255, experiment, rng)
    return LOSSES[recipe.loss](output, target)


def _one_draw_loss(model: nn.Module, noisy: Tensor, variances: Tensor, recipe: Recipe, rng: torch.Generator) -> Tensor:
    loss = self_supervised.LOSSES[recipe.target]
    return loss(lambda images: _restored(model, images, variances, recipe), noisy, variances, rng)


def kept_draws(images: Stack, experiment: Experiment, device: torch.device) -> tuple[Tensor, ...]:
    """Each training image under the one draw of noise that a self-supervised denoiser ever sees, and its variance."""
    if not experiment.recipe or experiment.recipe.target not in ONE_DRAW:
        return ()
    rng = stream("kept noise", experiment.dataset or "", experiment.seed, device=device)
    return corrupted(one_size(images).to(device).float() / 255, experiment, rng)


def corrupted(clean: Tensor, experiment: Experiment, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Clean images in [0, 1] under noise, each of a variance drawn for it, and these variances."""
    variance, noise = experiment.variance, experiment.noise
    if variance is None or experiment.recipe is None or noise is None:
        raise ValueError(f"{experiment.id} has nothing to train")
    variances = draw(variance, len(clean), rng)
    return NOISES[noise](clean, variances, rng), variances


def _restored(model: nn.Module, noisy: Tensor, variances: Tensor, recipe: Recipe) -> Tensor:
    with torch.autocast(noisy.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
        output: Tensor = model(noisy, variances)
    return output.float()


def _outcome(
    model: nn.Module, clean: Tensor, experiment: Experiment, rng: torch.Generator
) -> tuple[Tensor, Tensor, Recipe]:
    """What the model gives for clean images in [0, 1] under noise, what it should give, and the recipe.

    A self-supervised denoiser should give the clean image too; it is not trained by this.
    """
    noisy, variances = corrupted(clean, experiment, rng)
    recipe, noise = experiment.recipe, experiment.noise
    if recipe is None or noise is None:
        raise ValueError(f"{experiment.id} has nothing to train")
    if recipe.target == "renoised":
        target = NOISES[noise](clean, variances, rng)
    else:
        target = noisy if recipe.target == "noisy" else clean
    return _restored(model, noisy, variances, recipe), target, recipe


@torch.inference_mode()
def validate(model: nn.Module, images: Tensor, experiment: Experiment) -> tuple[float, float]:
    """Mean loss and mean PSNR in dB, clipped, over validation images, under the same noise after every epoch."""
    rng = stream("validation", experiment.dataset or "", device=images.device)
    model.eval()
    sums = []
    for batch in torch.split(images, 200):
        clean = batch.float() / 255
        output, target, recipe = _outcome(model, clean, experiment, rng)
        mse = (output.clamp(0, 1) - clean).square().mean((1, 2, 3))
        sums.append(torch.stack([LOSSES[recipe.loss](output, target) * len(batch), -10 * mse.log10().sum()]))
    loss, psnr = (torch.stack(sums).sum(0) / len(images)).tolist()
    return loss, psnr


def optimizers_of(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Adam for all parameters, or Muon for kernels and Adam for norms and biases; frozen parameters are left out."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if recipe.optimizer == "adam":
        return [torch.optim.Adam(trained, recipe.lr, fused=True)]
    kernels = [parameter for parameter in trained if parameter.ndim > 1]
    vectors = [parameter for parameter in trained if parameter.ndim <= 1]
    optimizers: list[torch.optim.Optimizer] = []
    if kernels:
        optimizers.append(Muon(kernels, recipe.lr))
    if vectors:
        optimizers.append(torch.optim.Adam(vectors, recipe.lr_vectors, fused=True))
    return optimizers


def share_of_peak(recipe: Recipe, done: float) -> float:
    """The learning rate as a share of its peak, when a share `done` of all steps is done."""
    warm_up = recipe.warm_up
    if recipe.schedule == "constant":
        return 1.0
    if done < warm_up:
        return done / warm_up
    return 0.5 + 0.5 * math.cos(math.pi * (done - warm_up) / (1 - warm_up))
