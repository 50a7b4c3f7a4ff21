"""MNIST with dark digits on white: the same shapes under another ground."""

from bench.core.images import one_size
from bench.datasets import Images, dataset
from bench.datasets.mnist import mnist


@dataset
def mnist_inverted() -> Images:
    """The digits of `mnist`, each pixel v as 255 − v."""
    digits = mnist()
    return Images(*(255 - one_size(images) for images in (digits.train, digits.test)))
