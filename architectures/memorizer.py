"""Pure memory: the exact posterior mean when the training images are all there is."""

import torch
from torch import Tensor

from architectures import Denoiser, denoiser

CHUNK = 4096  # memorized images in one matrix product


@denoiser
class Memorizer(Denoiser):
    """The mean of the memorized images x, each weighed by exp(-|y - x|² / (2 variance)); not blind.

    By Bayes' rule this is the best estimate of all, in squared error, if clean images are drawn from
    the memorized ones and the noise is white and Gaussian: what a denoiser that fitted its training
    images perfectly would give. At variance 0 it is the nearest of them.

    Nothing is learned by gradient: `fit` takes the training images, which are kept in a buffer outside
    the state, so that stored weights stay small. Images of another size cannot be compared: ValueError.

    Args:
        train_images: number of images that are memorized, from the first on; 0 means all.
    """

    blind = False
    images: Tensor

    def __init__(self, train_images: int = 0) -> None:
        super().__init__()
        if train_images < 0:
            raise ValueError(f"train_images must be at least 0, which means all, got {train_images}")
        self.most = train_images
        self.register_buffer("images", torch.empty(0, 1, 0, 0, dtype=torch.uint8), persistent=False)

    def fit(self, images: Tensor) -> None:
        """Memorizes clean images, uint8 (N, C, H, W), in place of any it had."""
        if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
            raise ValueError(f"fit needs images, uint8 (N, C, H, W), got {images.dtype} {tuple(images.shape)}")
        self.images = images[: self.most or None].to(self.images.device)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        if len(self.images) == 0:
            raise ValueError("memorizer has no images yet; call fit(images) with the training images")
        if noisy.shape[1:] != self.images.shape[1:]:
            shape, known = tuple(noisy.shape[1:]), tuple(self.images.shape[1:])
            raise ValueError(f"memorizer knows images of (channels, height, width) {known}, got {shape}")
        # In float64: distances are divided by the variance, and so are their errors.
        y = noisy.flatten(1).double()
        chunks = torch.split(self.images.flatten(1), CHUNK)
        # |y|² is the same for all x, and leaves no trace in the weights.
        scores = [y @ x.T - x.square().sum(1) / 2 for x in (chunk.double() / 255 for chunk in chunks)]
        weights = (torch.cat(scores, dim=1) / variance.double().clamp_min(1e-12)[:, None]).softmax(dim=1)
        weights[weights < 1e-30] = 0  # float32 would hold them as subnormal numbers, which are five times slower
        restored = torch.zeros_like(y, dtype=torch.float32)
        for weight, chunk in zip(torch.split(weights.float(), CHUNK, dim=1), chunks, strict=True):
            restored.addmm_(weight, chunk.float() / 255)
        return restored.view(noisy.shape).to(noisy.dtype)
