"""V5: PilotNet LIF on Loihi 2, silent input, against lava-dl's notebook."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.pilotnet import LAYERS, WINDOW, pilotnet, silence
from benchmarks.silicon_rows import Row
from export.chip.graph import ChipGraph
from hwsim.chips.load import load_chip
from hwsim.costing.energy import Energy, estimate_energy
from hwsim.costing.latency import estimate_latency
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.events.core_events import CoreEvents
from hwsim.events.count import count_events
from hwsim.placement.grid import Grid
from hwsim.placement.place import place, placed
from hwsim.placement.placement import Placement

PATTERN = 4
"""The measured trace repeats every four steps."""


def rows(case: dict[str, Any]) -> Iterator[Row]:
    """Synops per layer and core, energy per step, the four-step pattern, the core map."""
    graph = pilotnet()
    trace = simulate(graph, silence(graph), steps=WINDOW, count_neurons=True)
    measured = measured_map(graph, case)
    yield from _counts(trace, measured, case)
    for name in ("loihi2", "loihi2-fitted"):
        placement = placed(graph, load_chip(name), measured)
        yield from _priced(trace, placement, name, case)
    yield from _beyond_limits(placed(graph, load_chip("loihi2"), measured))
    yield from _own_maps(graph, case)


def measured_map(graph: ChipGraph, case: dict[str, Any]) -> dict[str, Grid]:
    """The cuts that the printed neurons per core imply: whole columns of feature maps.

    3168 = 3 x 66 x 16 input neurons per core are 16 of its 200 columns, 3072 = 24 x 32 x 4 of
    conv1's are 4 of 99, and so on; the last core of a layer has what is left.
    """
    grids = {}
    for index, population in enumerate(graph.populations):
        size = population.shape[-1]
        if len(population.shape) == 3:
            others = population.neurons // size
            width = case["neurons_per_core_allocated"][index] // others
        else:
            width = -(-size // case["cores"][index])
        last = (*range(0, size, width), size)
        whole = tuple((0, other) for other in population.shape[:-1])
        grids[population.name] = Grid(population.shape, (*whole, last))
    return grids


def _counts(trace: Trace, grids: dict[str, Grid], case: dict[str, Any]) -> Iterator[Row]:
    chip = load_chip("loihi2")
    placement = placed(trace.graph, chip, grids)
    events = count_events(trace, placement, chip, pipelined=True)
    synops = _synops(events).sum(axis=0) / WINDOW
    layer_of = dict(zip(LAYERS, range(len(LAYERS)), strict=True))
    for layer, reference in case["simulated_synops_per_step"].items():
        cores = placement.cores_of(layer_of[layer])
        yield Row(
            "pilotnet", "counts", f"{layer}: synops per step", "synop", "loihi2",
            float(synops[cores].sum()), float(reference),
            "measured column: an exact integer simulation of the file, within 5 % of the plot",
        )  # fmt: skip
    for layer, plotted in case["core_synops_per_step"].items():
        cores = placement.cores_of(layer_of[layer])
        for name, own, read in (
            ("first core", synops[cores][0], plotted[0]),
            ("last core", synops[cores][-1], plotted[-1]),
        ):
            yield Row(
                "pilotnet", "counts", f"{layer}, {name}: synops per step", "synop", "loihi2",
                float(own), float(read),
                "read from a plot, +-3 % of its full scale, which is much of a small core's value",
            )  # fmt: skip
    yield Row(
        "pilotnet", "counts", "cores of the measured map", "core", "loihi2",
        placement.cores_used, sum(case["cores"]),
        "cut by whole columns, as the printed neurons per core imply",
    )  # fmt: skip


def _beyond_limits(placement: Placement) -> Iterator[Row]:
    """Silicon ran this map, so a limit that it breaks is too strict, or counted too strictly."""
    for excess in placement.excesses:
        yield Row(
            "pilotnet", "counts", f"measured map, {excess.limit}", "entry", "loihi2",
            excess.used, excess.allowed,
            "measured column: our limit. The chip ran it: Loihi 1's rules of one output axon per "
            "neuron and core, and of kernels stored per pattern of taps, are too strict for "
            "Loihi 2, whose own aren't published",
        )  # fmt: skip


def _priced(trace: Trace, placement: Placement, name: str, case: dict[str, Any]) -> Iterator[Row]:
    events = count_events(trace, placement, load_chip(name), pipelined=True)
    ends = {end: _energy(trace, events, placement, name, end) for end in ("low", "nominal", "high")}
    per_step = {end: energy.core_dynamic / WINDOW for end, energy in ends.items()}
    yield Row(
        "pilotnet", "energy", "core dynamic energy per step", "J", name,
        per_step["nominal"], case["dynamic_j_per_step"],
        f"{_shares(ends['nominal'])}; Loihi 2's energies are Loihi 1's, unscaled, so agreement "
        "may be luck",
        low=per_step["low"], high=per_step["high"], bound=case["bound_energy"],
    )  # fmt: skip
    latency = estimate_latency(trace, events, placement, load_chip(name))
    pattern = latency.steps_s.reshape(-1, PATTERN).mean(axis=0)
    shift = _first_step(events, placement, case)
    busiest = placement.population_of[latency.core_s.argmax(axis=1)]
    for step, measured in enumerate(case["pattern_s"]):
        own = (step + shift) % PATTERN
        yield Row(
            "pilotnet", "time", f"step {step + 1} of 4", "s", name, float(pattern[own]), measured,
            f"busiest core in {LAYERS[int(busiest[own])]}; which of our steps is the first follows "
            "from conv3's synaptic operations",
            bound=case["bound_pattern"],
        )  # fmt: skip
    yield Row(
        "pilotnet", "time", "mean step", "s", name, float(latency.steps_s.mean()),
        case["mean_step_s"], "one price per synop for all layers; the silicon's differs by layer",
        bound=case["bound_pattern"],
    )  # fmt: skip
    static_w = load_chip(name).power.static_power_per_chip_w.value
    yield Row(
        "pilotnet", "static", "static power of the chip", "W", name, static_w, case["static_w"],
        "not independent: the constant is the mean of this run and another of the same notebooks",
    )  # fmt: skip


def _own_maps(graph: ChipGraph, case: dict[str, Any]) -> Iterator[Row]:
    for objective in ("fewest-cores", "least-traffic"):
        placement = place(graph, load_chip("loihi2"), objective=objective)
        cores = ", ".join(f"{n} {k}" for n, k in zip(LAYERS, placement.cores, strict=True))
        yield Row(
            "pilotnet", "counts", f"cores, our placement for {objective}", "core", "loihi2",
            placement.cores_used, sum(case["cores"]),
            f"{cores}; the compiler kept below 4096 neurons per core in powers of two of columns "
            "and cut fc100 twelvefold, by budgets of its own that aren't published",
        )  # fmt: skip


def _energy(trace: Trace, events: CoreEvents, placement: Placement, name: str, end: Any) -> Energy:
    chip = load_chip(name).at(end)
    latency = estimate_latency(trace, events, placement, chip)
    return estimate_energy(trace.graph, events, placement, latency, chip)


def _synops(events: CoreEvents) -> np.ndarray[Any, Any]:
    return sum(events.synops.values(), np.zeros_like(events.spikes))


def _shares(energy: Energy) -> str:
    terms = energy.terms
    return ", ".join(
        f"{terms[term] / energy.core_dynamic:.0%} {term}"
        for term in ("synops", "neurons", "messages")
    )


def _first_step(events: CoreEvents, placement: Placement, case: dict[str, Any]) -> int:
    """Which of our steps is the pattern's first: conv3's operations rise and fall with it."""
    core = placement.cores_of(LAYERS.index("conv3")).start
    own = _synops(events)[:, core].reshape(-1, PATTERN).mean(axis=0)
    simulated = np.array(case["conv3_core_synops"])
    errors = [np.abs(np.roll(own, -shift) / simulated - 1).max() for shift in range(PATTERN)]
    return int(np.argmin(errors))
