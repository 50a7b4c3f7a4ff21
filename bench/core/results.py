"""What a measurement gives: scores, losses, trials of a tuning, restored images."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


ROWS = 10  # of the history in one epoch


BLOCKS, FEWEST = 100, 20


@dataclass(frozen=True)
class Score:
    """One cell: a metric at a test variance, over test images.

    `blocks` holds the means of about a hundred equal runs of images (see `statistics.block_count`), which
    keeps differences between denoisers paired at a fraction of the size; `spread` is the standard
    deviation over images.
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

    `validation` is there at the end of an epoch only.
    """

    epoch: float
    training: float
    validation: float | None

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
        clean, examples: the middle of the first image and of what came back, to look at: uint8
            (1, H, W), or (1, H, W, 3) in colour, 64 pixels to each side at most.
    """

    variance: float
    values: dict[str, Array]
    clean: Array
    examples: Array


def summarize(variance: float, metric: str, values: Array) -> Score:
    """One cell from its values for each image, (N,)."""
    with np.errstate(invalid="ignore"):  # the spread of infinite values is not a number
        spread = float(values.std())
    means = values.reshape(block_count(len(values)), -1).mean(1)
    return Score(variance, metric, float(values.mean()), spread, len(values), tuple(means.tolist()))


def block_count(images: int) -> int:
    """How many equal runs images are cut into: the largest divisor of their number up to 100, if that is enough."""
    divisors = [count for count in range(1, images + 1) if images % count == 0]
    fits = max(count for count in divisors if count <= BLOCKS)
    return fits if fits >= FEWEST or fits == images else min(count for count in divisors if count > BLOCKS)
