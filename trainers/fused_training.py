"""Training at the speed of the hardware: neurons in one kernel, images channels last.

On the CPU the kernels are compiled with the machine's C++ compiler, for about a quarter of a
minute, so a training too short to win that back runs the plain loop. The choice depends on the
recipe and the data alone, never on a clock.
"""

import shutil
import sysconfig
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from trainers.data.splits import DataSplits
from trainers.errors import ConfigError, SpikeportWarning
from trainers.evaluation_mode import evaluating
from trainers.network import SpikingNetwork
from trainers.train_table import TrainTable

COMPILERS = ("g++", "clang++", "cl")
DEBIAN = "a C++ compiler and Python's headers (Debian: g++ python3-dev)"
WORTH_COMPILING = 4_000_000_000
"""Neuron updates of a training; 4e9 save about 20 s on two cores."""


class PlainLoopWarning(SpikeportWarning):
    """A long training walks through time step by step for want of a compiler or its headers."""


@contextmanager
def fused_training(
    network: SpikingNetwork, data: DataSplits, settings: TrainTable, device: str
) -> Iterator[None]:
    """Within the block the network trains by fused kernels, if settings and machine allow.

    Afterwards its neurons and the layout of its weights are as they were.

    Raises:
        ConfigError: `fused` is `on`, but there is no C++ compiler, or Python's headers are missing.
    """
    if not _is_worth_it(network, data, settings, device):
        yield
        return
    neurons = [neuron for _, neuron in network.neurons()]
    for neuron in neurons:
        neuron.fused = True
    _lay_out(network, torch.channels_last)
    try:
        yield
    finally:
        for neuron in neurons:
            neuron.fused = False
        _lay_out(network, torch.contiguous_format)


def neuron_updates(network: SpikingNetwork, data: DataSplits, epochs: int) -> int:
    """How often a training computes a membrane: T x neurons x training samples x epochs."""
    return _updates_per_sample(network, data.sample_shape) * len(data.train) * epochs


def _is_worth_it(
    network: SpikingNetwork, data: DataSplits, settings: TrainTable, device: str
) -> bool:
    if settings.fused == "off":
        return False
    long = neuron_updates(network, data, settings.epochs) >= WORTH_COMPILING
    if settings.fused == "auto" and not long:
        return False
    missing = None if device == "cuda" else missing_for_compiling()
    if missing is None:
        return True
    if settings.fused == "on":
        raise ConfigError(f"train.fused 'on': {missing}. Install {DEBIAN}, or use auto.")
    warnings.warn(
        f"{missing}: neurons run step by step, which takes about half as long again. Install "
        f"{DEBIAN} to fuse them.",
        PlainLoopWarning,
        stacklevel=2,
    )
    return False


def missing_for_compiling() -> str | None:
    """What torch's compiler lacks on this machine to build CPU kernels; None if it has all."""
    if not any(map(shutil.which, COMPILERS)):
        return f"none of the C++ compilers {', '.join(COMPILERS)} is on the PATH"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return None if header.is_file() else f"Python's C headers are missing ({header})"


def _lay_out(network: SpikingNetwork, layout: torch.memory_format) -> None:
    # Convolutions answer in the layout of their weights, and all that follows keeps it.
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def _updates_per_sample(network: SpikingNetwork, sample_shape: tuple[int, ...]) -> int:
    counted: list[int] = []

    def count(_layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        counted.append(given[0].numel())

    shape = (network.time_steps, 1, *sample_shape) if network.sequence else (1, *sample_shape)
    place = next(network.parameters()).device
    with ExitStack() as hooks, evaluating(network), torch.no_grad():
        for _, neuron in network.neurons():
            hooks.callback(neuron.register_forward_pre_hook(count).remove)
        network(torch.zeros(shape, device=place))
    return sum(counted)
