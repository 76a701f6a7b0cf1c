"""Where a real chip may differ from this run, in sentences with numbers for the report.

The emulator is bit-exact to Lava's CPU models, not to silicon. Known differences: 12 bits and a
sign of bias mantissa, 8-bit weight storage, 17-bit thresholds, refractory periods, what happens
when u overflows, and convolutions with delays, which the chip's shared connections don't have.
Source: nengo-loihi's `discretize.py` for Loihi 1; lava-nc 0.10.0 lists refractory and axonal
delays as missing from its own model.
"""

from collections.abc import Iterator

import numpy as np

from export.chip.check_graph import label
from export.chip.fanout import fan_out
from export.chip.graph import ChipGraph, ConvProjection, IntArray, Population, Projection
from export.chip.limits import BIAS_MANT_MAX, THRESHOLD_MANT_MAX
from hwsim.engine.trace import Trace

SIGNED_WEIGHT_MAX = 127
"""A mixed-sign matrix with larger weights is stored in steps of 2."""

WEIGHT_RANGE = (-256, 255)


def silicon_notes(trace: Trace) -> tuple[str, ...]:
    """One sentence per difference that this network or this run touches, population by population.

    Args:
        trace: of the run; counts are over all its samples.
    """
    graph = trace.graph
    notes: list[str] = []
    for population in graph.populations:
        notes += _about_parameters(population)
        for projection in graph.incoming(population.name):
            notes += _about_projection(graph, projection)
        notes += _about_events(trace, trace.populations.index(population.name))
    return (*notes, *_about_payloads(graph), _about_refractory_periods(trace))


def _about_parameters(population: Population) -> Iterator[str]:
    name, bias = population.name, np.abs(population.bias)
    over = int((np.broadcast_to(bias, population.shape) > BIAS_MANT_MAX).sum())
    if over:
        yield (
            f"Population '{name}': {over:,} of {population.neurons:,} bias mantissas exceed the "
            f"+-{BIAS_MANT_MAX} of 12 bits and a sign; the largest is {int(bias.max()):,}."
        )
    highest = int(population.threshold.max())
    if highest > THRESHOLD_MANT_MAX:
        yield (
            f"Population '{name}': a threshold mantissa of {highest:,} exceeds the 17 bits, "
            f"{THRESHOLD_MANT_MAX:,}."
        )


def _about_projection(graph: ChipGraph, projection: Projection) -> Iterator[str]:
    name, weight = label(projection), projection.weight
    lowest, highest = int(weight.min()), int(weight.max())
    if lowest < WEIGHT_RANGE[0] or highest > WEIGHT_RANGE[1]:
        outside = int(((weight < WEIGHT_RANGE[0]) | (weight > WEIGHT_RANGE[1])).sum())
        yield (
            f"{_capital(name)}: {outside:,} of {weight.size:,} weights lie outside "
            f"{WEIGHT_RANGE[0]} to {WEIGHT_RANGE[1]}, which 8 bits hold."
        )
    elif lowest < 0 < highest and max(-lowest, highest) > SIGNED_WEIGHT_MAX:
        odd = int((weight & 1).sum())
        if odd:
            yield (
                f"{_capital(name)}: {odd:,} of {weight.size:,} weights are odd, but with both "
                f"signs and weights up to {max(-lowest, highest)} 8 bits hold even ones only."
            )
    if isinstance(projection, ConvProjection) and projection.delay:
        stored = int(fan_out(graph, projection).sum())
        yield (
            f"{_capital(name)}: a convolution with a delay of {projection.delay} can't share its "
            f"{weight.size:,} weights on the chip; it is stored as {stored:,} sparse synapses."
        )


def _about_events(trace: Trace, column: int) -> Iterator[str]:
    name, steps = trace.populations[column], trace.samples * trace.time_steps
    updates = f"of {steps * int(trace.neurons[column]):,} updates in {trace.samples:,} samples"
    wraps = int(trace.wraps[:, :, column].sum())
    if wraps:
        yield (
            f"Population '{name}': u left 24 bits in {wraps:,} {updates}; it wrapped, as in Lava. "
            "A chip may treat the overflow otherwise."
        )
    saturations = int(trace.saturations[:, :, column].sum())
    if saturations:
        yield (
            f"Population '{name}': v reached the end of its 24 bits in {saturations:,} {updates}; "
            "it was clipped, as in Lava. A chip may treat the overflow otherwise."
        )


def _about_payloads(graph: ChipGraph) -> Iterator[str]:
    if graph.input.form != "graded":
        return
    host = graph.host
    if host is None:
        yield (
            f"Input '{graph.input.name}': graded payloads, whose range the file doesn't say. "
            "Only Loihi 2 takes them."
        )
        return
    bits = max(abs(host.lowest), abs(host.highest)).bit_length()
    sign = " and a sign" if host.lowest < 0 else ""
    yield (
        f"Input '{graph.input.name}': graded payloads of {bits} bits{sign}. Only Loihi 2 takes "
        "them."
    )


def _about_refractory_periods(trace: Trace) -> str:
    repeated = int(_successive(trace).sum())
    seen = (
        f" Of {int(trace.spikes.sum()):,} spikes at least {repeated:,} came one step after another "
        "of the same neuron."
    )
    return (
        "Neurons have no refractory period, as in Lava; a chip that makes them pause would fire "
        f"less.{seen if repeated else ''}"
    )


def _successive(trace: Trace) -> IntArray:
    """[P] spikes in excess of what neurons could fire that didn't fire in the step before."""
    columns = range(len(trace.populations))
    excess = [
        np.maximum(
            trace.spikes[:, 1:, k] + trace.spikes[:, :-1, k] - int(trace.neurons[k]), 0
        ).sum()
        for k in columns
    ]
    return np.array(excess, dtype=np.int64)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
