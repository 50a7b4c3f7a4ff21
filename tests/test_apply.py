"""A trained denoiser applied to image files of every kind."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageCms

from bench.core.experiment import Experiment
from bench.core.images import one_size
from bench.core.program import PUBLISHED
from bench.core.recipes import FAST
from bench.core.rng import stream
from bench.core.variance import Range
from bench.lookup.images import images_of
from bench.running.applied.denoise_file import trainings_of, usable
from bench.running.applied.restore_files import restore
from bench.store.store import Store
from tests.conftest import SMALL, Counter, carried_out, folder_of_images

UNET = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
GREY = np.random.default_rng(0).integers(0, 256, (40, 33), np.uint8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study, measured once for all tests of this file."""
    grid = "--grid --profile smoke --denoisers median,memorizer,conv_autoencoder --metrics psnr"
    return carried_out(tmp_path_factory.mktemp("trained"), f"{grid} --train 0.01 0.001..0.1 --test 0.01")


@pytest.fixture
def store(trained: Path, here: Path) -> Store:
    """A copy of it in the working directory, beside a noisy image."""
    shutil.copytree(trained, here, dirs_exist_ok=True)
    Image.fromarray(GREY).save("in.png")
    return Store(Path("results/smoke"))


def run(counter: Counter, *arguments: str, name: str = "conv_autoencoder") -> int:
    fixed = ("--denoise", "in.png", "--with", name, "--out", "out.png", "--force", "--profile", "smoke")
    return counter.run(*fixed, *arguments)


def test_an_image_file_is_restored_by_the_training_for_its_noise(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(counter, "--variance", "0.01") == 0
    assert "conv_autoencoder trained on shapes at noise variance 0.01\n" in capsys.readouterr().out
    restored = np.asarray(Image.open("out.png"))
    assert restored.shape == GREY.shape
    assert restored.dtype == np.uint8
    assert not np.array_equal(restored, GREY)
    assert run(counter, "--variance", "0.03") == 0
    assert "at noise variance 0.001..0.1\n" in capsys.readouterr().out
    assert run(counter, "--variance", "0.3") == 0
    assert "at noise variance 0.001..0.1, which 0.3 is outside of" in capsys.readouterr().out
    assert run(counter) == 0
    assert "noise variance estimated as" in capsys.readouterr().out


def test_a_tuned_filter_is_applied_with_what_was_chosen(store: Store, counter: Counter) -> None:
    assert run(counter, "--variance", "0.01", name="median") == 0
    restored = restore(Path("in.png"), [store], "median", 0.01)
    (tuned,) = (e for e in usable(store, "median") if e.variance == Range(0.01, 0.01))
    value = min(store.trials(tuned), key=lambda trial: trial.mse).value
    assert restored.notes == ("median tuned on shapes at noise variance 0.01",)
    assert np.array_equal(restored.image, np.asarray(Image.open("out.png")))
    assert value == 1  # which changes nothing
    assert np.array_equal(restored.image, GREY)


def test_what_was_trained_on_several_datasets_must_be_chosen(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("more").mkdir()
    dataset = f"folder:./{folder_of_images(Path('more'))}"
    assert counter.run("--grid", *SMALL, "--denoisers", "median", "--dataset", dataset) == 0
    assert run(counter, "--variance", "0.01", name="median") == 0
    assert "median tuned on more at noise variance 0.01" in capsys.readouterr().out  # which it is more like
    with pytest.raises(ValueError, match="it trained on folder:more and on shapes: choose one by --train-data NAME"):
        trainings_of(store, "median")
    assert run(counter, "--variance", "0.01", "--train-data", "folder:more/", name="median") == 0
    assert "median tuned on more at noise variance 0.01" in capsys.readouterr().out
    assert run(counter, "--variance", "0.01", "--train-data", "shapes", name="conv_autoencoder") == 0
    assert run(counter, "--variance", "0.01", "--train-data", "folder:more", name="conv_autoencoder") == 2
    assert "has it trained on shapes, not on folder:more" in capsys.readouterr().err


def test_a_colour_image_is_restored_channel_by_channel(store: Store) -> None:
    colour = np.stack([GREY, GREY[::-1], 255 - GREY], axis=2)
    Image.fromarray(colour).save("colour.png")
    whole = restore(Path("colour.png"), [store], "conv_autoencoder", 0.01).image
    Image.fromarray(GREY).save("one.png")
    assert whole.shape == colour.shape
    one = restore(Path("one.png"), [store], "conv_autoencoder", 0.01).image
    assert np.abs(whole[..., 0].astype(int) - one).max() <= 1


def test_a_network_of_three_channels_takes_them_together(store: Store, counter: Counter) -> None:
    for part, count in (("train", 40), ("test", 1)):
        (Path("images") / part).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.default_rng([count, number]).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(f"images/{part}/{number}.png")
    arguments = ("--grid", *SMALL[:2], "--denoisers", "unet", "--train", "0.01", "--test", "0.01", "--metrics", "psnr")
    assert counter.run(*arguments, "--dataset", "folder_colour:images") == 0
    Image.open("images/test/0.png").save("colour.png")
    assert restore(Path("colour.png"), [store], "unet", 0.01).image.shape == (16, 16, 3)
    assert restore(Path("in.png"), [store], "unet", 0.01).image.shape == GREY.shape


def test_what_an_ablation_trained_is_not_handed_out(store: Store, counter: Counter) -> None:
    experiments = usable(store, "conv_autoencoder")
    assert counter.run("--ablate", "width", *SMALL[:2], "--test", "0.01", "--metrics", "psnr") == 0
    assert usable(store, "conv_autoencoder") == experiments


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", "png"), ("RGB", "jpg"), ("RGBA", "png"), ("P", "png"), ("1", "bmp")]
)
def test_files_of_every_kind_are_restored(mode: str, suffix: str, store: Store) -> None:
    Image.fromarray(GREY).convert(mode).save(f"image.{suffix}")
    image = restore(Path(f"image.{suffix}"), [store], "median", 0.01).image
    assert image.shape == (40, 33) + (() if mode in ("L", "1") else (3,))


def test_what_is_no_image_is_refused_by_name(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in.png").write_bytes(b"no image")
    assert run(counter) == 2
    assert "in.png cannot be read as an image" in capsys.readouterr().err
    Path("in.png").unlink()
    assert run(counter) == 2
    assert "there is no file in.png" in capsys.readouterr().err
    assert not Path("out.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--with", "unet"), "--denoise needs --out IMAGE"),
        (("--with", "unett", "--out", "o.png"), "did you mean 'unet'"),
        (("--with", "unet", "--out", "o.png", "--variance", "0.1..0.2"), "--variance is one number"),
        (("--with", "unet", "--out", "absent/o.png"), "--out names an image in a folder that is there"),
        (("--with", "unet", "--out", "o.txt"), "--out names an image in a folder that is there, such as clean.png"),
        (("--with", "unet", "--out", "o.psd"), "--out names an image in a folder that is there, such as clean.png"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_read(
    counter: Counter, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    Path("in.png").touch()
    assert counter.run("--denoise", "in.png", *arguments) == 2
    assert message in capsys.readouterr().err


def test_a_store_without_the_denoiser_says_how_to_train_it(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(counter, name="unet") == 2
    message = capsys.readouterr().err
    assert "has no trained 'unet'; train it with: python run_all.py --grid --denoisers unet --profile smoke" in message
    for experiment in usable(store, "conv_autoencoder"):
        (store.folder(experiment) / "weights.safetensors").unlink()
    assert run(counter) == 2
    assert "has results of 'conv_autoencoder' and no weights, as a fresh clone has" in capsys.readouterr().err


def test_a_file_keeps_what_it_says_of_itself(store: Store, counter: Counter) -> None:
    grey = Image.fromarray(np.tile(np.arange(40, dtype=np.uint8) * 5, (30, 1)))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = 6, "a camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey.convert("RGB").save("in.jpg", exif=exif, icc_profile=profile, dpi=(300, 300))
    for name, size in (("out.jpg", (40, 30)), ("out.bmp", (30, 40))):
        command = ["--denoise", "in.jpg", "--with", "median", "--out", name, "--variance", "0.01"]
        assert counter.run(*command, "--profile", "smoke") == 0
        with Image.open(name) as restored:
            assert restored.size == size
            assert restored.info["dpi"] == pytest.approx((300, 300), abs=1)
            if name == "out.jpg":
                assert restored.getexif()[ExifTags.Base.Make] == "a camera"
                assert restored.getexif()[ExifTags.Base.Orientation] == 6
                assert restored.info["icc_profile"] == profile


def test_a_folder_is_restored_and_what_cannot_be_is_named(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("noisy").mkdir()
    for name in ("a.png", "b.bmp"):
        Image.fromarray(GREY).save(Path("noisy", name))
    Path("noisy", "c.png").write_text("no image")
    Path("noisy", "notes.txt").write_text("no image either")
    words = ("--denoise", "noisy", "--out", "clean", "--with", "median", "--variance", "0.01", "--profile", "smoke")
    assert counter.run(*words) == 1
    output = capsys.readouterr().out
    assert "2 of 3   noisy/b.bmp" in output
    assert "failed noisy/c.png cannot be read as an image" in output
    assert sorted(path.name for path in Path("clean").iterdir()) == ["a.png", "b.bmp"]
    Path("clean/a.png").write_text("mine")
    Path("noisy/c.png").unlink()
    assert counter.run(*words) == 0
    assert "image    clean/a.png is there already; --force writes it anew" in capsys.readouterr().out
    assert Path("clean/a.png").read_text() == "mine"
    assert counter.run(*words, "--force") == 0
    with Image.open("clean/a.png") as restored:
        assert restored.size == (33, 40)


def test_files_that_are_there_are_not_written_anew(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out.png").write_text("mine")
    assert counter.run("--denoise", "in.png", "--out", "out.png", "--with", "median", "--profile", "smoke") == 2
    assert "out.png is there already: name another file, or add --force" in capsys.readouterr().err
    assert Path("out.png").read_text() == "mine"


def test_a_network_on_images_unlike_those_it_learned_from_is_warned_of(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made-up shapes are bright; the image is black."""
    dark = (20 * np.random.default_rng(0).standard_normal((80, 80))).clip(0, 255).astype(np.uint8)
    Image.fromarray(dark).save("in.png")
    assert run(counter, "--variance", "0.006") == 0
    warning = "warning  conv_autoencoder learned from shapes, and this image is unlike those; median should do better"
    assert warning in capsys.readouterr().out
    assert counter.run("--choose", "in.png", "--profile", "smoke") == 0
    advice = capsys.readouterr().out
    assert "like     nothing that was measured, so only filters are weighed; nearest: " in advice
    assert "take     median" in advice


def test_a_fresh_clone_restores_by_the_published_study(
    here: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray((128 + 25 * rng.standard_normal((80, 80))).clip(0, 255).astype(np.uint8)).save("in.png")
    assert counter.run("--denoise", "in.png", "--out", "out.png", "--with", "median") == 0
    shown = capsys.readouterr()
    assert "so the published study is used" in shown.err
    assert "image    out.png" in shown.out


def test_a_digit_is_restored_by_the_weights_in_git(here: Path) -> None:
    store = Store(PUBLISHED)
    if not any(usable(store, name) for name in ("unet", "conv_autoencoder")):
        pytest.skip("results/full is not in this checkout")
    digits = one_size(images_of("mnist").test[:3]).double() / 255
    noisy = digits + 0.1 * torch.randn(digits.shape, generator=stream("test"), dtype=torch.float64)
    for clean, image in zip(digits, noisy, strict=True):
        restored = restore(image[0].numpy(), [store])
        assert restored.experiment.recipe is not None
        assert -10 * np.log10(np.mean((restored.image - clean[0].numpy()) ** 2)) > 28


def test_sixteen_bits_stay_sixteen_bits(store: Store, counter: Counter) -> None:
    fine = np.tile(np.linspace(20_000, 20_400, 40).astype(np.uint16), (30, 1))  # which 8 bits would make two steps
    Image.fromarray(fine).save("in.png")
    for name in ("out.png", "out.jpg"):
        command = ["--denoise", "in.png", "--with", "median", "--out", name, "--variance", "0.01"]
        assert counter.run(*command, "--profile", "smoke") == 0
    with Image.open("out.png") as restored:
        assert len(np.unique(np.asarray(restored))) > 20
        assert abs(np.asarray(restored).astype(int) - fine).max() < 300
    with Image.open("out.jpg") as restored:
        assert restored.mode == "L"


def test_the_noisy_image_is_never_overwritten(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("in.png").read_bytes()
    command = ["--denoise", "in.png", "--with", "median", "--out", "./in.png", "--profile", "smoke"]
    assert counter.run(*command) == 2
    assert "is the noisy image itself" in capsys.readouterr().err
    assert Path("in.png").read_bytes() == before
