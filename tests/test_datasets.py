"""Images of any size, kind and source become pixels, or are refused by name."""

import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

import run_all
from bench.core.dataset_names import PLACES, parse
from bench.core.experiment import Protocol
from bench.core.image_files import Unusable, read
from bench.core.images import PIXELS, batches, digest, one_size, stack, take, twins
from bench.core.registry import UnknownName
from bench.datasets.folder import folder
from bench.datasets.photos import photos
from bench.lookup import torchvision_datasets
from bench.lookup.images import identified, images_of, source_of
from bench.lookup.torchvision_datasets import cache_folder, function_of, images_from, names
from bench.running.plan import check
from tests.conftest import Counter, folder_of_images, report_text

VALUES = np.random.default_rng(1).integers(0, 256, (20, 24, 3), dtype=np.uint8)
GREY = VALUES[..., 0]


def luma(values: Any) -> Any:
    """ITU-R 601, to within the rounding of 16-bit weights."""
    return (values.astype(float) @ [0.299, 0.587, 0.114]).round()


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


# Stacks.


def test_images_of_one_size_are_one_tensor_and_others_stay_as_they_are() -> None:
    small, large = torch.zeros(1, 16, 16, dtype=torch.uint8), torch.ones(1, 16, 20, dtype=torch.uint8)
    assert isinstance(stack([small, small]), Tensor)
    mixed = stack([small, large, small])
    assert isinstance(mixed, tuple)
    assert [image.shape[2] for image in take(mixed, torch.tensor([2, 1]))] == [16, 20]
    assert one_size(mixed[:1]).shape == (1, 1, 16, 16)
    with pytest.raises(ValueError, match="one size are needed, got 2 sizes, such as 16×16 and 16×20"):
        one_size(mixed)
    assert twins(mixed, (large,)) == [(1, 0)]
    assert digest(mixed) != digest(mixed[:2], mixed[2:]) != digest(mixed[:1], mixed[1:])


def test_batches_are_of_one_size_hold_every_image_once_and_bound_memory() -> None:
    images = stack([torch.full((1, 16, 16 + number % 3), number, dtype=torch.uint8) for number in range(11)])
    found = list(batches(images, most=2))
    assert sorted(int(number) for numbers, _ in found for number in numbers) == list(range(11))
    for numbers, pixels in found:
        assert len(pixels) <= 2
        assert pixels.flatten(1).float().mean(1).tolist() == numbers.tolist()
    photograph = torch.zeros(3, 1, 400, PIXELS // 400, dtype=torch.uint8)
    assert [len(pixels) for _, pixels in batches(photograph)] == [1, 1, 1]


# Files.


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "jpg"])
def test_grey_files_are_read_as_they_are(tmp_path: Path, suffix: str) -> None:
    smooth = np.add.outer(np.arange(20), np.arange(24)).astype(np.uint8) * 4
    found = read(saved(tmp_path / f"grey.{suffix}", Image.fromarray(smooth)))
    assert found.shape == (1, 20, 24)
    assert found.dtype == torch.uint8
    assert np.abs(found[0].numpy().astype(int) - smooth).max() <= (3 if suffix == "jpg" else 0)


def test_colour_is_kept_or_becomes_luma(tmp_path: Path) -> None:
    file = saved(tmp_path / "colour.png", Image.fromarray(VALUES))
    assert np.array_equal(read(file, colour=True).permute(1, 2, 0).numpy(), VALUES)
    assert np.abs(read(file)[0].numpy() - luma(VALUES)).max() <= 1
    three = read(saved(tmp_path / "grey.png", Image.fromarray(GREY)), colour=True)
    assert np.array_equal(three.numpy(), np.stack([GREY] * 3))


def test_of_a_camera_s_file_of_several_pictures_the_first_is_read(tmp_path: Path) -> None:
    first, second = (Image.fromarray(np.full((20, 24), value, np.uint8)) for value in (50, 200))
    first.save(tmp_path / "camera.jpg", format="MPO", save_all=True, append_images=[second])
    assert set(read(tmp_path / "camera.jpg").flatten().tolist()) == {50}


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "JPEG", "dib"])
def test_every_suffix_of_a_format_is_read(tmp_path: Path, suffix: str) -> None:
    folder_of_images(tmp_path)
    image = Image.fromarray(np.full((20, 24), 77, np.uint8))
    image.save(tmp_path / "test" / f"more.{suffix}", format="BMP" if suffix == "dib" else "JPEG")
    assert len(folder(tmp_path).test) == 4


def test_sixteen_bits_are_scaled_and_rounded(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 20 * 24).round().astype(np.uint16).reshape(20, 24)
    for name in ("deep.png", "deep.tif"):
        found = read(saved(tmp_path / name, Image.fromarray(levels)))
        assert np.array_equal(found[0].numpy(), (levels / 257).round())


def test_palettes_are_looked_up_and_unused_transparency_is_dropped(tmp_path: Path) -> None:
    palette = Image.fromarray(VALUES).quantize(256)
    expected = np.asarray(palette.convert("RGB"))
    assert np.array_equal(read(saved(tmp_path / "p.png", palette), colour=True).permute(1, 2, 0).numpy(), expected)
    opaque = Image.fromarray(VALUES).convert("RGBA")
    assert np.array_equal(read(saved(tmp_path / "a.png", opaque), colour=True).permute(1, 2, 0).numpy(), VALUES)
    opaque.putpixel((3, 3), (1, 2, 3, 200))
    with pytest.raises(Unusable, match=r"b\.png is transparent"):
        read(saved(tmp_path / "b.png", opaque))
    with pytest.raises(Unusable, match=r"c\.png is transparent"):
        read(saved(tmp_path / "c.png", palette, transparency=int(np.asarray(palette)[0, 0])))


def animated(path: Path) -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def cut(path: Path) -> None:
    saved(path, Image.fromarray(VALUES))
    path.write_bytes(path.read_bytes()[:600])


def with_much_text(path: Path) -> None:
    text = PngInfo()
    text.add_text("comment", "x" * 2_000_000, zip=True)
    saved(path, Image.fromarray(VALUES), pnginfo=text)


def claiming(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it has this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


DEEP = Image.fromarray(np.arange(20 * 24, dtype=np.uint16).reshape(20, 24))

BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.png": (lambda path: path.write_bytes(b""), "is empty"),
    "text.png": (lambda path: path.write_text("no image"), "cannot be read as an image"),
    "cut.png": (cut, "cannot be read as an image"),
    "cut.jpg": (cut, "cannot be read as an image"),
    "cut.tif": (cut, "cannot be read as an image"),
    "huge.bmp": (
        lambda path: path.write_bytes(b"BM" + struct.pack("<IIIIii", 0, 0, 54, 40, 10**5, 10**5)),
        "cannot be",
    ),
    "named.png": (
        lambda path: saved(path, Image.fromarray(VALUES), format="WEBP"),
        "is WEBP, not PNG, JPEG, TIFF or BMP: convert it",
    ),
    "long.png": (with_much_text, "holds more text than is read"),
    "wide.png": (lambda path: path.write_bytes(claiming(100_000, 100_000)), "has more than 200 megapixels, or says so"),
    "claims.png": (lambda path: path.write_bytes(claiming(2**16, 2**15)), "has more than 200 megapixels, or says so"),
    "link.png": (lambda path: path.symlink_to("nowhere"), "is a link to what is not there"),
    "raw.dng": (lambda path: path.write_bytes(b"raw"), "is no PNG, JPEG, TIFF or BMP"),
    "twelve.tif": (lambda path: saved(path, DEEP, tiffinfo={281: 4095}), "holds fewer than 16 bits in 16"),
    "clear.png": (lambda path: saved(path, DEEP, transparency=0), "is transparent"),
    "one.png": (lambda path: saved(path, Image.fromarray(GREY[:1, :1])), "has 1×1 pixels"),
    "flat.bmp": (lambda path: saved(path, Image.fromarray(GREY[:15])), "has 15×24 pixels"),
    "moving.png": (animated, "holds 2 images"),
    "pages.tif": (animated, "holds 2 images"),
    "moving.gif": (animated, "is no PNG, JPEG, TIFF or BMP"),
    "float.tif": (lambda path: saved(path, Image.fromarray(GREY.astype(np.float32))), "pixels of kind 'F'"),
    "deep.tif": (lambda path: saved(path, Image.fromarray(GREY.astype(np.int32))), "pixels of kind 'I'"),
    "print.jpg": (lambda path: saved(path, Image.fromarray(VALUES).convert("CMYK")), "pixels of kind 'CMYK'"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_among_others_is_named_and_stops_the_plan(
    counter: Counter, capsys: pytest.CaptureFixture[str], bad: str
) -> None:
    folder_of_images(Path())
    write, reason = BAD[bad]
    write(Path("train", bad))
    assert counter.run("--grid", "--dataset", "folder:.", "--denoisers", "clip") == 2
    message = capsys.readouterr().err
    assert f"train/{bad}" in message
    assert reason in message
    assert message.count("\n") == 1
    assert not Path("results").exists()


# Folders.


def move_down(folder: Path, name: str) -> None:
    """Moves what is in a folder into a new folder there."""
    inside = list(folder.iterdir())
    (folder / name).mkdir()
    for path in inside:
        path.rename(folder / name / path.name)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9")
    path.mkdir()
    folder_of_images(path)
    with pytest.raises(ValueError, match="is no UTF-8, and could not be stored: rename it"):
        folder(path)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse("folder:~/images").path == (tmp_path / "images").as_posix()
    assert parse("folder:~nobody-of-this-name/images").path == "~nobody-of-this-name/images"


def test_a_folder_is_read_in_the_order_of_its_names_and_passes_over_what_is_no_image(tmp_path: Path) -> None:
    folder_of_images(tmp_path)
    for name in ("README.md", ".hidden.png", "list.csv"):
        (tmp_path / "test" / name).write_text("no image")
    (tmp_path / "test" / "further").mkdir()
    clean = folder(tmp_path)
    assert (len(clean.train), len(clean.test)) == (3, 3)
    files = sorted((tmp_path / "test").glob("[0-9].png"))
    assert all(torch.equal(image, read(file)) for image, file in zip(clean.test, files, strict=True))
    assert {image.shape[1:] for image in clean.test} == {(20, 20), (24, 20)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: shutil.rmtree(path), "there is no folder"),
        (lambda path: shutil.rmtree(path / "test"), r"has a folder train/ and no test/"),
        (lambda path: list(map(Path.unlink, (path / "test").iterdir())), "test holds no image"),
        (lambda path: list(map(Path.unlink, (path / "train").iterdir())), "train holds no image"),
        (lambda path: list(map(shutil.rmtree, path.iterdir())), "holds no image"),
        (lambda path: (path / "test").rename(path / "train" / "dog"), r"has a folder train/ and no test/"),
        (lambda path: move_down(path / "train", "cat"), r"train holds folders \(cat\) and no image.*passed over"),
        (lambda path: move_down(path, "Test"), r"holds folders \(Test\) and no image"),
        (
            lambda path: Image.open(path / "train" / "1.png").save(path / "test" / "x.bmp"),
            r"test/x\.bmp is the same image as .*train/1\.png",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path, change: Callable[[Path], Any], message: str) -> None:
    path = folder_of_images(tmp_path)
    change(path)
    with pytest.raises(ValueError, match=message):
        folder(path)


def test_a_name_with_a_path_holds_a_digest_and_other_images_are_refused(here: Path) -> None:
    folder_of_images(here)
    name = identified("folder:./")
    assert name == identified("folder:.") == identified(name)
    assert name.startswith("folder@")
    assert identified("folder_colour:.")[-8:] != name[-8:]
    assert identified("mnist") == "mnist"
    with pytest.raises(ValueError, match="it is not known where the images folder@00000000 are"):
        images_of("folder@00000000")
    images_of.cache_clear()
    images_of(name)
    images_of.cache_clear()
    Path("test", "3.png").rename(here / "test" / "9.png")  # which changes the order
    assert identified("folder:.") != name
    PLACES[name] = "folder:."
    with pytest.raises(ValueError, match=r"the images of folder:\. changed"):
        images_of(name)
    images_of.cache_clear()


def test_a_path_is_needed_or_refused_and_a_name_is_looked_up_without_it() -> None:
    protocol = Protocol("folder", "gaussian", (0.01,), ("psnr",), 1)
    for name, message in [("folder", "needs a path"), ("folder:", "needs a path"), ("mnist:x", "takes no path")]:
        with pytest.raises(ValueError, match=message):
            images_of(name)
    with pytest.raises(ValueError, match="write folder:PATH"):
        check(protocol)
    with pytest.raises(UnknownName, match="did you mean 'folder'"):
        images_of("foldr:some/where")


# Commands.


def test_training_images_come_from_where_they_are_said_to(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    folder_of_images(Path())
    options = ["--grid", "--denoisers", "gaussian,clip", "--test", "0.01", "--metrics", "psnr", "--jobs", "1"]
    assert counter.run(*options, "--dataset", "folder:test") == 0
    report = report_text(Path("results/quick"))
    assert "the first 3 test images of `folder:test@" in report
    assert "gaussian, tuned" not in report
    assert counter.run(*options, "--dataset", "folder:test", "--train-data", "folder:train", "--train", "0.01") == 0
    report = report_text(Path("results/quick"))
    assert "| gaussian, tuned | 0.01 |" in report
    assert " Trained on `folder:train@" in report
    for line in report.splitlines():
        if line.startswith("!["):
            assert Path("results/quick/figures", Path(line.rpartition("](")[2].rstrip(")")).name).is_file()
    capsys.readouterr()
    for more, message in [
        (["--denoisers", "unet"], "'unet' must be trained, and 'folder:test@"),
        (["--denoisers", "memorizer"], "'memorizer' must be trained"),
        (["--train-data", "folder:test"], "3 of the test images of folder:test@"),
        (["--train-data", "folder_colour:train"], "have 3 channels, and those of folder:test@"),
        (
            ["--train-data", "folder:train", "--denoisers", "memorizer"],
            "'memorizer' cannot be trained on 'folder:train@",
        ),
    ]:
        assert run_all.main([*options, "--dataset", "folder:test", *more]) == 2
        assert message in capsys.readouterr().err


def test_colour_images_are_scored_in_colour_by_networks_built_for_them(counter: Counter) -> None:
    from bench.store.store import Store

    for part in ("train", "test"):
        Path(part).mkdir()
        for number in range(48 if part == "train" else 4):
            values = np.random.default_rng([number, part == "train"]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(values).save(f"{part}/{number:02}.png")
    options = ["--dataset", "folder_colour:.", "--denoisers", "noisy,dncnn_small", "--train", "0.01", "--test", "0.01"]
    assert counter.run("--grid", *options, "--jobs", "1") == 0
    store = Store(Path("results/quick"))
    (section,) = store.sections()
    (network,) = (each for each in section.experiments if each.denoiser == "dncnn_small")
    assert dict(network.options) == {"channels": 3}
    assert store.examples(network, section.protocol)["clean"].shape == (4, 16, 16, 3)
    report = report_text(Path("results/quick"))
    assert "| dncnn_small | 0.01 |" in report


# Photographs, and torchvision's datasets.


def test_the_photographs_are_there_without_a_download() -> None:
    clean = photos()
    assert (len(clean.train), len(clean.test)) == (6, 6)
    assert not isinstance(clean.test, Tensor)
    assert source_of("photos", None) == ("photos", 1)


class Made:
    """A class as torchvision has them: 20 training and 3 test images with labels, grey or in colour."""

    def __init__(self, root: Path, train: bool, download: bool) -> None:
        self.train, self.mode = train, "RGB"

    def __len__(self) -> int:
        return 20 if self.train else 3

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.fromarray(VALUES + np.uint8(index + 100 * self.train)).convert(self.mode), index


def test_a_class_of_torchvision_becomes_grey_or_colour_images(monkeypatch: pytest.MonkeyPatch) -> None:
    class Grey(Made):
        def __init__(self, root: Path, split: str, download: bool) -> None:
            super().__init__(root, split == "train", download)
            self.mode = "L"

    colour, grey = images_from(Made, "made"), images_from(Grey, "made")
    assert (one_size(colour.train).shape, one_size(colour.test).shape) == ((20, 3, 20, 24), (3, 3, 20, 24))
    assert one_size(grey.test).shape == (3, 1, 20, 24)
    assert np.array_equal(one_size(colour.test)[0].permute(1, 2, 0).numpy(), VALUES)
    monkeypatch.setattr(torchvision_datasets, "names", lambda: {"made_up": Made})
    images_of.cache_clear()
    assert torch.equal(one_size(images_of("made_up").test), one_size(colour.test))
    assert source_of("made_up", None) == ("made_up", 3)
    with pytest.raises(UnknownName, match="did you mean 'made_up'"):
        images_of("madeup")
    with pytest.raises(ValueError, match="'made_up' takes no path"):
        images_of("made_up:x")
    images_of.cache_clear()


def test_a_download_that_fails_says_what_to_do(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*arguments: object, **options: object) -> None:
        raise OSError("Temporary failure in name resolution")

    assert {"fashion_mnist", "kmnist", "cifar10", "svhn"} <= set(names())
    monkeypatch.setattr("urllib.request.urlopen", no_network)
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    assert run_all.main(["--grid", "--dataset", "fashion_mnist", "--denoisers", "clip"]) == 2
    message = capsys.readouterr().err
    assert "fashion_mnist cannot be downloaded" in message
    assert f"or copy the folder {here / 'cache' / 'desruido'}" in message
    assert "Traceback" not in message


def test_a_damaged_copy_of_a_download_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    raw = tmp_path / "desruido" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, kinds in {"train": ("images-idx3", "labels-idx1"), "t10k": ("images-idx3", "labels-idx1")}.items():
        for kind in kinds:
            (raw / f"{part}-{kind}-ubyte").write_text("<html>")
    with pytest.raises(OSError, match=r"the copy of fashion_mnist in .*FashionMNIST is damaged .*: delete it"):
        function_of("fashion_mnist")()


def test_a_home_that_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(OSError, match="set XDG_CACHE_HOME"):
        cache_folder()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("FashionMNIST", "did you mean 'fashion_mnist'"),
        ("fashionmnist", "did you mean 'fashion_mnist'"),
        ("emnist", "torchvision's EMNIST has no plain training and test part: add it by a plug-in"),
    ],
)
def test_names_of_torchvision_in_other_spellings_are_understood(name: str, message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        function_of(name)


def test_a_class_that_holds_no_images_is_refused() -> None:
    class Videos(Made):
        def __getitem__(self, index: int) -> Any:
            return torch.zeros(3), 0

    with pytest.raises(ValueError, match="made holds Tensor, no images"):
        images_from(Videos, "made")
