"""Keeps, batch by batch, the case that says most about a runtime."""

import numpy as np

from hwsim.errors import RuntimeRefused
from hwsim.verify.arithmetic import Arithmetic
from hwsim.verify.case import Case
from hwsim.verify.parting import Partings
from hwsim.verify.reference import Reference
from hwsim.verify.runtime import Answer


class WorstCase:
    """See `hwsim.verify.case` for which one that is."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self._arithmetic = arithmetic
        self._beyond = False
        self._excess = -np.inf
        self.case: Case | None = None

    def add(self, parted: Partings, reference: Reference, answer: Answer, first: int) -> None:
        """Looks at a batch.

        Args:
            parted: where its samples part.
            reference: its run.
            answer: the runtime's.
            first: number of its first sample in the test split.
        """
        if self._beyond or not len(parted):
            return
        self._beyond = bool(parted.beyond.any())
        k = int(parted.beyond.argmax() if self._beyond else parted.excess.argmax())
        excess = float(parted.excess[k])
        if self._beyond or excess > self._excess:
            self._excess = excess
            self.case = self._made(parted, k, reference, answer, first)

    def _made(
        self, parted: Partings, k: int, reference: Reference, answer: Answer, first: int
    ) -> Case:
        layer = list(reference.run.spikes)[parted.layers[k]]
        step, sample = int(parted.steps[k]), int(parted.samples[k])
        shape = reference.run.spikes[layer].shape[2:]
        neuron = tuple(int(i) for i in np.unravel_index(parted.neurons[k], shape))
        at = (step, sample, *neuron)
        fired = bool(reference.run.spikes[layer][at])
        own = _own_membrane(answer, sample, layer, (step, *neuron))
        return Case(
            sample=first + sample,
            steps=step + 1,
            layer=layer,
            neuron=neuron,
            fired=fired,
            membrane=float(reference.membranes[layer][at]),
            threshold=float(reference.threshold(layer, at)),
            margin=float(reference.margins[layer][at]),
            bound=float(reference.bounds(self._arithmetic).decisions[layer][at]),
            own_membrane=own,
            own_after_reset=own is not None and answer.after_reset and not fired,
        )


def _own_membrane(answer: Answer, sample: int, layer: str, at: tuple[int, ...]) -> float | None:
    if answer.membranes is None:
        return None
    try:
        membranes = answer.membranes(sample)
    except RuntimeRefused:
        # The batch ran; that one sample alone doesn't is no reason to lose the row.
        return None
    return float(membranes[layer][at]) if layer in membranes else None
