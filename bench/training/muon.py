"""Muon for convolution kernels, which `torch.optim.Muon` refuses because they are no matrices."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# of the quintic iteration; for speed, its limit is only near the orthogonal matrix
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


STEPS = 5


class Muon(torch.optim.Optimizer):
    """Momentum whose update of each kernel, flattened to a matrix, is orthogonalized.

    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. Kernels are
    flattened behind their first axis. Newton-Schulz runs in float32, since bfloat16 is slow on
    processors without it.

    Args:
        kernels: parameters of two or more axes.
        lr: learning rate; the update has about unit singular values times √max(1, rows / columns).
        momentum: decay of the averaged gradient; its Nesterov form is used.
    """

    def __init__(self, kernels: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(kernels, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is ever passed
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is None:  # of a layer that is not used; Adam passes over those too
                    continue
                state = self.state[kernel]
                if not state:
                    state["average"] = torch.zeros_like(kernel)
                average = state["average"].lerp_(kernel.grad, 1 - group["momentum"])
                update = kernel.grad.lerp(average, group["momentum"]).flatten(1)
                rows, columns = update.shape
                scale = max(1.0, rows / columns) ** 0.5
                kernel.add_(orthogonalize(update).view(kernel.shape), alpha=-group["lr"] * scale)


def orthogonalize(matrix: Tensor) -> Tensor:
    """The nearly orthogonal matrix with the same singular vectors, by Newton-Schulz iteration."""
    if matrix.shape[0] > matrix.shape[1]:
        transposed: Tensor = orthogonalize(matrix.T).T
        return transposed.contiguous()
    a, b, c = COEFFICIENTS
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x
