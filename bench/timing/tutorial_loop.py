"""The tutorial's own training loop, as a user would write it, to measure the harness against."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from bench.core.images import one_size
from bench.datasets import Images
from bench.lookup.torchvision_datasets import torchvision

VARIANCE, BATCH, LR = 0.01, 64, 1e-3


def network() -> nn.Sequential:
    """The tutorial's autoencoder, layer by layer as it is printed there."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(8, momentum=0.01)),
        *(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16, momentum=0.01)),
        *(nn.Conv2d(16, 32, 3, stride=1, padding=1), nn.ReLU(), nn.BatchNorm2d(32, momentum=0.01)),
        *(nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16, momentum=0.01)),
        *(nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(8, momentum=0.01)),
        *(nn.Conv2d(8, 1, 3, padding=1), nn.Sigmoid()),
    )


def dataset(images: Images, folder: Path) -> Dataset[tuple[Tensor, int]]:
    """The MNIST of torchvision with `ToTensor`, its files written to `folder` so that nothing is downloaded."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, part in (("train", images.train), ("t10k", images.test)):
        clean = one_size(part)
        count, _, height, width = clean.shape
        header = struct.pack(">4i", 0x803, count, height, width)
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(header + clean.numpy().tobytes())
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, count) + bytes(count))
    vision = torchvision()
    digits: Dataset[tuple[Tensor, int]] = vision.datasets.MNIST(folder, transform=vision.transforms.ToTensor())
    return digits


class Rival:
    """The loop with its state: a network, Adam, and 48,000 : 12,000 images behind two loaders."""

    def __init__(self, images: Dataset[tuple[Tensor, int]], device: str = "cpu", seed: int = 0) -> None:
        self.images, self.device = images, device
        torch.manual_seed(seed)
        count: int = len(images)  # type: ignore[arg-type]  # MNIST has a length, a Dataset need not
        order, cut = torch.randperm(count).tolist(), count * 4 // 5
        training, validation = Subset(images, order[:cut]), Subset(images, order[cut:])
        self.training: DataLoader[Any] = DataLoader(training, batch_size=BATCH, shuffle=True)
        self.validation: DataLoader[Any] = DataLoader(validation, batch_size=BATCH)
        self.model = network().to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), LR)
        self.criterion = nn.MSELoss()

    def steps(self) -> Iterator[float]:
        """One epoch; yields the loss of each batch."""
        self.model.train()
        for images, _ in self.training:
            images = images.to(self.device)
            noisy = images + VARIANCE**0.5 * torch.randn_like(images)
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(noisy), images)
            loss.backward()
            self.optimizer.step()
            yield loss.item()

    def epoch(self) -> tuple[float, float]:
        """Mean loss over the training and then over the validation images, as the tutorial prints them."""
        losses = list(self.steps())
        self.model.eval()
        checked = []
        with torch.no_grad():
            for images, _ in self.validation:
                images = images.to(self.device)
                noisy = images + VARIANCE**0.5 * torch.randn_like(images)
                checked.append(self.criterion(self.model(noisy), images).item())
        return sum(losses) / len(losses), sum(checked) / len(checked)
