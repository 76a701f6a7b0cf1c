"""PyTorch: the trained architecture in the trainers' own layers, holding the frozen weights.

Same weights, another reader: LIF, pooling and order come from the torch network as it was
trained, not from the NIR file, in float64.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from torch import Tensor

from export.freezing import frozen_module
from hwsim.verify.arithmetic import FLOAT64
from hwsim.verify.runtime import Answer, Ask, FloatArray, Runtime, Samples, Subject
from trainers.data import Split
from trainers.evaluation import evaluate
from trainers.network import SpikingNetwork


def pytorch_runtime(network: SpikingNetwork) -> Runtime:
    """The runtime for one trained network.

    Raises (when opened):
        InvalidGraph: the NIR file was frozen from another network.
    """

    def open_pytorch(subject: Subject) -> Ask:
        frozen = frozen_module(network, subject.graph)
        modules = subject.facts.modules

        def ask(inputs: Samples) -> Answer:
            unlabelled = Split(inputs, np.zeros(len(inputs), dtype=np.int64))
            found = evaluate(frozen, unlabelled, record_spikes=True)
            spikes = {name: found.spikes[modules[name]] for name in subject.neurons}
            return Answer(spikes, found.logits, lambda sample: membranes(inputs, sample))

        def membranes(inputs: Samples, sample: int) -> Mapping[str, FloatArray]:
            alone = Split(inputs[sample : sample + 1], np.zeros(1, dtype=np.int64))
            with _probed(frozen) as seen:
                evaluate(frozen, alone)
            return {name: np.stack(seen[modules[name]]) for name in subject.neurons}

        return ask

    return Runtime("float64", FLOAT64, open_pytorch)


@contextmanager
def _probed(network: SpikingNetwork) -> Iterator[dict[str, list[FloatArray]]]:
    """Within the block, the dict gets each layer's membrane before the reset, step by step."""
    seen: dict[str, list[FloatArray]] = {}
    for name, neuron in network.neurons():

        def keep(step: int, membrane: Tensor, *_: Tensor, name: str = name) -> None:
            del step
            seen.setdefault(name, []).append(membrane[0].numpy().copy())

        neuron.probe = keep
    try:
        yield seen
    finally:
        for _, neuron in network.neurons():
            neuron.probe = None
