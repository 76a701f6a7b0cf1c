"""Limits of the chip that a placed network breaks, with what would help, in words."""

from collections.abc import Sequence

import numpy as np

from export.chip.check_graph import label
from export.chip.graph import IntArray, Population, Projection
from hwsim.chips.chip import Chip
from hwsim.placement.demand import Demand
from hwsim.placement.formats import is_delayed
from hwsim.placement.grid import Grid
from hwsim.placement.memory import has_both_signs, magnitude_bits
from hwsim.placement.placement import Excess

IN_WORDS = {
    "neurons": "neurons",
    "input_axons": "input axons",
    "output_axons": "output axons",
    "synaptic_memory_bits": "synaptic memory bits",
}
"""Uses of a core as messages and reports name them."""

FEWER_INPUTS = "a smaller kernel, stride or pooling before it, or sparser weights"


def excesses(demand: Demand, grids: Sequence[Grid], chips: int) -> tuple[Excess, ...]:
    """Every limit that is broken: per core, of the encodings, and the number of cores.

    Args:
        demand: of the network.
        grids: per population.
        chips: how many there are.
    """
    needs: list[Excess] = []
    for index in range(len(grids)):
        needs += _of_cores(demand, index, grids)
    needs += [_bias(population, demand.chip) for population in demand.graph.populations]
    for projection in demand.graph.projections:
        needs += _encodings(projection, demand.chip)
    needs.append(_cores(demand, grids, chips))
    return tuple(need for need in needs if need.over > 0)


def _of_cores(demand: Demand, index: int, grids: Sequence[Grid]) -> list[Excess]:
    name = demand.graph.populations[index].name
    uses = demand.uses(index, grids)
    return [
        Excess(
            f"{IN_WORDS[use]} of '{name}'",
            int(taken.max()),
            demand.limit(use),
            _advice(demand, index, grids, use, taken),
        )
        for use, taken in uses.items()
        if int(taken.max()) > demand.limit(use)
    ]


def _advice(demand: Demand, index: int, grids: Sequence[Grid], use: str, taken: IntArray) -> str:
    population = demand.graph.populations[index]
    over = f"{int((taken > demand.limit(use)).sum())} of {len(taken)} cores are over."
    if use == "neurons":
        return f"{over} Cut '{population.name}' into more parts."
    if use == "output_axons":
        return f"{over} {_output_advice(demand, index, grids)}"
    cut = "Cut it into more parts"
    if np.all(grids[index].neurons == 1):
        cut = "One neuron alone takes that much, so more parts don't help: give it"
        cut += f" {FEWER_INPUTS}"
        if use == "synaptic_memory_bits":
            cut += ", or fewer weight bits"
    elif use == "input_axons":
        cut += f"; if one neuron alone takes that much, give it {FEWER_INPUTS}"
    else:
        cut += "; or give it fewer channels, sparser weights or fewer weight bits"
    return f"{over} {_heaviest(demand, index, grids[index], use, int(taken.argmax()))} {cut}."


def _heaviest(demand: Demand, index: int, grid: Grid, use: str, core: int) -> str:
    """Which projection takes the most on the fullest core."""
    shares = {
        number: int(getattr(demand.wirings[number].received(grid), use)[core])
        for number, (_, target) in enumerate(demand.ends)
        if target == index
    }
    most = max(shares, key=lambda number: shares[number])
    source = demand.graph.projections[most].source
    return f"'{source}' takes {shares[most]} of them on the fullest."


def _output_advice(demand: Demand, index: int, grids: Sequence[Grid]) -> str:
    cores = {demand.graph.populations[i].name: grids[i].cores for i in demand.targets(index)}
    lie = ", ".join(f"'{name}' on {number}" for name, number in cores.items())
    widest = max(cores, key=lambda name: cores[name])
    return (
        f"Its spikes go to {lie} cores. Cut it into more parts if it has any to give, or make "
        f"'{widest}' smaller or its weights sparser."
    )


def _bias(population: Population, chip: Chip) -> Excess:
    most = (1 << chip.limits.bias_bits.value) - 1
    return Excess(
        f"bias mantissa of '{population.name}'",
        int(np.abs(population.bias).max()),
        most,
        "Quantise again with a smaller scale for this population.",
    )


def _encodings(projection: Projection, chip: Chip) -> list[Excess]:
    sign = has_both_signs(projection.weight)
    delay = int(np.max(projection.delay)) if is_delayed(projection) else 0  # type: ignore[arg-type]
    return [
        Excess(
            f"weight bits of {label(projection)}",
            magnitude_bits(projection.weight) + sign,
            max(chip.synapses.weight_bits.value) + sign,
            "Quantise its weights to fewer bits.",
        ),
        Excess(
            f"delay of {label(projection)}",
            delay,
            (1 << chip.synapses.delay_bits.value) - 1,
            "Shorten its delays, or add a relay population.",
        ),
    ]


def _cores(demand: Demand, grids: Sequence[Grid], chips: int) -> Excess:
    used, each = sum(grid.cores for grid in grids), demand.chip.limits.cores.value
    needed = -(-used // each)
    largest = max(range(len(grids)), key=lambda index: grids[index].cores)
    name = demand.graph.populations[largest].name
    advice = f"'{name}' takes {grids[largest].cores} of them: fewer channels, more stride or "
    advice += "sparser weights there would help most."
    if needed <= demand.chip.limits.chips.value:
        advice = f"Allow {needed} chips. Otherwise: {advice}"
    return Excess("cores", used, chips * each, advice)
