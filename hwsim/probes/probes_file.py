"""Probes as array files (`probes.npz`).

| array | dtype, shape | |
|---|---|---|
| `NAME.s` | uint8 [samples, T, *shape] | spikes of population NAME, 1 where a neuron fired |
| `NAME.u` | int32 [samples, T, *shape] | its currents after each step |
| `NAME.v` | int32 [samples, T, *shape] | its voltages after each step, after the reset by a spike |
| `samples` | int64 [samples] | which of the inputs they are |
| `time` | text () | `chip` or `window` |

Populations are in file order. With time `chip`, index t - 1 is the chip's step t = 1..T since the
sample began: nothing is reset, and every projection takes a step (as Lava shows it without resets).
With time `window`, each population's T steps begin when its own window on the sample opens.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwsim.engine.recording import State
from hwsim.engine.tally import KEPT_TYPES
from hwsim.engine.trace import Trace
from hwsim.pipeline.scratch_arrays import ScratchArrays
from trainers.npz_writer import npz_writer

Time = Literal["chip", "window"]
ORDER: tuple[State, ...] = ("s", "u", "v")
CHUNK_BYTES = 8 << 20


def write_probes(
    path: Path, trace: Trace, samples: range, time: Time, scratch: ScratchArrays
) -> None:
    """Writes the file whole, in bounded memory.

    Args:
        path: of the file.
        trace: whose recordings are written.
        samples: which of the inputs they are.
        time: what a step is.
        scratch: made the recordings.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with npz_writer(path) as writer:
        for population in trace.graph.populations:
            for state in ORDER:
                values = trace.recordings.get(population.name, {}).get(state)
                if values is not None:
                    parts = _parts(values, state, scratch)
                    name = f"{population.name}.{state}"
                    writer.add(name, values.shape, KEPT_TYPES[state], parts)
        writer.add_whole("samples", np.array(samples, dtype=np.int64))
        writer.add_whole("time", np.array(time))


def _parts(values: NDArray[Any], state: State, scratch: ScratchArrays) -> Iterator[NDArray[Any]]:
    size = max(1, values[:1].nbytes)
    each = max(1, CHUNK_BYTES // size)
    for start in range(0, len(values), each):
        yield np.asarray(values[start : start + each]).astype(KEPT_TYPES[state], copy=False)
        scratch.release()
