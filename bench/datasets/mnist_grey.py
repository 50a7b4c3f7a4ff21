"""MNIST on grey ground and of less contrast, far from black and white: clipping helps nobody here."""

from bench.core.images import one_size
from bench.datasets import Images, dataset
from bench.datasets.mnist import mnist


@dataset
def mnist_grey() -> Images:
    """The digits of `mnist`, each pixel v as 64 + v // 2, which is from 64 to 191."""
    digits = mnist()
    return Images(*(64 + one_size(images) // 2 for images in (digits.train, digits.test)))
