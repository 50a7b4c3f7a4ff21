"""Convolutions that train faster on a CPU than torch's own, and equal them but for rounding.

A convolution with few outputs leaves most lanes of a vector unused in torch's kernels for a CPU. The two
met here end a denoiser of grey images, and double the size in front of that.
"""

from collections.abc import Iterable
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LANES = 16  # float32 values in the widest vector of a CPU


def quicken(model: nn.Module, kinds: Iterable[str]) -> nn.Module:
    """Replaces layers of some `KINDS` by faster equivalents; changes the model in place.

    They are faster where they train on a CPU in float32. Weights and their names stay, and so does, bit for bit,
    what the model gives in evaluation mode.
    """
    wanted = {KINDS[name] for name in kinds}
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            kind = _faster(layer)
            if kind in wanted:
                setattr(parent, name, _equivalent(layer, kind))
    return model


def _equivalent(layer: nn.Module, kind: type[nn.Module]) -> nn.Module:
    """A layer of that kind with the parameters of another."""
    shape = layer.kernel_size, layer.stride, layer.padding
    faster = kind(layer.in_channels, layer.out_channels, *shape, device="meta").train(layer.training)
    faster.weight, faster.bias = layer.weight, layer.bias
    return faster


def _faster(module: nn.Module) -> type[nn.Module] | None:
    """The faster class of a layer, if there is one; what derives from torch's layers is left alone."""
    if not isinstance(module, nn.Conv2d | nn.ConvTranspose2d) or module.bias is None or module.padding_mode != "zeros":
        return None
    shape = module.kernel_size, module.stride, module.padding, module.output_padding, module.dilation, module.groups
    if type(module) is nn.Conv2d and module.out_channels == 1:
        return ToOneChannel if shape == ((3, 3), (1, 1), (1, 1), (0, 0), (1, 1), 1) else None
    if type(module) is nn.ConvTranspose2d and module.out_channels < LANES:
        return Doubling if shape == ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1), 1) else None
    return None


def _as_torch(module: nn.Module, features: Tensor) -> bool:
    """Whether a layer does what torch's does: where it does not train, and in bfloat16, which has faster kernels."""
    plain = features.dim() == 4 and features.device.type == "cpu" and features.dtype in (torch.float32, torch.float64)
    return not (module.training and plain) or torch.is_autocast_enabled("cpu")


def _applied(function: type[torch.autograd.Function], layer: nn.Module, features: Tensor) -> Tensor:
    output: Tensor = function.apply(features, layer.weight, layer.bias)  # type: ignore[no-untyped-call]  # not annotated in torch
    return output


class ToOneChannel(nn.Conv2d):
    """A 3×3 convolution to one channel, padded to keep the size."""

    def forward(self, features: Tensor) -> Tensor:
        if _as_torch(self, features):
            return super().forward(features)
        return _applied(_ToOneChannel, self, features)


class _ToOneChannel(torch.autograd.Function):
    """All nine products of each pixel in one go; then each plane of products is added where it belongs."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        count, channels, height, width = features.shape
        pixels = features.permute(0, 2, 3, 1).reshape(-1, channels)
        products = (weight.reshape(channels, 9).T @ pixels.T).view(3, 3, count, 1, height, width)
        output = products[1, 1] + bias
        for i, j in product(range(3), repeat=2):
            if (i, j) != (1, 1):
                (rows, below), (columns, beside) = _shifted(height, i - 1), _shifted(width, j - 1)
                output[..., rows, columns] += products[i, j, ..., below, beside]
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """By the transposed convolution that gives the same: of it, torch has the gradients many times faster."""
        features, weight = ctx.saved_tensors
        turned = weight.flip(2, 3).transpose(0, 1)
        to_features, to_turned, to_bias = _gradients(gradient, features, turned, stride=1)
        return to_features, to_turned.transpose(0, 1).flip(2, 3), to_bias


def _shifted(size: int, by: int) -> tuple[slice, slice]:
    """Those places in a row that have another one `by` further on, and these others."""
    return slice(max(0, -by), size - max(0, by)), slice(max(0, by), size - max(0, -by))


class Doubling(nn.ConvTranspose2d):
    """A 4×4 transposed convolution of stride 2 to twice the size."""

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        if _as_torch(self, features) or output_size is not None:
            return super().forward(features, output_size)
        return _applied(_Doubling, self, features)


class _Doubling(torch.autograd.Function):
    """The four phases of the output by one 2×2 convolution, and then woven together."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        (count, inputs, height, width), outputs = features.shape, weight.shape[1]
        # Rows 3 and 1 of a kernel make the even rows of the output, 2 and 0 the odd ones; so it is with columns.
        kernels = weight.flip(2, 3).view(inputs, outputs, 2, 2, 2, 2).permute(3, 5, 1, 0, 2, 4)
        phases = functional.conv2d(features, kernels.reshape(-1, inputs, 2, 2), bias.repeat(4), padding=1)
        phases = phases.permute(0, 2, 3, 1).reshape(count, height + 1, width + 1, 2, 2, outputs)
        size = count, outputs, 2 * height, 2 * width
        output = torch.empty(size, dtype=features.dtype, memory_format=torch.channels_last)
        woven = output.permute(0, 2, 3, 1).view(count, height, 2, width, 2, outputs)
        for i, j in product(range(2), repeat=2):
            woven[:, :, i, :, j] = phases[:, i : i + height, j : j + width, i, j]
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features, weight = ctx.saved_tensors
        return _gradients(gradient, features, weight, stride=2)


def _gradients(gradient: Tensor, features: Tensor, weight: Tensor, stride: int) -> tuple[Tensor, Tensor, Tensor]:
    """Those of a transposed convolution with padding 1, to its features, weight and bias."""
    shape = [weight.shape[1]], [stride, stride], [1, 1], [1, 1], True, [0, 0], 1
    gradients: tuple[Tensor, Tensor, Tensor] = torch.ops.aten.convolution_backward(
        gradient, features, weight, *shape, [True, True, True]
    )
    return gradients


KINDS: dict[str, type[nn.Module]] = {"doubling": Doubling, "to_one_channel": ToOneChannel}
