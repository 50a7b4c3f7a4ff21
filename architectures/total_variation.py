"""Total variation denoising: the image near the noisy one whose edges sum up to the least."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class TotalVariation(Denoiser):
    """Total variation by scikit-image, channel by channel; blind.

    The model is Rudin, Osher and Fatemi's, "Nonlinear total variation based noise removal algorithms",
    Physica D 1992; the iteration Chambolle's, Journal of Mathematical Imaging and Vision 2004.

    Args:
        weight: of the total variation against the squared distance; the default is scikit-image's.
    """

    grid: ClassVar[dict[str, tuple[float, ...]]] = {"weight": (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)}

    def __init__(self, weight: float = 0.1) -> None:
        super().__init__()
        if not weight > 0:
            raise ValueError(f"weight must be positive, got {weight}")
        self.weight = weight

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        from skimage.restoration import denoise_tv_chambolle  # late: slow to import

        planes = noisy.cpu().numpy().reshape(-1, *noisy.shape[2:])
        smooth = [denoise_tv_chambolle(plane, weight=self.weight) for plane in planes]  # type: ignore[no-untyped-call]  # not annotated there
        return torch.from_numpy(np.stack(smooth)).view(noisy.shape).to(noisy)
