"""What the estimate takes as given and what it leaves out, in sentences for the report."""

from collections.abc import Iterator

from hwsim.chip import Chip
from hwsim.engine.trace import Trace
from hwsim.latency import Latency
from hwsim.placement import Placement
from hwsim.report.units import si
from hwsim.routes import Routes


def assumptions(
    trace: Trace, placement: Placement, routes: Routes, latency: Latency, chip: Chip
) -> tuple[str, ...]:
    """The sentences that stand under the total."""
    return (
        *_about_the_chip(chip),
        *_about_time(trace, routes, latency, chip),
        *_about_energy(trace, chip),
        *_about_the_readout(trace),
        *_about_placement(placement),
    )


def _about_the_chip(chip: Chip) -> Iterator[str]:
    yield (
        f"Energy and time are estimates: counted events times the costs per event of {chip.title}. "
        f"{chip.summary} Nothing was measured on a board."
    )


def _about_time(trace: Trace, routes: Routes, latency: Latency, chip: Chip) -> Iterator[str]:
    costs = chip.latency
    depth = latency.steps - trace.time_steps
    yield (
        f"One inference at a time takes {latency.steps} chip steps: T = {trace.time_steps} plus "
        f"a depth of {depth}. Outside its own T steps a layer's neurons are still updated: "
        "active where they have biases, else inactive."
    )
    yield (
        "A step lasts as long as its busiest core needs for its events one after another, plus "
        "the barrier. Events are split evenly over a layer's cores, rounded up."
    )
    yield (
        f"The barrier lies on a straight line between {si(costs.latency_barrier_min_s.value, 's')} "
        f"at {costs.barrier_min_tiles.value} tile and {si(costs.latency_barrier_max_s.value, 's')} "
        f"at {costs.barrier_max_tiles.value} tiles."
    )
    yield (
        "A core pays the time of one message per spike and destination core. "
        + _about_travel(routes, chip)
    )


def _about_travel(routes: Routes, chip: Chip) -> str:
    columns, rows = routes.farthest
    if columns + rows == 0:
        return "No message leaves its tile."
    travel_s = (
        columns * chip.latency.latency_per_hop_east_west_s.value
        + rows * chip.latency.latency_per_hop_north_south_s.value
    )
    return (
        "Travel between tiles is taken to overlap with work: uncongested, it is at most "
        f"{si(travel_s, 's')} per message."
    )


def _about_energy(trace: Trace, chip: Chip) -> Iterator[str]:
    yield (
        "Synaptic operations count every stored synapse that a spike hits, zero weights "
        "included; a convolution's edges have fewer."
    )
    yield (
        "A spike sends one message to every core of each layer it feeds. A message costs one "
        "in-tile message, or its hops if it leaves the tile: the mean Manhattan distance between "
        "the two layers' cores, spikes spread evenly over them."
    )
    yield (
        "Static energy is the leakage of the cores in use over the inference. Left out: unused "
        "cores, embedded processors, board, input and output, and resetting between samples."
    )
    if trace.graph.host is not None and trace.graph.input.form == "bias":
        yield (
            "The host computes the first linear operation once per sample, or once per step of a "
            f"sequence; its energy is arithmetic at {si(chip.host.energy_per_mac_j.value, 'J')} "
            "per multiply-accumulate, without memory. Its time and writing the biases are left out."
        )
    if trace.graph.input.form == "graded":
        yield "Scaling and rounding the input to payloads on the host is left out."
    if trace.graph.input.form != "bias":
        yield "Sending the input's spikes to the chip is left out of energy and time."


def _about_the_readout(trace: Trace) -> Iterator[str]:
    if trace.graph.readout is None or trace.graph.readout.weights is None:
        return
    yield (
        "The readout is weighted per step: the host reads its voltages after each of its "
        f"{trace.time_steps} steps instead of once, and weights what each step added. Its time and "
        "energy for that are left out."
    )
    yield (
        "In a NIR file the weights are metadata of spikeport's own: other importers ignore them, "
        "and whoever runs the network there has to weight its outputs."
    )


def _about_placement(placement: Placement) -> Iterator[str]:
    yield (
        "Each layer lies on as few cores as its neurons need, cores fill tiles in order and hold "
        "one layer each. Checked: number of cores, bias range. Not checked yet: synaptic memory, "
        "input and output axons; a chip that runs out of them needs more cores."
    )
    for excess in placement.excesses:
        yield (
            f"The network doesn't fit: {excess.limit} {excess.used} exceed {excess.allowed} by "
            f"{excess.over}. The estimate goes on as if the chip had room."
        )
