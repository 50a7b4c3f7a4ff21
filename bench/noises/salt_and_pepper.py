"""Salt and pepper: some pixels are lost, and read 0 or 1 whatever was there."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def salt_and_pepper(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """Replaces each pixel, with an equal chance in all of an image, by 0 or 1, as often one as the other.

    This noise depends on the image and its mean is not zero: on black pixels it can only add. What is
    asked for is therefore its mean squared error: the chance is `variance` over the mean of
    (x² + (1 - x)²) / 2, the error of an image x with all its pixels replaced. That mean, the most
    there can be, is 0.5 for black and white images and never below 0.25. Lost pixels stay lost at a
    larger variance, as the same value.

    Raises:
        ValueError: a variance is larger than the image allows.
    """
    most = (clean.square() + (1 - clean).square()).mean(dim=(1, 2, 3)) / 2
    if (variance > most).any():
        image = int((variance - most).argmax())
        raise ValueError(
            f"salt and pepper has a variance of at most {most[image]:.4g} on this image, with every pixel replaced, "
            f"got {variance[image]:.4g}; any image allows 0.25"
        )
    share, value = torch.rand((2, *clean.shape), generator=rng, device=rng.device, dtype=clean.dtype)
    return torch.where(share < (variance / most).view(-1, 1, 1, 1), value.round(), clean)
