"""folder_colour:PATH, the images of a folder as `folder` finds them, in three channels."""

from pathlib import Path

from bench.datasets import Images, dataset
from bench.datasets.folder import images_below


@dataset
def folder_colour(path: Path) -> Images:
    """As `folder`, but red, green and blue; grey files have three equal channels.

    Raises:
        ValueError: see `folder`.
    """
    return images_below(path, colour=True)
