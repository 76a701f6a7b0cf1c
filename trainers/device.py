"""Which device a run uses."""

import torch

from trainers.errors import ConfigError


def choose_device(name: str) -> str:
    """`cpu` or `cuda`; `auto` takes CUDA where there is one.

    Raises:
        ConfigError: an unknown name, or `cuda` on a machine without it.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device '{name}': unknown. Choose auto, cpu or cuda.")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError(
            "device 'cuda': torch sees no CUDA device (or is the CPU build). Choose cpu, or "
            "install a CUDA build of torch as the README says."
        )
    return "cuda" if available and name != "cpu" else "cpu"
