"""What a search may hold a quantised layer against: the float network's spikes and logits.

A layer runs on what the layers before it, already quantised, fire on calibration samples.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.chip.graph import ChipInput
from export.executor import logits, run_graph
from export.executor.run import BATCH_BYTES
from export.executor.samples import time_major
from export.nir_metadata import FrozenFacts
from export.quantizing.integrated_layer import IntegratedLayer
from export.quantizing.rounded_layer import arriving, fired

SAMPLES = 64
"""Calibration samples that each tried scale runs."""


class Evidence:
    """The float network's answers on samples, and what the quantised layers so far make of them.

    Args:
        graph: frozen network.
        facts: its facts.
        samples: calibration samples; the first 64 are run.
        external: name of the network's input.
    """

    def __init__(
        self, graph: nir.NIRGraph, facts: FrozenFacts, samples: NDArray[Any], external: str
    ) -> None:
        self.samples = samples[:SAMPLES]
        self._facts, self._steps = facts, facts.time_steps
        self._float = run_graph(graph, self.samples)
        self._logits = logits(self._float.outputs, facts)
        self._signals = {external: self._over_time(self.samples)}

    def difference(self, layer: IntegratedLayer) -> float:
        """Spikes that only one of rounded and float layer fired; of a readout, squared logit error.

        Args:
            layer: any, all of whose sources were added.
        """
        return self._difference(layer, self._signals)

    def difference_on(self, layer: IntegratedLayer, source: str, inputs: NDArray[Any]) -> float:
        """As `difference`, of a first layer that takes these integers of the samples."""
        return self._difference(layer, {source: self._over_time(inputs)})

    def enter(self, layer: IntegratedLayer, into: ChipInput, integers: NDArray[Any]) -> None:
        """Takes the first layer, with what the host makes of the samples."""
        external = self._over_time(integers)
        if into.form == "bias":
            self._signals[into.name] = self._spikes(layer, {}, external)
        else:
            self._signals[into.name] = external
            self.add(layer)

    def add(self, layer: IntegratedLayer) -> None:
        """Takes a layer whose scale is settled."""
        self._signals[layer.population.name] = self._spikes(layer, self._signals)

    def _difference(self, layer: IntegratedLayer, signals: dict[str, Tensor]) -> float:
        name, unit = layer.population.name, 1 / layer.report.scale
        if name in self._float.spikes:
            found = self._spikes(layer, signals).numpy()
            return float((found != self._float.spikes[name]).sum())
        error = 0.0
        for part, current in self._currents(layer, signals):
            outputs = current.expand(self._steps, *current.shape[1:]).numpy() * unit
            missed = logits(outputs, self._facts) - self._logits[part]
            error += float(np.square(missed).sum())
        return error

    def _spikes(
        self, layer: IntegratedLayer, signals: dict[str, Tensor], driven: Tensor | None = None
    ) -> Tensor:
        currents = self._currents(layer, signals, driven)
        return torch.cat([fired(layer.population, part, self._steps) for _, part in currents], 1)

    @torch.no_grad()
    def _currents(
        self, layer: IntegratedLayer, signals: dict[str, Tensor], driven: Tensor | None = None
    ) -> Iterator[tuple[slice, Tensor]]:
        sources = {part.source: signals[part.source] for part in layer.projections}
        shapes = [layer.population.shape, *(signal.shape[2:] for signal in sources.values())]
        largest = max(prod(shape) for shape in shapes)
        size = max(1, BATCH_BYTES // (8 * self._steps * largest))
        for start in range(0, len(self.samples), size):
            part = slice(start, start + size)
            given = {name: signal[:, part].double() for name, signal in sources.items()}
            host = None if driven is None else driven[:, part]
            yield part, arriving(layer.population, layer.projections, given, host)

    def _over_time(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(time_major(values, self._facts)))
