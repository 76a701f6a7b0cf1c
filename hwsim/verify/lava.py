"""Lava: a netx file through lava-dl, or a graph of its processes, held to the emulator bit for bit.

Every u, v and spike is compared.
"""

from pathlib import Path

import numpy as np

from export.chip.chip_file import read_chip
from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.readout import chip_logits, window_logits
from hwsim.engine.simulate import simulate
from hwsim.lava.compare import LavaComparison, compare
from hwsim.lava.environment import status
from hwsim.lava.runner import run_lava_file
from hwsim.verify.row import Row

RUNTIME = "lava"
COMPARED_WITH = "emulator"
PRECISION = "integers (u, v, s)"


def lava_row(net: Path, encoded: IntArray, labels: IntArray) -> Row:
    """Runs both on the same samples; `identical` means that no value of u, v or s differs.

    Raises:
        LavaError: Lava's own run failed or timed out.
    """
    environment = status()
    if not environment.installed:
        return Row(
            RUNTIME, COMPARED_WITH, PRECISION, 0, None, None, None, "not installed",
            note=f"{environment.reason}. Run `spikeport lava install`.",
        )  # fmt: skip
    chip = read_chip(net)
    trace = simulate(chip, encoded, record=True)
    run = run_lava_file(net, chip, encoded, log=net.with_name("lava.log"))
    comparison = compare(trace, run)
    difference, accuracy = None, None
    if chip.readout is not None:
        voltages = run.layer(chip.readout.population).v.reshape(trace.samples, trace.time_steps, -1)
        logits = window_logits(chip.readout, voltages)
        difference = float(np.abs(logits - chip_logits(trace)).max())
        accuracy = float((logits.argmax(axis=1) == labels).mean())
    return Row(
        runtime=RUNTIME,
        compared_with=COMPARED_WITH,
        precision=PRECISION,
        samples=trace.samples,
        spike_mismatches=comparison.spike_mismatches,
        logit_max_abs_diff=difference,
        accuracy=accuracy,
        verdict="identical" if comparison.identical else "different",
        note=_note(chip, comparison),
    )


def _note(chip: ChipGraph, comparison: LavaComparison) -> str:
    if chip.readout is None or chip.readout.weights is None:
        return str(comparison)
    return f"{comparison}; spikeport applied the readout weights to Lava's voltage of each step"
