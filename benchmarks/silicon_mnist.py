"""V2: a time-to-first-spike CNN for MNIST on Loihi 1, at four window lengths."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from benchmarks.silicon_rows import Row
from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    Population,
    Projection,
)
from hwsim.chips.load import load_chip
from hwsim.costing.estimate import Estimate
from hwsim.engine.trace import Trace
from hwsim.placement.place import place

LAYERS: dict[str, tuple[int, ...]] = {
    "conv6k5": (6, 24, 24), "pool6": (6, 12, 12), "conv12k5": (12, 8, 8), "pool12": (12, 4, 4),
    "conv120k4": (120, 1, 1), "fc10": (10,),
}  # fmt: skip


def rows(case: dict[str, Any]) -> Iterator[Row]:
    """Energy per step with every update active, and inactive; time; static power."""
    graph = network()
    for index, window in enumerate(case["window_steps"]):
        measured_j = case["core_dynamic_w"][index] * case["step_s"][index]
        for name in ("loihi1", "loihi1-fitted"):
            active, idle = (
                _estimate(graph, name, case["steps"][index], updates)
                for updates in ("active", "inactive")
            )
            ends = {end: active.at(end).energy.core_dynamic / case["steps"][index]
                    for end in ("low", "high")}  # fmt: skip
            yield Row(
                "quartz_mnist", "energy", f"core dynamic energy per step, T = {window}", "J", name,
                active.energy.core_dynamic / case["steps"][index], measured_j,
                "every update active, since states weren't logged; with every one inactive the "
                f"ratio is {idle.energy.core_dynamic / case['steps'][index] / measured_j:.2f}",
                low=ends["low"], high=ends["high"], bound=case["bound_energy"],
            )  # fmt: skip
            yield Row(
                "quartz_mnist", "time", f"step, T = {window}", "s", name,
                active.latency.total_s / case["steps"][index], case["step_s"][index],
                "steps times their length is nearly the same for T = 16 and 32: the host sets the "
                "pace, and reading in and out isn't in the estimate",
            )  # fmt: skip
            yield Row(
                "quartz_mnist", "static", f"leakage of the cores in use, T = {window}", "W", name,
                case["cores"] * active.chip.power.static_power_per_core_w.value,
                case["core_static_w"][index],
                "the constant is an upper bound (a whole chip's leakage over its cores); its low "
                "end is this case's own lowest reading",
            )  # fmt: skip
    placement = place(graph, load_chip("loihi1"))
    yield Row(
        "quartz_mnist", "counts", "cores", "core", "loihi1", placement.cores_used, case["cores"],
        "our placement for the fewest cores, without the sync neurons",
    )  # fmt: skip


def network() -> ChipGraph:
    """The architecture with weights of one: edges and neurons are the published ones."""
    populations = tuple(
        Population(name, shape, *(np.asarray(v) for v in (4096, 0, 64, 0)))
        for name, shape in LAYERS.items()
    )
    return ChipGraph(ChipInput("pixels", "spikes", (1, 28, 28)), populations, _projections())


def _projections() -> tuple[Projection, ...]:
    def ones(*shape: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.ones(shape, dtype=np.int64)

    return (
        ConvProjection("pixels", "conv6k5", ones(6, 1, 5, 5)),
        ConvProjection("conv6k5", "pool6", ones(6, 1, 2, 2), stride=(2, 2), groups=6),
        ConvProjection("pool6", "conv12k5", ones(12, 6, 5, 5)),
        ConvProjection("conv12k5", "pool12", ones(12, 1, 2, 2), stride=(2, 2), groups=12),
        ConvProjection("pool12", "conv120k4", ones(120, 12, 4, 4)),
        DenseProjection("conv120k4", "fc10", ones(10, 120)),
    )


def _estimate(
    graph: ChipGraph, name: str, steps: int, updates: Literal["active", "inactive"]
) -> Estimate:
    chip = load_chip(name)
    return Estimate.of(one_spike_each(graph, steps, updates), place(graph, chip), chip)


def one_spike_each(graph: ChipGraph, steps: int, updates: Literal["active", "inactive"]) -> Trace:
    """Every neuron and pixel fires once per image, spread evenly over the steps but the last."""
    sizes = {population.name: population.neurons for population in graph.populations}
    names = tuple(sizes)
    fired = {}
    for name, neurons in {"pixels": 784, **sizes}.items():
        fired[name] = np.zeros((steps, neurons), dtype=np.int64)
        # A spike of the last step would arrive after the image.
        fired[name][np.arange(neurons) % (steps - 1), np.arange(neurons)] = 1
    awake = int(updates == "active")
    active = {name: np.full((steps, neurons), awake) for name, neurons in sizes.items()}
    spikes = np.stack([fired[name].sum(axis=1) for name in names], axis=1)[None]
    nothing = np.zeros_like(spikes)
    return Trace(
        graph=graph,
        populations=names,
        neurons=np.array(list(sizes.values())),
        depth=np.zeros(len(names), dtype=np.int64),
        spikes=spikes,
        # Shares of synops over samples are all that latency takes from here: there is one sample.
        synops=np.ones_like(spikes),
        active_updates=np.stack([active[name].sum(axis=1) for name in names], axis=1)[None],
        messages=nothing,
        saturations=nothing,
        wraps=nothing,
        readout=np.zeros((1, 0), dtype=np.int64),
        output_spikes=np.zeros((1, 10), dtype=np.int64),
        neuron_spikes=fired,
        neuron_active=active,
    )
