"""Twelve photographs of scikit-image, in grey at full size: no download."""

from importlib import metadata, resources
from pathlib import Path

from bench.core.image_files import read
from bench.core.images import digest, stack
from bench.datasets import Images, dataset

TRAIN = ("brick", "clock_motion", "grass", "gravel", "motorcycle_left", "motorcycle_right")
TEST = ("astronaut", "camera", "chelsea", "coffee", "coins", "moon")
DIGEST = "fce979bf"


@dataset
def photos() -> Images:
    """Six photographs to train on and six to test on, from 300×400 to 500×741 pixels.

    Those that scikit-image carries in its package as PNG and that are photographs of things: no
    drawings, no pages, no microscopy. JPEG files are left out, since their decoders may differ.
    For training: `brick`, `clock_motion` (blurred by motion), `grass`, `gravel`, `motorcycle_left` and
    `motorcycle_right` (a stereo pair, so in one part). For testing: `astronaut`, `camera`, `chelsea` (a
    cat), `coffee`, `coins`, `moon`. Colour becomes grey as in `folder`. Their sources and licences are
    told at `skimage.data`.

    Raises:
        OSError: scikit-image carries others.
    """
    package = Path(str(resources.files("skimage"))) / "data"
    train, test = (stack([read(package / f"{name}.png") for name in names]) for names in (TRAIN, TEST))
    if (actual := digest(train, test)) != DIGEST:
        version = metadata.version("scikit-image")
        raise OSError(
            f"scikit-image {version} carries other photographs in {package} (digest {actual}, expected {DIGEST}): "
            "install scikit-image==0.26.0"
        )
    return Images(train, test)
