"""The state of a training between two epochs, as bytes: whoever goes on from there gets the same bits."""

import json
from collections.abc import Sequence

import safetensors.torch
import torch
from torch import nn

from bench.core.results import Progress
from bench.lookup.denoisers import state_of


class Checkpoint:
    """What a training that was stopped goes on from, and what one that runs can be saved as.

    Args:
        saved: what `save` gave; None for a training from its start.
        code: names the code that trains. What other code saved is as good as nothing.

    Attributes:
        rows: the history so far.
        seconds: that were spent on it.
    """

    def __init__(self, saved: bytes | None = None, code: str = "") -> None:
        self._code = code
        self._tensors = safetensors.torch.load(saved) if saved else {}
        about = json.loads(bytes(self._tensors.pop("about").tolist())) if saved else {}
        if about.get("code") != code:
            self._tensors, about = {}, {}
        self.rows = [Progress(*row) for row in about.get("rows", ())]
        self.seconds: float = about.get("seconds", 0.0)

    def attach(
        self, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer], streams: Sequence[torch.Generator]
    ) -> int:
        """Takes what is to be saved, puts it into the saved state if there is one, and returns the epochs done."""
        self._model, self._optimizers, self._streams = model, optimizers, streams
        if not self._tensors:
            return 0
        model.load_state_dict({name: self._tensors[f"model {name}"] for name in model.state_dict()})
        for index, stream in enumerate(streams):
            stream.set_state(self._tensors[f"stream {index}"])
        for number, optimizer in enumerate(optimizers):
            for place, parameter in enumerate(_parameters(optimizer)):
                start = f"optimizer {number} {place} "
                for name, value in self._tensors.items():
                    if name.startswith(start):
                        key = name.removeprefix(start)
                        # Optimizers need the averages to lie in memory as the parameter does.
                        own = value if value.shape != parameter.shape else torch.empty_like(parameter).copy_(value)
                        optimizer.state[parameter][key] = own.to(parameter.device)
        self._tensors = {}
        return round(self.rows[-1].epoch)

    def save(self, rows: Sequence[Progress], seconds: float) -> bytes:
        """All of it, after an epoch."""
        about = {"code": self._code, "seconds": seconds, "rows": [list(vars(row).values()) for row in rows]}
        tensors = {"about": torch.tensor(list(json.dumps(about).encode()), dtype=torch.uint8)}
        tensors |= {f"model {name}": value for name, value in state_of(self._model).items()}
        tensors |= {f"stream {index}": stream.get_state() for index, stream in enumerate(self._streams)}
        for number, optimizer in enumerate(self._optimizers):
            for place, parameter in enumerate(_parameters(optimizer)):
                for key, value in optimizer.state[parameter].items():
                    tensors[f"optimizer {number} {place} {key}"] = value.cpu().clone().contiguous()
        return safetensors.torch.save(tensors)


def _parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
