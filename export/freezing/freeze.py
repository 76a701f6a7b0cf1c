"""Freezing a trained network into portable NIR."""

import importlib.metadata
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.errors import InvalidGraph
from export.freezing.float_graph import FloatGraph, Neuron
from export.freezing.fold import fold_norms, fold_pooling, require_foldable, rescale_thresholds
from export.freezing.strategies import STRATEGIES
from export.freezing.thresholds import threshold_schedules
from export.freezing.to_nir import nir_names, snap_decay, to_nir
from export.freezing.trace import trace
from export.nir_metadata import (
    FrozenFacts,
    InputFacts,
    ReadoutFacts,
    ThresholdFacts,
    attach_facts,
)
from trainers.data.splits import Inputs
from trainers.errors import ConfigError
from trainers.evaluation_mode import evaluating
from trainers.network import SpikingNetwork
from trainers.neurons.lif import LIF


def freeze(
    module: nn.Module,
    sample: Tensor | NDArray[Any],
    *,
    strategy: str = "mean",
    calibration: NDArray[Any] | Inputs | None = None,
    classes: tuple[str, ...] = (),
    method: tuple[str, ...] = (),
    input_scale: float = 1.0,
    checkpoint_sha256: str | None = None,
) -> nir.NIRGraph:
    """Freezes a trained network: constant thresholds, folded norms and pooling, snapped decays.

    The graph's output is the last linear layer's current at each step; logits are its mean over
    T steps, weighted per step if the method does so (the metadata says it). The module itself is
    left as it was.

    Args:
        module: what `trainers.fit` returned (its network), or the module it trained.
        sample: inputs as the network takes them, [B, ...] (static) or [T, B, ...] (sequence);
            a tensor or an array, of which only the shape matters.
        strategy: how a per-step threshold becomes constant, a name of STRATEGIES.
        calibration: samples as the data set holds them, never of the test split, for strategies
            that read some: [N, ...], or [N, T, ...] of sequences.
        classes: class names in logit order.
        method: training methods, for the record.
        input_scale: factor the data loader applied to raw values, for the record.
        checkpoint_sha256: hash of the checkpoint, for the record.

    Raises:
        UnsupportedLayer: a layer NIR or the chip has no word for.
        LimitExceeded: a threshold isn't positive, or a decay leaves the chip's grid.
        InvalidGraph: NaN or infinite weights, or a sample that doesn't fit.
        ConfigError: an unknown strategy, or class names that aren't as many as the outputs.
    """
    network = _as_network(module)
    if strategy not in STRATEGIES:
        raise ConfigError(
            f"threshold strategy '{strategy}': unknown. Known: {', '.join(STRATEGIES)}."
        )
    if STRATEGIES[strategy].needs_calibration and calibration is None:
        raise ConfigError(
            f"threshold strategy '{strategy}': needs calibration samples. Pass calibration=, e.g. "
            "data.validation.inputs."
        )
    schedules = threshold_schedules(network)
    constants = STRATEGIES[strategy].choose(network, schedules, calibration)
    folded = _folded(network, sample, constants)
    _check_classes(classes, folded)
    graph = to_nir(folded)
    names = nir_names(folded)
    neurons = {
        layer.name: layer.operation
        for layer in folded.layers
        if isinstance(layer.operation, Neuron)
    }
    facts = FrozenFacts(
        spikeport=importlib.metadata.version("spikeport"),
        time_steps=network.time_steps,
        input=InputFacts(
            form="sequence" if network.sequence else "static",
            shape=tuple(int(size) for size in graph.nodes["input"].input_type["input"]),
            scale=input_scale,
        ),
        readout=ReadoutFacts(weights=_readout_weights(network)),
        classes=classes,
        method=method,
        thresholds={
            names[name]: ThresholdFacts(
                strategy=strategy, value=constants[name], per_step=tuple(schedules[name].tolist())
            )
            for name in neurons
        },
        decay_4096={
            names[name]: snap_decay(name, neuron.decay) for name, neuron in neurons.items()
        },
        modules={
            names[layer.name]: layer.module
            for layer in folded.layers
            if layer.name in names and layer.module is not None
        },
        checkpoint_sha256=checkpoint_sha256,
    )
    attach_facts(graph, facts)
    return graph


def _check_classes(classes: tuple[str, ...], graph: FloatGraph) -> None:
    outputs = graph.layers[-1].shape[0]
    if classes and len(classes) != outputs:
        raise ConfigError(
            f"freeze: {len(classes)} class names for {outputs} outputs. Give one name per output."
        )


def _readout_weights(network: SpikingNetwork) -> tuple[float, ...] | None:
    weights = network.readout.weights(network.time_steps)
    return None if weights is None else tuple(weights.double().tolist())


def _folded(
    network: SpikingNetwork, sample: Tensor | NDArray[Any], thresholds: dict[str, float]
) -> FloatGraph:
    first = next(network.parameters())
    one = _one_sample(network, sample).to(device=first.device, dtype=first.dtype)
    with evaluating(network):
        graph = trace(network.body, one, thresholds)
    graph = rescale_thresholds(fold_pooling(fold_norms(graph)))
    require_foldable(graph)
    return graph


def _one_sample(network: SpikingNetwork, sample: Tensor | NDArray[Any]) -> Tensor:
    """The first sample at every step, [T, ...]."""
    steps, shape = network.time_steps, tuple(sample.shape)
    batch_axis = 1 if network.sequence else 0
    enough = len(shape) > batch_axis and shape[batch_axis] > 0
    if not enough or (network.sequence and shape[0] != steps):
        expected = f"[T={steps}, B, ...]" if network.sequence else "[B, ...]"
        raise InvalidGraph(
            f"freeze: a sample of shape {shape} isn't {expected} with B >= 1. Pass inputs as the "
            "network takes them."
        )
    chosen = sample[:, 0] if network.sequence else sample[0]
    one = chosen if isinstance(chosen, Tensor) else torch.from_numpy(np.array(chosen))
    over_time = one if network.sequence else one.expand(steps, *one.shape)
    # A copy of its own, since a forward may add in place.
    return over_time.clone(memory_format=torch.contiguous_format)


def _as_network(module: nn.Module) -> SpikingNetwork:
    if isinstance(module, SpikingNetwork):
        return module
    found = {layer.time_steps for layer in module.modules() if isinstance(layer, LIF)}
    if len(found) == 1 and None not in found:
        return SpikingNetwork(module, found.pop() or 1)
    raise InvalidGraph(
        f"freeze: {type(module).__name__} doesn't say its time steps. Pass the network that "
        "trainers.fit returned, or trainers.SpikingNetwork(module, time_steps=T)."
    )
