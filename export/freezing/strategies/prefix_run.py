"""A network run up to one of its LIF layers, on calibration samples."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.errors import InvalidGraph
from trainers.data.splits import Inputs
from trainers.errors import ConfigError, DataError
from trainers.layer_tracer import FORWARD_FAULTS
from trainers.network import SpikingNetwork

SAMPLES = 512
BATCH = 64


class _Reached(Exception):
    """Ends a forward pass whose rest nobody needs."""


def calibration_samples(calibration: NDArray[Any] | Inputs | None) -> NDArray[Any]:
    """The first samples, at most SAMPLES, in memory.

    Raises:
        ConfigError: there are none to choose by.
        DataError: a value is NaN or infinite.
    """
    if calibration is None or len(calibration) == 0:
        given = "none were given" if calibration is None else "the array given holds none"
        raise ConfigError(
            f"threshold strategy 'calibrated': needs calibration samples, {given}. Pass "
            "calibration=, e.g. data.validation.inputs."
        )
    samples = np.asarray(calibration[:SAMPLES])
    bad = int((~np.isfinite(samples)).sum())
    if bad:
        raise DataError(
            f"threshold strategy 'calibrated': {bad} of {samples.size} calibration values are NaN "
            "or infinite. Clean the data."
        )
    return samples


def batches(network: SpikingNetwork, samples: NDArray[Any]) -> Iterator[Tensor]:
    """Samples [N, ...] as the network takes them, BATCH at a time."""
    parameter = next(network.parameters())
    for start in range(0, len(samples), BATCH):
        rows = np.require(samples[start : start + BATCH], requirements=("C", "W"))
        batch = torch.from_numpy(rows).to(device=parameter.device, dtype=parameter.dtype)
        yield batch.transpose(0, 1) if network.sequence else batch


def execution_order(network: SpikingNetwork, samples: NDArray[Any]) -> list[str]:
    """Names of the LIF layers that run, in the order in which they are first called.

    Raises:
        InvalidGraph: the samples don't fit the network.
    """
    order: dict[str, None] = {}
    with ExitStack() as hooks:
        for name, neuron in network.neurons():

            def keep(_neuron: nn.Module, _given: Any, name: str = name) -> None:
                order[name] = None

            hooks.callback(neuron.register_forward_pre_hook(keep).remove)
        try:
            network(next(batches(network, samples[:1])))
        except FORWARD_FAULTS as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].partition(". ")[0]
            raise InvalidGraph(
                f"threshold strategy 'calibrated': a calibration sample of shape "
                f"{samples.shape[1:]} doesn't fit the network ({reason}). Pass samples as the "
                "data set holds them."
            ) from error
    return list(order)


def layer_run(network: SpikingNetwork, name: str, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Currents and spikes of a LIF layer, both [T, B, features]; no layer after it runs."""
    seen: list[Tensor] = []

    def keep(_neuron: Any, given: Any, named: dict[str, Tensor], spikes: Tensor) -> None:
        seen.extend((*given, *named.values(), spikes))
        raise _Reached

    neuron = network.body.get_submodule(name)
    handle = neuron.register_forward_hook(keep, with_kwargs=True)
    try:
        with suppress(_Reached):
            network(batch)
    finally:
        handle.remove()
    currents, spikes = (rows.unflatten(0, (network.time_steps, -1)).flatten(2) for rows in seen)
    return currents, spikes
