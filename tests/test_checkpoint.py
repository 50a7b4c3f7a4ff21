"""A training that goes on from a checkpoint, against one that never stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.core.experiment import Experiment, Protocol
from bench.core.images import Stack, one_size
from bench.core.recipes import FAST, TUTORIAL, Recipe
from bench.core.results import Progress
from bench.core.rng import stream
from bench.core.tasks import Request, Result, Task
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.denoisers import build, state_of
from bench.running import execute
from bench.store.store import DamageWarning, Store
from bench.training.checkpoint import Checkpoint
from bench.training.train import fit

CPU = torch.device("cpu")
SHORT = replace(FAST, epochs=3, train_images=256)
PROTOCOL = Protocol("shapes", "gaussian", (0.01,), ("psnr",), 16)
PHOTOGRAPHS: Stack = tuple(
    torch.randint(256, (1, 40, 40 + place), dtype=torch.uint8, generator=stream("x")) for place in range(20)
)


def experiment(denoiser: str = "conv_autoencoder", recipe: Recipe = SHORT) -> Experiment:
    return Experiment(denoiser, (), "shapes", "gaussian", Range(0.001, 0.1, "log-uniform"), recipe)


def trained(
    asked: Experiment, images: Stack, stop: int | None = None
) -> tuple[dict[str, torch.Tensor], list[Progress]]:
    """Weights and history; with a stop after some epochs, of a second model that goes on from its checkpoint."""
    model, checkpoint, rows = build(asked), Checkpoint(), []
    for row in fit(model, images, asked, CPU, checkpoint):
        rows.append(row)
        if row.epoch == stop:
            checkpoint, model = Checkpoint(checkpoint.save(rows, 1.5)), build(asked)
            assert (checkpoint.rows, checkpoint.seconds) == (rows, 1.5)
            rows += fit(model, images, asked, CPU, checkpoint)
            break
    return state_of(model), rows


@pytest.mark.parametrize("stop", [1, 2])
@pytest.mark.parametrize(
    ("denoiser", "recipe"),
    [
        ("conv_autoencoder", SHORT),
        ("conv_autoencoder", replace(TUTORIAL, epochs=3, train_images=256)),
        ("conv_autoencoder", replace(SHORT, precision="bfloat16")),
        pytest.param("unet_conditioned", replace(SHORT, target="renoised"), marks=pytest.mark.slow),
        pytest.param(
            *("dncnn_small", replace(SHORT, patch=16, patches=128, batch=32, train_images=0)), marks=pytest.mark.slow
        ),
    ],
    ids=["muon", "adam", "bfloat16", "renoised", "patches"],
)
def test_a_training_that_goes_on_has_the_bits_of_one_that_never_stopped(
    denoiser: str, recipe: Recipe, stop: int
) -> None:
    asked = experiment(denoiser, recipe)
    images = PHOTOGRAPHS if recipe.patch else one_size(DATASETS["shapes"]().train)
    (weights, rows), (again, rows_again) = trained(asked, images), trained(asked, images, stop)
    assert rows == rows_again
    assert weights.keys() == again.keys()
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_a_checkpoint_of_other_code_is_not_used() -> None:
    asked = experiment()
    model, checkpoint = build(asked), Checkpoint(code="old")
    rows = list(fit(model, one_size(DATASETS["shapes"]().train), asked, CPU, checkpoint))
    saved = checkpoint.save(rows, 1.0)
    assert Checkpoint(saved, "old").rows == rows
    assert Checkpoint(saved, "new").rows == []


def measured(monkeypatch: pytest.MonkeyPatch, task: Task) -> tuple[Result, list[bytes]]:
    told: list[bytes] = []
    monkeypatch.setattr(execute, "OFTEN", 0)
    monkeypatch.setattr(execute, "tell", lambda *news: told.extend(state for state in news[3:] if state))
    return execute.measure(task), told


def test_a_task_goes_on_from_its_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(experiment(), (Request(PROTOCOL, PROTOCOL.cells),))
    whole, states = measured(monkeypatch, task)
    assert len(states) == 2  # after each epoch but the last
    resumed, later = measured(monkeypatch, replace(task, checkpoint=states[0]))
    assert len(later) == 1
    assert resumed.weights == whole.weights
    assert resumed.history == whole.history
    assert np.array_equal(resumed.restored[0][1].values["psnr"], whole.restored[0][1].values["psnr"])


def test_the_store_keeps_the_last_checkpoint_until_the_training_is_done(tmp_path: Path) -> None:
    store, asked = Store(tmp_path), experiment()
    assert store.checkpoint(asked) is None
    store.keep_checkpoint(asked.id, b"one")
    store.keep_checkpoint(asked.id, b"two")
    assert store.checkpoint(asked) == b"two"
    (path,) = tmp_path.glob("checkpoint-*")
    path.write_bytes(b"tw")
    with pytest.warns(DamageWarning, match="another digest"):
        assert store.checkpoint(asked) is None
    assert not path.exists()
    store.keep_checkpoint(asked.id, b"two")
    store.drop_checkpoint(asked.id)
    assert not list(tmp_path.glob("checkpoint-*"))
