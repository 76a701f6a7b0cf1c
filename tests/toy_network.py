"""Three layers on three cores of a toy chip with round prices, small enough to cost on paper.

    a (1, 1, 3) --conv 1 x 3, padding 1, weights 2 0 4--> b (1, 1, 3) --dense--> out (2,)

T = 2 steps and depths 0, 1, 2 make four chip steps. Every core lies on a tile of its own: `a` at
row 0, column 0, `b` at row 0, column 1, `out` at row 1, column 0.
"""

from typing import Any

import numpy as np

from export.chip.graph import (
    ChipGraph,
    ChipInput,
    ConvProjection,
    DenseProjection,
    HostEncoder,
    Readout,
)
from hwsim.chips.chip import Barrier, Chip
from hwsim.chips.load import load_chip
from hwsim.engine.trace import Trace
from tests.cost_example import fired_trace, population

PRICES: dict[str, dict[str, Any]] = {
    "limits": {"cores": 4, "tiles": 4, "cores_per_tile": 1, "mesh_columns": 2, "chips": 2},
    "energy": {
        "energy_per_synop_dense_j": 5e-12, "energy_per_synop_conv_j": 3e-12,
        "energy_per_update_active_j": 11e-12, "energy_per_update_inactive_j": 7e-12,
        "energy_per_spike_j": 13e-12, "energy_per_message_out_j": 17e-12,
        "energy_per_message_in_j": 19e-12, "energy_per_message_in_tile_j": 23e-12,
        "energy_per_hop_east_west_j": 29e-12, "energy_per_hop_north_south_j": 31e-12,
        "energy_per_io_word_j": 37e-12,
    },
    "latency": {
        "latency_per_synop_dense_s": 3e-9, "latency_per_synop_conv_s": 2e-9,
        "latency_per_update_active_s": 10e-9, "latency_per_update_inactive_s": 4e-9,
        "latency_per_spike_s": 5e-9, "latency_per_message_out_s": 7e-9,
        "latency_per_message_in_s": 1e-9, "barrier_factor": 1.0,
        "barrier": Barrier(points=((1, 60e-9), (3, 100e-9)), between="linear"),
    },
    "power": {
        "static_power_per_core_w": 1e-3, "static_power_per_chip_w": 10e-3,
        "embedded_power_per_chip_w": 2e-3,
    },
    "host": {"energy_per_mac_j": 41e-12},
}  # fmt: skip


def toy_chip(**latency: Any) -> Chip:
    """Prices without ranges; `latency` replaces values of that table."""
    chip = load_chip("loihi1")
    changed = {}
    for section, values in PRICES.items():
        table = getattr(chip, section)
        values = values | (latency if section == "latency" else {})
        constants = {
            key: getattr(table, key).model_copy(update={"value": value, "low": None, "high": None})
            for key, value in values.items()
        }
        changed[section] = table.model_copy(update=constants)
    return chip.model_copy(update=changed)


def toy_graph() -> ChipGraph:
    """The network of the module's picture; one weight of the kernel is zero."""
    return ChipGraph(
        input=ChipInput("a", "bias", (1, 1, 3)),
        populations=(
            population("a", (1, 1, 3)),
            population("b", (1, 1, 3)),
            population("out", (2,), threshold=131071),
        ),
        projections=(
            ConvProjection("a", "b", np.array([[[[2, 0, 4]]]]), padding=(0, 1)),
            DenseProjection("b", "out", np.array([[1, 0, 3], [0, 5, 6]])),
        ),
        time_steps=2,
        readouts=(Readout("out", 1.0),),
        host=HostEncoder(macs=9, scale=1.0),
    )


def toy_trace() -> Trace:
    """Two samples [2, T = 2, neurons]; all of `a` is active, since the host writes its biases."""
    fired = {
        "a": [[[1, 0, 0], [0, 1, 1]], [[0, 0, 0], [0, 1, 1]]],
        "b": [[[0, 1, 0], [0, 0, 0]], [[0, 0, 0], [1, 0, 1]]],
        "out": [[[0, 0], [0, 0]], [[0, 0], [0, 0]]],
    }
    active = {
        "a": [[[1, 1, 1], [1, 1, 1]], [[1, 1, 1], [1, 1, 1]]],
        "b": [[[1, 1, 0], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]]],
        "out": [[[1, 1], [1, 1]], [[0, 0], [1, 1]]],
    }
    return fired_trace(
        toy_graph(),
        {name: np.array(each) for name, each in fired.items()},
        active={name: np.array(each) for name, each in active.items()},
    )
