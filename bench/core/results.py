"""What a measurement gives: scores, losses, trials of a tuning, restored images."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


ROWS = 10  # of the history in one epoch


BLOCKS, FEWEST = 100, 20


@dataclass(frozen=True)
class Score:
    """One cell: a metric at a test variance, over test images.

    `blocks` holds the means over about a hundred equal groups of images (see `block_means`), which keeps
    differences between denoisers paired at a fraction of the size; `spread` is the standard deviation
    over images.
    """

    variance: float
    metric: str
    mean: float
    spread: float
    images: int
    blocks: tuple[float, ...]


@dataclass(frozen=True)
class Progress:
    """A row of the history: epochs done so far, and mean losses since the row before.

    `validation` and `psnr` are there at the end of an epoch only: the mean loss over validation images, and their
    mean PSNR in dB, clipped, under noise of the training. Older results have no `psnr`.
    """

    epoch: float
    training: float
    validation: float | None
    psnr: float | None = None

    @property
    def diverged(self) -> bool:
        return not all(math.isfinite(loss) for loss in (self.training, self.validation) if loss is not None)


@dataclass(frozen=True)
class Trial:
    """A value of an option that was tried, and the mean squared error of the clipped images it gave."""

    option: str
    value: float
    mse: float


def best(trials: list[Trial]) -> Trial:
    """Of equally good ones the first."""
    return min(trials, key=lambda trial: trial.mse)


@dataclass(frozen=True)
class Restored:
    """What one test variance gave.

    Attributes:
        values: for each metric, one value for each test image, (N,) float64.
        clean, examples: the middles of the first eight images and of what came back, to look at: uint8
            (E, H, W), or (E, H, W, 3) in colour, 64 pixels to each side at most.
    """

    variance: float
    values: dict[str, Array]
    clean: Array
    examples: Array


def summarize(variance: float, metric: str, values: Array, in_turn: bool = True) -> Score:
    """One cell from its values for each image, (N,); `in_turn` is as in `block_means`."""
    with np.errstate(invalid="ignore"):  # the spread of infinite values is not a number
        spread = float(values.std())
    return Score(variance, metric, float(values.mean()), spread, len(values), block_means(values, in_turn))


def block_means(values: Array, in_turn: bool = True) -> tuple[float, ...]:
    """Means over equal groups of images.

    Neighbours in a dataset are alike, and so are its halves: groups of neighbours would differ more than by chance.

    Args:
        in_turn: images are dealt to groups in turn, image i to group i modulo their number; else groups are of
            neighbours, as in protocols of version 1.
    """
    count = block_count(len(values))
    dealt = values.reshape(-1, count).mean(0) if in_turn else values.reshape(count, -1).mean(1)
    return tuple(dealt.tolist())


@cache
def block_count(images: int) -> int:
    """Into how many groups images are dealt: the largest divisor of their number up to 100, if that is enough."""
    divisors = [count for count in range(1, images + 1) if images % count == 0]
    fits = max(count for count in divisors if count <= BLOCKS)
    return fits if fits >= FEWEST or fits == images else min(count for count in divisors if count > BLOCKS)
