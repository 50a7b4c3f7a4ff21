"""MNIST with digits of every contrast: images that look alike when they are made brighter or darker."""

import torch

from bench.core.images import one_size
from bench.core.rng import stream
from bench.datasets import Images, dataset
from bench.datasets.mnist import mnist

LEAST = 0.1  # contrast


@dataset
def mnist_contrast() -> Images:
    """The digits of `mnist`, each times a contrast of its own from 0.1 to 1, log-uniform, rounded to 8 bits."""
    digits, rng = mnist(), stream("mnist_contrast")

    def dimmed(images: torch.Tensor) -> torch.Tensor:
        contrasts = LEAST ** torch.rand(len(images), 1, 1, 1, generator=rng)
        return (images * contrasts).round().to(torch.uint8)

    return Images(*(dimmed(one_size(images)) for images in (digits.train, digits.test)))
