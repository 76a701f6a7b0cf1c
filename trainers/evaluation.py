"""Running a trained network over a split: accuracy and every layer's spikes, in batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainers.data.splits import Split
from trainers.evaluation_mode import evaluating
from trainers.network import SpikingNetwork


@dataclass(frozen=True)
class Evaluation:
    """What a network did on one split.

    Args:
        logits: float64 [N, classes], the readout's.
        accuracy: share of samples whose largest logit is the label's.
        spikes: LIF name -> bool [T, N, ...]; empty unless recorded.
    """

    logits: NDArray[np.float64]
    accuracy: float
    spikes: dict[str, NDArray[np.bool_]]


def evaluate(
    network: SpikingNetwork,
    split: Split,
    *,
    record_spikes: bool = False,
    batch_size: int = 256,
    samples: int | None = None,
) -> Evaluation:
    """Evaluates in the network's own precision and on its own device, without gradients.

    The network is put into evaluation mode and left as it was found, module by module.

    Args:
        network: to run.
        split: to run it on, in memory or lazy.
        record_spikes: keep every layer's spikes.
        batch_size: samples at once; so many of a lazy split are in memory.
        samples: only the first so many; None: all.
    """
    number = len(split) if samples is None else min(samples, len(split))
    logits: list[NDArray[np.float64]] = []
    spikes: dict[str, list[NDArray[np.bool_]]] = {}
    recorded = network if record_spikes else None
    with torch.no_grad(), evaluating(network), recorded_spikes(recorded) as record:
        for batch in _batches(network, split, number, batch_size):
            logits.append(network.readout(network(batch)).double().cpu().numpy())
            for name, fired in record.items():
                over_time = fired.unflatten(0, (network.time_steps, -1))
                spikes.setdefault(name, []).append(over_time.bool().cpu().numpy())
    stacked = np.concatenate(logits)
    return Evaluation(
        logits=stacked,
        accuracy=float((stacked.argmax(axis=1) == split.labels[:number]).mean()),
        spikes={name: np.concatenate(parts, axis=1) for name, parts in spikes.items()},
    )


@contextmanager
def recorded_spikes(network: SpikingNetwork | None) -> Iterator[dict[str, Tensor]]:
    """Within the block, the dict holds each LIF's spikes [T*B, ...] of the latest forward pass."""
    record: dict[str, Tensor] = {}
    handles = []
    for name, neuron in network.neurons() if network is not None else ():

        def keep(_module: object, _inputs: object, output: Tensor, name: str = name) -> None:
            record[name] = output.detach()

        handles.append(neuron.register_forward_hook(keep))
    try:
        yield record
    finally:
        for handle in handles:
            handle.remove()


def _batches(
    network: SpikingNetwork, split: Split, number: int, batch_size: int
) -> Iterator[Tensor]:
    parameter = next(network.parameters())
    for start in range(0, number, batch_size):
        samples = split.inputs[start : min(start + batch_size, number)]
        batch = torch.from_numpy(np.require(samples, requirements=("C", "W")))
        if network.sequence:
            batch = batch.transpose(0, 1)
        yield batch.to(device=parameter.device, dtype=parameter.dtype)
