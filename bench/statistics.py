"""How sure a number is: intervals over test images, and which rows are better than others.

Images are exchangeable and blocks are equal runs of them, so the spread of block means gives the
standard error of a mean; Student's t gives 95 % of it. Differences are taken block by block between
denoisers that met the same noisy images, which removes most of that spread.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from bench.experiment import Score

Array = npt.NDArray[np.floating[Any]]
BLOCKS = 100


def summarize(variance: float, metric: str, values: Array) -> Score:
    """One cell from its values for each image, (N,)."""
    with np.errstate(invalid="ignore"):  # the spread of infinite values is not a number
        spread = float(values.std())
    means = values.reshape(block_count(len(values)), -1).mean(1)
    return Score(variance, metric, float(values.mean()), spread, len(values), tuple(means.tolist()))


def block_count(images: int) -> int:
    """How many equal runs images are cut into: the largest divisor of their number up to 100."""
    return max(count for count in range(1, min(BLOCKS, images) + 1) if images % count == 0)


def half_width(blocks: Array) -> float:
    """Half of the 95 % interval of the mean of block means, (B,); NaN where it cannot be told."""
    count = len(blocks)
    if count < 2 or not np.isfinite(blocks).all():
        return float("nan")
    return float(stdtrit(count - 1, 0.975) * blocks.std(ddof=1) / count**0.5)


def leaders(rows: Sequence[Array | None], better: str) -> list[int]:
    """Rows that are best or cannot be told from the best: the paired interval contains zero.

    A row alone does not lead.

    Args:
        rows: block means, (B,), of each row; None for one without a number.
        better: "higher" or "lower".
    """
    means = {index: float(np.mean(row)) for index, row in enumerate(rows) if row is not None}
    means = {index: mean for index, mean in means.items() if not np.isnan(mean)}
    if len(means) < 2:
        return []  # nothing to lead
    best = (max if better == "higher" else min)(means, key=lambda index: means[index])
    return [index for index in means if index == best or _tied(rows[index], rows[best])]


def _tied(row: Array | None, best: Array | None) -> bool:
    if row is None or best is None or len(row) != len(best):
        return False
    if not (np.isfinite(row).all() and np.isfinite(best).all()):
        return bool(np.array_equal(row, best))
    difference = row - best
    return bool(abs(difference.mean()) <= half_width(difference))
