"""The frozen network in torch: the trained architecture, run by the trainers' own layers.

It takes its weights from the NIR graph, so that comparing it with a runtime that read the file
tells whether neuron, order, reset and layout survived, layer by layer.
"""

import copy
from typing import Any

import nir
import numpy as np
import torch
from torch import Tensor, nn

from export.errors import InvalidGraph
from export.nir_metadata import read_facts
from export.nir_neuron import discrete_lif
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.threshold import FixedThreshold


class FrozenLIF(LIF):
    """LIF whose decay is a constant on the chip's grid."""

    constant_decay: Tensor

    def __init__(self, decay: float, threshold: float) -> None:
        super().__init__()
        self.register_buffer("constant_decay", torch.tensor(decay, dtype=torch.float64))
        self.threshold_rule = FixedThreshold(threshold)

    @property
    def decay(self) -> Tensor:
        """The constant."""
        return self.constant_decay


def frozen_module(network: SpikingNetwork, graph: nir.NIRGraph) -> SpikingNetwork:
    """A float64 copy of `network` with the frozen graph's weights, thresholds and decays.

    Batch norms become identities and average poolings sums, as their folding demands.

    Raises:
        InvalidGraph: the graph was frozen from another network.
    """
    facts = read_facts(graph)
    body = copy.deepcopy(network.body)
    for name, module in list(body.named_modules()):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            _replace(body, name, nn.Identity())
    for node_name, path in facts.modules.items():
        if path in dict(body.named_modules()):
            _replace(body, path, _module(node_name, graph.nodes[node_name], facts.dt_s))
        elif not isinstance(graph.nodes[node_name], nir.Flatten):
            raise InvalidGraph(
                f"NIR node '{node_name}': comes from layer '{path}', which the network lacks. Use "
                "the run folder's own checkpoint and model.nir."
            )
    frozen = SpikingNetwork(body, network.time_steps, sequence=network.sequence)
    return frozen.double().eval()


def _module(name: str, node: nir.NIRNode, dt_s: float) -> nn.Module:
    if isinstance(node, nir.Conv2d):
        conv = nn.Conv2d(
            node.weight.shape[1],
            node.weight.shape[0],
            node.weight.shape[2:],
            stride=_pair(node.stride),
            padding=_pair(node.padding),
            dilation=_pair(node.dilation),
        )
        return _with_weights(conv, node)
    if isinstance(node, nir.Affine):
        return _with_weights(nn.Linear(*reversed(node.weight.shape)), node)
    if isinstance(node, nir.SumPool2d):
        kernel, stride, padding = map(_pair, (node.kernel_size, node.stride, node.padding))
        return nn.AvgPool2d(kernel, stride, padding, divisor_override=1)
    if isinstance(node, nir.LIF):
        neuron = discrete_lif(name, node, dt_s)
        decay = round(float(neuron.decay.flat[0]) * 4096) / 4096
        return FrozenLIF(decay, float(neuron.threshold.flat[0]))
    return nn.Flatten()


def _pair(values: Any) -> tuple[int, int]:
    rows, columns = np.broadcast_to(np.asarray(values), (2,))
    return int(rows), int(columns)


def _with_weights(module: nn.Conv2d | nn.Linear, node: nir.NIRNode) -> nn.Module:
    module.weight.data = torch.from_numpy(node.weight.copy())
    if module.bias is not None:
        module.bias.data = torch.from_numpy(node.bias.copy())
    return module


def _replace(body: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(body.get_submodule(parent), name, module)
