import pytest
import torch

from bench.patches import draw_patches
from bench.rng import stream

NUMBERED = torch.arange(24 * 20, dtype=torch.int32).view(1, 24, 20)


def test_patches_are_pieces_of_the_images_turned_and_mirrored() -> None:
    image = (NUMBERED % 251).byte()
    found = draw_patches([image], 16, 40, stream("test"))
    assert (found.shape, found.dtype) == ((40, 1, 16, 16), torch.uint8)
    windows = image.unfold(1, 16, 1).unfold(2, 16, 1).reshape(-1, 1, 16, 16)
    turned = [side.rot90(turn, (2, 3)) for side in (windows, windows.flip(3)) for turn in range(4)]
    ways = torch.tensor([[bool((way == patch).all(dim=(1, 2, 3)).any()) for way in turned] for patch in found])
    assert ways.any(dim=1).all()
    assert ways.any(dim=0).all()


def test_every_patch_of_every_image_is_as_likely() -> None:
    small, large = torch.zeros(1, 16, 16, dtype=torch.uint8), torch.ones(1, 16, 24, dtype=torch.uint8)
    share = draw_patches([small, large], 16, 4000, stream("test")).float().mean().item()
    assert share == pytest.approx(9 / 10, abs=0.02)


def test_the_draw_depends_on_its_stream_alone() -> None:
    image = (NUMBERED % 251).byte()
    one, same, other = (draw_patches([image], 16, 8, stream("test", key)) for key in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_an_image_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="image 1 is 24×20, too small for a patch of 32"):
        draw_patches([torch.zeros(1, 40, 40), NUMBERED], 32, 1, stream("test"))
