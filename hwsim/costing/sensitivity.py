"""Which assumption moves the total energy most: each one at the ends of its range, alone."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwsim.chips.chip import Chip
from hwsim.chips.constant import Bound
from hwsim.costing.estimate import Estimate
from hwsim.events.count import count_events
from hwsim.report.chip_cost import Sensitivity
from hwsim.report.units import si
from hwsim.report.wording import UNITS

SHOWN = 12
"""Most that a chart can hold; the rest moves the total less."""

LEAKAGE = ("static_power_per_core_w", "static_power_per_chip_w")

ENDS: tuple[Bound, Bound] = ("low", "high")

LEAST_SWING = 0.005
"""Of the total: what moves it less isn't worth a row."""


def sensitivities(estimate: Estimate) -> tuple[Sensitivity, ...]:
    """The assumptions that move the total most, the greatest first.

    Differences are taken on the mean over samples (`by_sample=False`) and added to the total.
    """
    base = estimate.quick_total(estimate.chip)
    found = [
        *_of_constants(estimate, base),
        *_of_leakage(estimate, base),
        *_of_updates(estimate, base),
        *_of_conv_zeros(estimate, base),
    ]
    least = LEAST_SWING * estimate.energy.total
    moving = [row for row in found if row.swing_j > least]
    return tuple(sorted(moving, key=lambda row: -row.swing_j)[:SHOWN])


def _of_constants(estimate: Estimate, base: float) -> Iterator[Sensitivity]:
    chip = estimate.chip
    limits = type(chip.limits).model_fields
    for key, constant in chip.constants():
        if not constant.has_range or key in limits or key in LEAKAGE:
            continue
        ending = next((end for end in UNITS if key.endswith(end)), "")
        low, high = (estimate.quick_total(chip.at(end, key))
                     for end in ENDS)  # fmt: skip
        yield _row(
            estimate,
            key.removesuffix(ending).replace("_", " ").replace(" mac", " MAC"),
            (low - base, _spelt(constant.bound(chip.end(key, "low")), ending)),
            (high - base, _spelt(constant.bound(chip.end(key, "high")), ending)),
        )


def _of_leakage(estimate: Estimate, base: float) -> Iterator[Sensitivity]:
    """A core's and its chip's are one quantity: alone, neither would move the total by its own."""
    power = estimate.chip.power
    if not any(getattr(power, key).has_range for key in LEAKAGE):
        return
    ends = []
    for end in ENDS:
        moved = {
            key: getattr(power, key).model_copy(update={"value": getattr(power, key).bound(end)})
            for key in LEAKAGE
        }
        chip = estimate.chip.model_copy(update={"power": power.model_copy(update=moved)})
        watts = getattr(chip.power, LEAKAGE[1]).value
        ends.append((estimate.quick_total(chip) - base, f"{si(watts, 'W')} per chip"))
    yield _row(estimate, "leakage of cores and chips", *ends)


def _of_updates(estimate: Estimate, base: float) -> Iterator[Sensitivity]:
    """Chips and papers differ in when an update counts as active."""
    events = estimate.events
    both = events.active_updates + events.inactive_updates
    nothing = np.zeros_like(both)
    none = replace(events, active_updates=nothing, inactive_updates=both)
    every = replace(events, active_updates=both, inactive_updates=nothing)
    yield _row(
        estimate,
        "active neuron updates",
        (estimate.quick_total(estimate.chip, none) - base, "none of them"),
        (estimate.quick_total(estimate.chip, every) - base, "all of them"),
    )


def _of_conv_zeros(estimate: Estimate, base: float) -> Iterator[Sensitivity]:
    if "conv" not in estimate.placement.formats:
        return
    ends = []
    for counted in (False, True):
        chip = _counting_zeros(estimate.chip, counted)
        events = count_events(estimate.trace, estimate.placement, chip)
        ends.append(estimate.quick_total(chip, events) - base)
    yield _row(
        estimate,
        "zero weights of convolutions",
        (ends[0], "not counted"),
        (ends[1], "counted"),
    )


def _counting_zeros(chip: Chip, counted: bool) -> Chip:
    constant = chip.synapses.conv_counts_zeros.model_copy(update={"value": counted})
    synapses = chip.synapses.model_copy(update={"conv_counts_zeros": constant})
    return chip.model_copy(update={"synapses": synapses})


def _spelt(value: float, ending: str) -> str:
    return si(float(value), UNITS[ending]) if ending else f"{value:g} times"


def _row(
    estimate: Estimate, assumption: str, low: tuple[float, str], high: tuple[float, str]
) -> Sensitivity:
    total = estimate.energy.total
    return Sensitivity(
        assumption=assumption,
        low_j=max(0.0, total + low[0]),
        high_j=max(0.0, total + high[0]),
        low=low[1],
        high=high[1],
    )
