"""Runs a network with rounded weights, thresholds and biases, but with float state.

What this costs against the float network is the price of rounding; what the emulator then costs
against this is the price of the chip's integer state: truncation, wrap and saturation.
"""

from dataclasses import dataclass

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.chip.graph import ChipGraph, Readout
from export.chip.limits import STATE_SHIFT
from export.errors import UnsupportedLayer
from export.executor.recorded import BoolArray
from export.executor.run import BATCH_BYTES
from export.executor.samples import Samples, time_major
from export.nir_metadata import FrozenFacts, read_facts
from export.quantizing.host import encode
from export.quantizing.rounded_layer import arriving, fired


@dataclass(frozen=True)
class RoundedRun:
    """What rounded weights did with N samples in T steps.

    Args:
        outputs: float64 [T, N, classes], the readout's current at each step, in the float
            network's units: `export.executor.logits` makes logits of it.
        spikes: per population that fires, bool [T, N, *shape].
    """

    outputs: NDArray[np.float64]
    spikes: dict[str, BoolArray]


def rounded_run(
    graph: nir.NIRGraph, chip: ChipGraph, inputs: Samples, *, batch_size: int | None = None
) -> RoundedRun:
    """Runs samples through the chip's integers, layer by layer over all steps, in float64.

    Args:
        graph: the frozen network, for the host's part and its facts.
        chip: `Quantization.synchronous`, with its readout.
        inputs: [N, *shape] for a static input, [N, T, *shape] for a sequence.
        batch_size: samples at once; None chooses by memory. No number depends on it.

    Raises:
        UnsupportedLayer: the chip graph has delays, loops, or no readout.
        DataError: inputs of the wrong shape, or with NaN or infinity.
    """
    facts = read_facts(graph)
    if chip.readout is None:
        raise UnsupportedLayer(
            "rounded run: this chip graph has no readout. Pass Quantization.synchronous."
        )
    largest = max(population.neurons for population in chip.populations)
    size = batch_size or max(1, BATCH_BYTES // (8 * facts.time_steps * largest))
    parts = [
        _run(chip, facts, encode(graph, chip, inputs[first : first + size]))
        for first in range(0, len(inputs), size)
    ]
    return RoundedRun(
        outputs=np.concatenate([part.outputs for part in parts], axis=1),
        spikes={
            name: np.concatenate([part.spikes[name] for part in parts], axis=1)
            for name in parts[0].spikes
        },
    )


def output_unit(readout: Readout, time_steps: int) -> float:
    """The float network's output per mantissa unit of the readout's current."""
    return readout.volts_to_logit * (1 << STATE_SHIFT) * time_steps


@torch.no_grad()
def _run(chip: ChipGraph, facts: FrozenFacts, integers: Samples) -> RoundedRun:
    external = torch.from_numpy(time_major(integers, facts))
    signals = {} if chip.input.form == "bias" else {chip.input.name: external}
    spikes: dict[str, BoolArray] = {}
    currents: dict[str, Tensor] = {}
    reading = {readout.population for readout in chip.readouts}
    for population in chip.populations:
        name = population.name
        driven = external if (chip.input.form, chip.input.name) == ("bias", name) else None
        current = arriving(population, chip.incoming(name), signals, driven)
        if name in reading:
            currents[name] = current.expand(facts.time_steps, *current.shape[1:])
            continue
        found = fired(population, current, facts.time_steps)
        spikes[name] = found.numpy()
        signals[name] = found.double()
    readout = chip.readouts[0]
    outputs = currents[readout.population].numpy() * output_unit(readout, facts.time_steps)
    return RoundedRun(outputs, spikes)
