"""The trained network as a NIR graph before any folding, with what NIR has no field for."""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

import nir
from numpy.typing import NDArray
from torch import Tensor, nn

from export.freezing.arguments import network_of, one_sample
from export.freezing.float_graph import FloatGraph, Neuron
from export.freezing.strategies import STRATEGIES
from export.freezing.thresholds import (
    adaptation_facts,
    refuse_adaptations,
    spike_adaptations,
    threshold_schedules,
)
from export.freezing.to_nir import nir_names, recurrent_name, recurrent_weight, to_nir
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


def unfolded(
    module: nn.Module,
    sample: Tensor | NDArray[Any],
    *,
    strategy: str = "schedule",
    constants: Mapping[str, float] | None = None,
    calibration: NDArray[Any] | Inputs | None = None,
    classes: tuple[str, ...] = (),
    method: tuple[str, ...] = (),
    input_scale: float = 1.0,
    checkpoint_sha256: str | None = None,
) -> nir.NIRGraph:
    """The trained network as a NIR graph, float64, before any folding.

    Batch norms are in-memory nodes, poolings average, neurons have the units of training; only
    thresholds are what the strategy says. The executor runs it.

    Args:
        module: as for `export.freeze`, like all arguments but `constants`.
        sample: likewise.
        strategy: likewise; `schedule` keeps the thresholds of each step.
        constants: what the strategy chose before, per LIF at unit input gain by module path; None
            lets it choose.
        calibration: likewise.
        classes: likewise.
        method: likewise.
        input_scale: likewise.
        checkpoint_sha256: likewise.

    Raises:
        SpikeportError: as `freeze`.
    """
    network = network_of(module)
    if strategy not in STRATEGIES:
        raise ConfigError(
            f"threshold strategy '{strategy}': unknown. Known: {', '.join(STRATEGIES)}."
        )
    if STRATEGIES[strategy].needs_calibration and calibration is None and constants is None:
        raise ConfigError(
            f"threshold strategy '{strategy}': needs calibration samples. Pass calibration=, e.g. "
            "data.validation.inputs."
        )
    adaptations = spike_adaptations(network)
    if STRATEGIES[strategy].constant:
        refuse_adaptations(strategy, adaptations)
    schedules = threshold_schedules(network)
    if constants is None:
        constants = STRATEGIES[strategy].choose(network, schedules, calibration)
    traced = _traced(network, sample, constants)
    _check_classes(classes, traced)
    graph, names = to_nir(traced), nir_names(traced)
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
            names[layer.name]: ThresholdFacts(
                strategy=strategy,
                value=constants[layer.name],
                per_step=tuple(schedules[layer.name].tolist()),
                adaptation=adaptation_facts(adaptations.get(layer.name)),
            )
            for layer in traced.layers
            if isinstance(layer.operation, Neuron)
        },
        modules=_modules(traced, names),
        checkpoint_sha256=checkpoint_sha256,
    )
    attach_facts(graph, facts)
    return graph


def _modules(graph: FloatGraph, names: Mapping[str, str]) -> dict[str, str]:
    """Path of the torch module that each node came from."""
    modules = {}
    for layer in graph.layers:
        if layer.name in names and layer.module is not None:
            modules[names[layer.name]] = layer.module
            if recurrent_weight(layer) is not None:
                modules[recurrent_name(names[layer.name])] = f"{layer.module}.recurrent"
    return modules


def _check_classes(classes: tuple[str, ...], graph: FloatGraph) -> None:
    outputs = graph.layers[-1].shape[0]
    if classes and len(classes) != outputs:
        raise ConfigError(
            f"freeze: {len(classes)} class names for {outputs} outputs. Give one name per output."
        )


def _readout_weights(network: SpikingNetwork) -> tuple[float, ...] | None:
    weights = network.readout.weights(network.time_steps)
    return None if weights is None else tuple(weights.double().tolist())


def _traced(
    network: SpikingNetwork, sample: Tensor | NDArray[Any], thresholds: Mapping[str, float]
) -> FloatGraph:
    one = one_sample(network, sample)
    with evaluating(network):
        return trace(network.body, one, thresholds)
