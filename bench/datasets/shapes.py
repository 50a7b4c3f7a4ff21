"""Small made-up images, for tests: grey discs and boxes on black."""

import torch

from bench.datasets import Images, dataset

SIZE = 16


@dataset
def shapes() -> Images:
    """512 training and 128 test images, 16×16; each has a box and a disc of random place and grey."""
    rng = torch.Generator().manual_seed(0)
    count = 512 + 128
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")

    def draw(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, 1, 1, generator=rng) * (high - low) + low

    disc = (rows - draw(4, 12)) ** 2 + (columns - draw(4, 12)) ** 2 < draw(2, 5) ** 2
    top, left = draw(0, 10), draw(0, 10)
    box = (rows > top) & (rows < top + draw(3, 8)) & (columns > left) & (columns < left + draw(3, 8))
    images = torch.maximum(disc * draw(80, 255), box * draw(80, 255)).to(torch.uint8)[:, None]
    return Images(images[:512], images[512:])
