"""torchvision, also where its compiled operators do not fit the build of torch."""

from types import ModuleType

import torch

_library: torch.library.Library | None = None  # its operators are there as long as it is


def torchvision() -> ModuleType:
    """The module torchvision, of which nothing but datasets and transforms is used.

    The package index has one build of it, made for torch with CUDA. Beside torch for CPUs its
    operators do not load, and its import fails at the first it describes; datasets need none.
    """
    global _library
    try:
        import torchvision
    except RuntimeError:
        _library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # not annotated in torch
        for operator in ("nms", "qnms"):
            signature = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            _library.define(signature)  # type: ignore[no-untyped-call]  # not annotated in torch
        import torchvision
    import torchvision.datasets
    import torchvision.transforms

    module: ModuleType = torchvision
    return module
