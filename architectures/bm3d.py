"""BM3D: similar patches are stacked and shrunk together in a three-dimensional transform."""

from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class BM3D(Denoiser):
    """BM3D by its authors' package, which is free for non-commercial use only; it is told the noise.

    Dabov, Foi, Katkovnik and Egiazarian, "Image Denoising by Sparse 3-D Transform-Domain Collaborative
    Filtering", IEEE Transactions on Image Processing 2007. Channel by channel, in one thread.

    Args:
        exact: also count how noise correlates between overlapping patches (Mäkinen, Azzari and Foi,
            2020), as the package does by default; on MNIST about 0.1 dB for 40 times the time.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """

    blind = False
    requires = "bm3d"

    def __init__(self, exact: bool = False) -> None:
        super().__init__()
        if find_spec(self.requires) is None:
            raise ModuleNotFoundError("the denoiser 'bm3d' needs the package bm3d; run: pip install bm3d")
        self.exact = exact

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        from bm3d import BM3DProfile, bm3d  # late: an extra

        profile = BM3DProfile()
        profile.num_threads = 1  # more would add up in another order each time
        if not self.exact:
            profile.nf = 0
        channels, height, width = noisy.shape[1:]
        planes = noisy.cpu().numpy().reshape(-1, height, width)
        sigmas = variance.cpu().sqrt().repeat_interleave(channels).tolist()
        smooth = [bm3d(plane, sigma, profile) for plane, sigma in zip(planes, sigmas, strict=True)]
        return torch.from_numpy(np.stack(smooth)).view(noisy.shape).to(noisy)
