"""PyTorch: the trained architecture in the trainers' own layers, holding the frozen weights.

Same weights, another reader: LIF, pooling and order come from the torch network as it was
trained, not from the NIR file, in float64.
"""

import numpy as np

from export.freezing import frozen_module
from hwsim.verify.arithmetic import FLOAT64
from hwsim.verify.runtime import Answer, Ask, Runtime, Samples, Subject
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
            return Answer(spikes, found.logits)

        return ask

    return Runtime("float64", FLOAT64, open_pytorch)
