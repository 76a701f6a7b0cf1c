"""What leaves the chip: readout voltages, of which the host makes logits.

A readout population neither leaks nor fires. Its voltage is the running sum of its currents, so
the current of step t, which the frozen network calls its output O[t], is v[t] - v[t-1]:

    logits = volts_to_logit * v[T]                                          without weights
    logits = volts_to_logit * sum over t of w[t] * (v[t] - v[t-1]), v[0] = 0    with weights w

`volts_to_logit` holds the 1/T of the rule in `export.nir_metadata.ReadoutFacts`. Differences of
voltages are exact integers, so weights of 1 give the first line's result to the last bit.
"""

import numpy as np
from numpy.typing import NDArray

from export.chip.graph import IntArray, Readout
from export.chip.timing import timing_of
from hwsim.engine.tally import readout_columns
from hwsim.engine.trace import Trace
from hwsim.errors import SimulationError

FloatArray = NDArray[np.float64]


def chip_logits(trace: Trace, population: str | None = None) -> FloatArray:
    """Logits [N, classes] of the simulated samples, weighted per step where the network says so.

    Args:
        trace: of a network that names a readout.
        population: one readout of several; by default the first, whose logits decide the class.

    Raises:
        SimulationError: there is no such readout, or it weights its steps and the trace lacks the
            voltages of its own window.
    """
    readout = _readout(trace, population)
    columns = readout_columns(trace.graph)[readout.population]
    if readout.weights is None:
        logits: FloatArray = trace.readout[:, columns] * np.float64(readout.volts_to_logit)
        return logits
    _refuse_chip_time(trace, readout)
    if trace.readout_steps is None:
        raise SimulationError(
            f"readout '{readout.population}': it has a weight per step, but the trace holds no "
            "voltage per step. Simulate again."
        )
    return window_logits(readout, trace.readout_steps[:, :, columns])


def window_logits(readout: Readout, voltages: IntArray) -> FloatArray:
    """Logits [N, classes] from the voltages after each step of the readout's window.

    Args:
        readout: its weights, if any, and the size of a logit.
        voltages: [N, T, classes], state units.

    Raises:
        SimulationError: there are weights for another number of steps.
    """
    weights, steps = readout.weights, voltages.shape[1]
    if weights is not None and len(weights) != steps:
        raise SimulationError(
            f"readout '{readout.population}': weights for {len(weights)} steps, but voltages of "
            f"{steps}. Simulate {len(weights)} steps."
        )
    total, before = np.zeros(voltages[:, 0].shape), np.zeros_like(voltages[:, 0])
    for t in range(steps):
        after = voltages[:, t]
        total += (1.0 if weights is None else weights[t]) * (after - before)
        before = after
    return total * readout.volts_to_logit


def _readout(trace: Trace, population: str | None) -> Readout:
    readouts = {readout.population: readout for readout in trace.graph.readouts}
    if not readouts:
        raise SimulationError(
            "chip file: it names no readout population, so there are no logits. Use a chip file "
            "that spikeport wrote."
        )
    name = trace.graph.readouts[0].population if population is None else population
    if name not in readouts:
        raise SimulationError(f"readout '{name}': there is none. Known: {', '.join(readouts)}.")
    return readouts[name]


def _refuse_chip_time(trace: Trace, readout: Readout) -> None:
    column = trace.populations.index(readout.population)
    if trace.depth[column] != timing_of(trace.graph).depth[readout.population]:
        raise SimulationError(
            f"readout '{readout.population}': its weights belong to the steps of its own window, "
            "but the trace holds chip steps. Simulate with reset 'staggered'."
        )
