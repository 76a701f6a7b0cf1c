"""Where a made-up report's cores lie, what they hold, and how its longest step runs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwsim.report.chip_cost import CoreLine, Segment, StepLine
from hwsim.report.placed import ChipUse, CoreRow, Excess, FitRow, Use
from tests.report_costs_example import term_energy

MESH_COLUMNS, MESH_ROWS, CORES_PER_TILE = 8, 4, 4
WORK = ("messages in", "synaptic operations", "neuron updates", "spikes out")
BARRIER_S = 0.3e-6


def core_row(
    rng: np.random.Generator,
    core: int,
    layer: str,
    cores: int,
    chips: int,
    joules: NDArray[np.float64],
    busy_s: NDArray[np.float64],
) -> CoreRow:
    """A core on its tile, with the energy of its column of `joules`."""
    per_chip = -(-cores // chips)
    chip, on_chip = divmod(core, per_chip)
    tile = on_chip // CORES_PER_TILE
    return CoreRow(
        core=core,
        layer=layer,
        chip=chip,
        tile=tile,
        column=tile % MESH_COLUMNS,
        row=tile // MESH_COLUMNS,
        neurons=int(rng.integers(1, 1024)),
        input_axons=int(rng.integers(1, 4096)),
        output_axons=int(rng.integers(1, 4096)),
        synaptic_memory_bits=int(rng.integers(1, 1048576)),
        spikes=float(rng.uniform(1, 500)),
        synops=float(rng.uniform(1, 1e5)),
        messages_out=float(rng.uniform(1, 500)),
        messages_in=float(rng.uniform(1, 500)),
        busy_s=float(busy_s[core]),
        energy_j=term_energy(joules[:, core].sum(axis=0)),
    )


def chip_use(cores: int, chips: int, fits: bool, names: Sequence[str]) -> ChipUse:
    """A Loihi 1 in use; two limits broken unless it fits."""
    per_chip = -(-cores // chips)
    return ChipUse(
        name="loihi1",
        title="Intel Loihi 1",
        summary="Published per-event table.",
        cores=MESH_COLUMNS * MESH_ROWS * CORES_PER_TILE,
        cores_used=cores,
        tiles_used=sum(
            -(-min(per_chip, cores - first) // CORES_PER_TILE)
            for first in range(0, cores, per_chip)
        ),
        chips_used=chips,
        mesh_columns=MESH_COLUMNS,
        mesh_rows=MESH_ROWS,
        cores_per_tile=CORES_PER_TILE,
        objective="fewest-cores",
        fits=fits,
        excesses=()
        if fits
        else (
            Excess(
                limit=f"input axons of '{names[0]}'",
                used=5120,
                allowed=4096,
                advice=f"fewer channels into '{names[0]}', or a stride before it",
            ),
            Excess(limit="synaptic memory bits of one core", used=2_000_000, allowed=1_048_576),
        ),
    )


def fit_row(rng: np.random.Generator, name: str, cores: int, fits: bool) -> FitRow:
    """A layer with made-up uses of four limits."""
    limits = {"neurons": 1024, "input axons": 4096, "output axons": 4096,
              "synaptic memory bits": 1048576}  # fmt: skip
    uses = [
        Use(resource=resource, used=int(rng.integers(0, limit)), limit=limit)
        for resource, limit in limits.items()
    ]
    if not fits:
        uses[1] = uses[1].model_copy(update={"used": 5120})
    return FitRow(
        layer=name,
        cores=cores,
        parts=(cores, 1, 1),
        formats=("conv", "dense"),
        uses=tuple(uses),
        binds=max(uses, key=lambda use: use.share).resource,
    )


def step_line(
    rng: np.random.Generator,
    names: Sequence[str],
    on: NDArray[np.int64],
    step_s: NDArray[np.float64],
    busy_s: NDArray[np.float64],
) -> StepLine:
    """The longest step on the eight busiest cores."""
    longest = int(step_s.argmax())
    free = float(step_s[longest]) - BARRIER_S
    lines = []
    for rank, core in enumerate(np.argsort(-busy_s)[:8].tolist()):
        length = free * (1 - 0.1 * rank)
        first, second, third = sorted(rng.uniform(0.1, 0.9, 3).tolist())
        lines.append(
            CoreLine(
                core=core,
                layer=names[int(on[core])],
                segments=(
                    Segment(work=WORK[0], start_s=0.0, seconds=first * length),
                    Segment(work=WORK[1], start_s=first * length, seconds=(1 - first) * length),
                    Segment(work=WORK[2], start_s=0.0, seconds=second * length),
                    Segment(
                        work=WORK[3],
                        start_s=second * length,
                        seconds=(third - second) * length,
                    ),
                ),
            )
        )
    return StepLine(
        step=longest + 1,
        length_s=float(step_s[longest]),
        barrier_s=BARRIER_S,
        cores=tuple(lines),
    )
