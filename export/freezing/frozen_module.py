"""The frozen network in torch: the trained architecture, run by the trainers' own layers.

It takes its weights from the NIR graph, and strides, dilations and poolings from the trained
network, so that comparing it with a runtime that read the file tells whether neuron, order, reset
and layout survived, layer by layer.
"""

import copy
from typing import Any

import nir
import numpy as np
import torch
from torch import Tensor, nn

from export.errors import InvalidGraph
from export.flattened import flattened
from export.freezing.frozen_threshold import frozen_rule
from export.freezing.symbolic import called_layers
from export.freezing.to_nir import DECAY_GRID
from export.moving_threshold import moving_threshold
from export.nir_metadata import FrozenFacts, read_facts
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF
from trainers.neurons.recurrent_lif import RecurrentLIF
from trainers.neurons.threshold import ThresholdRule
from trainers.readout import WeightedReadout

KINDS: dict[type[nir.NIRNode], tuple[type[nn.Module], ...]] = {
    nir.Conv2d: (nn.Conv2d,),
    nir.Affine: (nn.Linear,),
    nir.SumPool2d: (nn.AvgPool2d, nn.AdaptiveAvgPool2d),
    nir.LIF: (LIF,),
    nir.Flatten: (nn.Flatten,),
}
"""Which torch layers each kind of node comes from."""

CARRIED = tuple(kind for node, kinds in KINDS.items() if node is not nir.Flatten for kind in kinds)


class FrozenLIF(LIF):
    """LIF whose decay is a constant on the chip's grid."""

    constant_decay: Tensor

    def __init__(self, decay: float, rule: ThresholdRule) -> None:
        super().__init__()
        self.register_buffer("constant_decay", torch.tensor(decay, dtype=torch.float64))
        self.threshold_rule = rule

    @property
    def decay(self) -> Tensor:
        """The constant."""
        return self.constant_decay


class FrozenRecurrentLIF(RecurrentLIF):
    """RecurrentLIF whose decay is a constant on the chip's grid, with the trained one's weights."""

    constant_decay: Tensor

    def __init__(self, trained: RecurrentLIF, decay: float, rule: ThresholdRule) -> None:
        super().__init__(trained.recurrent.in_features)
        self.register_buffer("constant_decay", torch.tensor(decay, dtype=torch.float64))
        self.threshold_rule = rule
        self.recurrent = copy.deepcopy(trained.recurrent)

    @property
    def decay(self) -> Tensor:
        """The constant."""
        return self.constant_decay


def frozen_lif(trained: LIF, decay: float, rule: ThresholdRule) -> FrozenLIF | FrozenRecurrentLIF:
    """The neuron with a constant decay, unit input gain and that threshold rule."""
    if isinstance(trained, RecurrentLIF):
        return FrozenRecurrentLIF(trained, decay, rule)
    return FrozenLIF(decay, rule)


def frozen_module(network: SpikingNetwork, graph: nir.NIRGraph) -> SpikingNetwork:
    """A float64 copy of `network` with the frozen graph's weights, thresholds and decays.

    Batch norms become identities and average poolings sums, as their folding demands.

    Raises:
        InvalidGraph: the graph was frozen from another network.
    """
    facts = read_facts(graph)
    _refuse_another(network, facts)
    body = copy.deepcopy(network.body)
    for name, module in list(body.named_modules()):
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            _replace(body, name, nn.Identity())
    trained = dict(network.body.named_modules())
    nodes = flattened(graph).nodes
    for node_name, path in facts.modules.items():
        node = nodes.get(node_name)
        if not isinstance(trained.get(path), KINDS.get(type(node), ())):
            raise _another(f"node '{node_name}' comes from layer '{path}', which it lacks")
        _replace(body, path, _module(node_name, node, trained[path], facts))
    frozen = SpikingNetwork(body, network.time_steps, sequence=network.sequence)
    if facts.readout.weights is not None:
        frozen.readout = WeightedReadout(torch.tensor(facts.readout.weights, dtype=torch.float64))
    return frozen.double().eval()


def _refuse_another(network: SpikingNetwork, facts: FrozenFacts) -> None:
    form = "sequence" if network.sequence else "static"
    if (network.time_steps, form) != (facts.time_steps, facts.input.form):
        raise _another(
            f"T = {facts.time_steps} on {facts.input.form} input, where the network has "
            f"T = {network.time_steps} on {form} input"
        )
    for path, module in called_layers(network.body).items():
        if isinstance(module, CARRIED) and path not in facts.modules.values():
            raise _another(f"it lacks the network's layer '{path}'")


def _another(difference: str) -> InvalidGraph:
    return InvalidGraph(
        f"NIR graph: frozen from another network ({difference}). Use the run folder's own "
        "checkpoint and model.nir."
    )


def _module(name: str, node: Any, trained: Any, facts: FrozenFacts) -> nn.Module:
    if isinstance(node, nir.Conv2d):
        return _conv(name, node, trained)
    if isinstance(node, nir.Affine):
        linear = nn.Linear(trained.in_features, trained.out_features)
        return _with_weights(linear, name, node)
    if isinstance(node, nir.SumPool2d):
        if isinstance(trained, nn.AdaptiveAvgPool2d):
            return nn.AvgPool2d(_pair(node.kernel_size), divisor_override=1)
        return nn.AvgPool2d(
            trained.kernel_size, trained.stride, trained.padding, divisor_override=1
        )
    if isinstance(node, nir.LIF):
        return _neuron(name, node, trained, facts)
    return nn.Flatten()


def _conv(name: str, node: nir.Conv2d, trained: nn.Conv2d) -> nn.Module:
    # The file's kernels are filled up with zeros: groups become dense, rectangles square.
    conv = nn.Conv2d(
        trained.in_channels,
        trained.out_channels,
        max(trained.kernel_size),
        stride=_pair(trained.stride),
        padding=_pair(node.padding),
        dilation=_pair(trained.dilation),
    )
    return _with_weights(conv, name, node)


def _neuron(name: str, node: nir.LIF, trained: LIF, facts: FrozenFacts) -> LIF:
    if name not in facts.decay_4096:
        raise _another(f"it names no decay of node '{name}'")
    decay = facts.decay_4096[name] / DECAY_GRID
    # v_threshold = (1 - beta) threshold; with beta on the grid this division is exact.
    threshold = float(node.v_threshold.flat[0]) / (1.0 - decay)
    return frozen_lif(trained, decay, frozen_rule(threshold, moving_threshold(facts, name)))


def _pair(values: Any) -> tuple[int, int]:
    rows, columns = np.broadcast_to(np.asarray(values), (2,))
    return int(rows), int(columns)


def _with_weights(module: nn.Conv2d | nn.Linear, name: str, node: Any) -> nn.Module:
    shape = tuple(module.weight.shape)
    if node.weight.shape != shape:
        raise _another(f"node '{name}' has weights {node.weight.shape}, its layer {shape}")
    module.weight.data = torch.from_numpy(node.weight.copy())
    if module.bias is not None:
        module.bias.data = torch.from_numpy(node.bias.copy())
    return module


def _replace(body: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(body.get_submodule(parent), name, module)
