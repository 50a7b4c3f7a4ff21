"""MNIST, shipped with the package so that a first run downloads nothing."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from bench.datasets import Images, dataset

FILE = Path(__file__).with_suffix(".npz")
SHA256 = {
    "train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
}


@dataset
def mnist() -> Images:
    """60,000 training and 10,000 test digits, 28×28, in the original order.

    LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (CC BY-SA 3.0).

    Raises:
        OSError: the file is missing or damaged; the message names it, and both checksums.
    """
    arrays = []
    for name, expected in SHA256.items():
        try:
            with np.load(FILE, allow_pickle=False) as file:
                array = file[name]
            digest = hashlib.sha256(array.tobytes()).hexdigest()
        except Exception as error:  # a damaged archive may raise nearly anything
            digest = f"nothing to hash ({error})"
        if digest != expected:
            raise OSError(
                f"{FILE} is damaged: SHA-256 of '{name}' is {digest}, expected {expected}; "
                f"restore it with: git checkout -- bench/datasets/{FILE.name}"
            )
        arrays.append(torch.from_numpy(array)[:, None])
    return Images(*arrays)
