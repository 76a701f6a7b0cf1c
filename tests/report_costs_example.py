"""What a made-up report says of costs: events, constants, assumptions."""

import numpy as np
from numpy.typing import NDArray

from hwsim.report.chip_cost import ChipConstant, Event, Sensitivity, TermEnergy


def term_energy(joules: NDArray[np.float64]) -> TermEnergy:
    """From [4] joules."""
    synops, neurons, messages, static = joules.tolist()
    return TermEnergy(synops=synops, neurons=neurons, messages=messages, static=static)


def sensitivity(total_j: float) -> tuple[Sensitivity, ...]:
    """Three assumptions, one of them moving the total to one side only."""
    return (
        Sensitivity(
            assumption="Rest of the chip counted over the run time",
            low_j=0.5 * total_j, high_j=1.1 * total_j, low="left out", high="104 mW and 65 mW",
        ),
        Sensitivity(
            assumption="Energy of a synaptic operation, dense format, against silicon",
            low_j=total_j, high_j=1.2 * total_j, low="23.6 pJ", high="35.5 pJ",
        ),
        Sensitivity(
            assumption="Every neuron update active <i>or</i> not",
            low_j=0.9 * total_j, high_j=1.02 * total_j, low="by count", high="all active",
        ),
    )  # fmt: skip


def events(terms: TermEnergy, chip_j: float, host_j: float, io_j: float) -> tuple[Event, ...]:
    """One per term."""
    rows = (
        ("synaptic operation, dense", "synops", terms.synops, 3.5e-9, "published", "davies2018"),
        ("neuron update", "neurons", terms.neurons, 8.4e-9, "published", "davies2018"),
        ("message", "messages", terms.messages, 2.1e-9, "published", "davies2018"),
        ("core leaking", "static", terms.static, None, "derived", "ours"),
        ("chip beside its cores in use", "chip", chip_j, None, "measured", "ours"),
        ("multiply-accumulate on the host", "host", host_j, None, "assumed", "ours"),
        ("word in or out", "io", io_j, None, "assumed", "ours"),
    )
    return tuple(
        Event.model_validate(
            {
                "event": event,
                "term": term,
                "count_per_inference": 1000.0,
                "energy_each_j": joules / 1000,
                "energy_j": joules,
                "latency_each_s": seconds,
                "grade": grade,
                "source": source,
                "note": "a <minimum>",
            }
        )
        for event, term, joules, seconds, grade, source in rows
    )


def constants() -> tuple[ChipConstant, ...]:
    """One of every kind of value."""
    rows = (
        ("forms", ("bias", "spikes"), None, None),
        ("neurons_per_core", 1024, None, None),
        ("conv_counts_zeros", True, None, None),
        ("weight_bits", (1, 2, 8), None, None),
        ("energy_per_synop_dense_j", 23.6e-12, 23.6e-12, 35.5e-12),
        ("work", "serial", None, None),
        ("link_messages_per_s", 3.44e9, None, None),
        ("barrier", "1 tile: 113 ns; 32 tiles: 465 ns", None, None),
        ("static_power_per_core_w", 0.816e-3, 0.38e-3, 0.816e-3),
    )
    return tuple(
        ChipConstant.model_validate(
            {
                "key": key, "value": value, "low": low, "high": high,
                "grade": "published", "source": "davies2018", "note": "",
            }
        )
        for key, value, low, high in rows
    )  # fmt: skip
