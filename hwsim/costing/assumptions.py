"""What the estimate takes as given and what it leaves out, in sentences for the report."""

from collections.abc import Iterator

from hwsim.chips.chip import Chip
from hwsim.costing.estimate import Estimate
from hwsim.engine.trace import Trace
from hwsim.placement.placement import Placement
from hwsim.report.units import si

OBJECTIVES = {
    "fewest-cores": "as few cores as its limits allow",
    "lowest-latency": "more cores wherever that shortens the busiest core's step",
    "least-traffic": "cores that keep messages few and short",
}


def assumptions(estimate: Estimate) -> tuple[str, ...]:
    """The sentences that stand under the total."""
    return (
        *_about_the_chip(estimate.chip),
        *_about_time(estimate),
        *_about_events(estimate),
        *_about_power(estimate),
        *_about_the_outside(estimate),
        *_about_the_readout(estimate.trace),
        *_about_placement(estimate.placement),
    )


def _about_the_chip(chip: Chip) -> Iterator[str]:
    yield (
        f"Energy and time are estimates: counted events times the costs per event of {chip.title}. "
        f"{chip.summary} Nothing was measured on a board."
    )
    yield (
        "Low and high take every constant at the low (high) end of its range at once; a constant "
        "without a range stays as it is. They bound the constants, not the model."
    )


def _about_time(estimate: Estimate) -> Iterator[str]:
    trace, latency, chip = estimate.trace, estimate.latency, estimate.chip
    yield (
        f"One inference at a time takes {latency.steps} chip steps: T = {trace.time_steps} plus "
        f"a depth of {latency.steps - trace.time_steps}. Outside its own T steps a layer's neurons "
        "are still updated: they count as active where they have biases, else as inactive, also "
        "where one still holds a voltage."
    )
    serial = chip.latency.work.value == "serial"
    yield (
        "A step lasts as long as its busiest core needs, plus the barrier. A core "
        + (
            "does its events one after another."
            if serial
            else "sends (updates, spikes, messages out) while it receives (messages in, synops)."
        )
        + " Each sample's step waits for that sample's busiest core; how a layer's events of a "
        "step spread over its cores is the mean over samples, so where samples differ in that the "
        "time is a little low. Pipelined, each sample is taken to follow others like it."
    )
    yield (
        f"The barrier takes {si(latency.barrier_s, 's')} per step with "
        f"{_count(estimate.placement.tiles_used, 'tile')} on {_chips(estimate.placement)}. "
        + _about_travel(estimate)
    )
    if estimate.throttle_s is not None:
        yield f"No step is shorter than the throttle of {si(estimate.throttle_s, 's')}."


def _about_travel(estimate: Estimate) -> str:
    place, costs = estimate.placement, estimate.chip.latency
    columns, rows = int(place.column.max()), int(place.row.max())
    if columns + rows == 0:
        return "No message leaves its tile."
    travel_s = (
        columns * costs.latency_per_hop_east_west_s.value
        + rows * costs.latency_per_hop_north_south_s.value
    )
    return (
        "Travel between tiles is taken to overlap with work: uncongested, it is at most "
        f"{si(travel_s, 's')} per message, without the links between chips."
        + _about_links(estimate.latency.link_bound_steps)
    )


def _about_links(steps: int) -> str:
    if steps == 0:
        return ""
    return f" The busiest link between two tiles sets the length of {_count(steps, 'step')}."


def _about_events(estimate: Estimate) -> Iterator[str]:
    zeros = "included" if estimate.chip.synapses.conv_counts_zeros.value else "left out"
    yield (
        "Synaptic operations count the stored synapses that a spike hits: in dense format zero "
        "weights included where a neuron has any other weight onto the core, in sparse format "
        f"left out, in shared convolutions {zeros}. A convolution's edges have fewer."
    )
    yield (
        "A neuron's update is active unless its current, voltage, input and bias are all zero, as "
        "the emulator counts it."
    )
    yield (
        "A fired neuron sends one message per projection to every core that holds a synapse of "
        "it, routed along the row and then the column of tiles. What a loop sends past the end of "
        "a window is sent, but not received."
    )


def _about_power(estimate: Estimate) -> Iterator[str]:
    place = estimate.placement
    yield (
        f"Static energy is the leakage of the {_count(place.cores_used, 'core')} in use over the "
        f"inference. The leakage of the other cores of {_chips(place)} and the embedded "
        "processors stand apart, as the rest of the chip. Left out: the board, and resetting "
        "between samples (5.94 µJ per chip and query were measured on Loihi 1; Frady et al. 2020)."
    )


def _about_the_outside(estimate: Estimate) -> Iterator[str]:
    graph, chip = estimate.trace.graph, estimate.chip
    word = si(chip.energy.energy_per_io_word_j.value, "J")
    yield (
        "Each written bias, each voltage that is read and each input event, once for every core "
        f"that it goes to, counts as one word of {word}, "
        "which is assumed. The time of input and output is left out: published runs are often "
        "bound by it, so a board may be far slower than the chip."
    )
    if graph.host is not None and graph.input.form == "bias":
        yield (
            "The host computes the first linear operation once per sample, or once per step of a "
            f"sequence; its energy is arithmetic at {si(chip.host.energy_per_mac_j.value, 'J')} "
            "per multiply-accumulate, without memory. Its time is left out."
        )
    if graph.input.form == "graded":
        yield "Scaling and rounding the input to payloads on the host is left out."


def _about_the_readout(trace: Trace) -> Iterator[str]:
    if all(readout.weights is None for readout in trace.graph.readouts):
        return
    yield (
        "The readout is weighted per step: the host reads its voltages after each of its "
        f"{trace.time_steps} steps instead of once, and weights what each step added. The time "
        "for that is left out."
    )
    yield (
        "In a NIR file the weights are metadata of spikeport's own: other importers ignore them, "
        "and whoever runs the network there has to weight its outputs."
    )


def _about_placement(placement: Placement) -> Iterator[str]:
    yield (
        f"Each layer lies on {OBJECTIVES[placement.objective]}; cores fill tiles in order and hold "
        "one layer each. Checked per core: neurons, input and output axons, synaptic memory; "
        "cores and chips; range of stored biases. Not checked: routing tables, biases that the "
        "host writes, long delays (which leave room for fewer neurons), and that a shared "
        "convolution may need more copies of its kernel above 256 neurons per core."
    )
    for excess in placement.excesses:
        yield (
            f"The network doesn't fit: {excess.limit} {excess.used:,} exceed {excess.allowed:,} by "
            f"{excess.over:,}. The estimate goes on as if the chip had room."
        )


def _chips(placement: Placement) -> str:
    return _count(placement.chips_used, "chip")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
