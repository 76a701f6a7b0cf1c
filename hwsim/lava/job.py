"""What Lava is asked to run, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from export.chip.graph import IntArray
from hwsim.errors import LavaError

INT32_MAX = (1 << 31) - 1


@dataclass(frozen=True)
class LavaJob:
    """One netx file and its inputs.

    A file that starts with an input block of neurons is driven by bias mantissas, any other by
    spikes (or payloads) sent into its first synapses.

    Args:
        net: the netx file.
        inputs: integers. `staggered`: [N, T, *shape], or biases [N, *shape], held for the
            sample's T steps. `none`: [S, *shape], one row per chip step of a single run; after
            the last row a bias stays and spikes cease.
        reset: `staggered` runs N samples end to end and zeroes each layer when its window on the
            next sample opens; `none` never resets.
        time_steps: T, steps per sample; `staggered` only.
        steps: chip steps to run, by default one per row; `none` only.
        num_layers: use only the file's first layers, input and flatten counted.
        input_message_bits: 8 for graded inputs; 0 makes every non-zero input a spike.
    """

    net: Path
    inputs: IntArray
    reset: Literal["staggered", "none"] = "staggered"
    time_steps: int | None = None
    steps: int | None = None
    num_layers: int | None = None
    input_message_bits: int = 0

    def __post_init__(self) -> None:
        self._check_steps()
        if self.inputs.dtype.kind not in "iu" or self.inputs.ndim < 2 or not self.inputs.size:
            raise LavaError(
                f"{self.net}: inputs are {self.inputs.dtype} of shape {self.inputs.shape}, must "
                "be integers, one row per sample or step. Quantise them first."
            )
        if int(np.abs(self.inputs).max()) > INT32_MAX:
            raise LavaError(
                f"{self.net}: an input exceeds the {INT32_MAX} that Lava's int32 holds. "
                "Quantise the inputs to fewer bits."
            )

    def _check_steps(self) -> None:
        if self.reset == "staggered" and (self.time_steps is None or self.steps is not None):
            raise LavaError(
                f"{self.net}: staggered resets need time_steps (is {self.time_steps}) and follow "
                f"from it (steps is {self.steps}). Give time_steps alone."
            )
        if self.reset == "none" and self.time_steps is not None:
            raise LavaError(
                f"{self.net}: without resets there is no time_steps (is {self.time_steps}). "
                "Give steps."
            )
        for key, count in (("time_steps", self.time_steps), ("steps", self.steps)):
            if count is not None and count < 1:
                raise LavaError(f"{self.net}: {key} is {count}, must be at least 1.")

    def request(self) -> dict[str, str | int | None]:
        """The job in the worker's words."""
        return {
            "net": str(self.net.absolute()),
            "time_steps": self.time_steps,
            "steps": len(self.inputs) if self.steps is None else self.steps,
            "num_layers": self.num_layers,
            "input_message_bits": self.input_message_bits,
        }


@dataclass(frozen=True)
class LavaLayer:
    """States of one population after each step, int64 in C, H, W order.

    [N, T, *shape] for `staggered`, step 0 being the first that the sample's input can reach;
    [S, *shape] in chip time for `none`.
    """

    u: IntArray
    v: IntArray
    s: IntArray


@dataclass(frozen=True)
class LavaRun:
    """What Lava computed.

    Args:
        net: the netx file.
        reset: `staggered` or `none`, as asked.
        lag: per layer, the chip step (from 0) that the first input can reach.
        layers: every layer with neurons, in file order.
        versions: of Lava, its Python and its packages.
    """

    net: Path
    reset: Literal["staggered", "none"]
    lag: tuple[int, ...]
    layers: tuple[LavaLayer, ...]
    versions: Mapping[str, str]


def read_run(job: LavaJob, result: Path, versions: Mapping[str, str]) -> LavaRun:
    """The worker's result file, cut into the samples' windows when they ran end to end."""
    with np.load(result, allow_pickle=False) as arrays:
        lag = tuple(int(first) for first in arrays["lag"])
        layers = tuple(
            LavaLayer(*(_windows(job, arrays[f"{state}{k}"], first) for state in "uvs"))
            for k, first in enumerate(lag)
        )
    return LavaRun(job.net, job.reset, lag, layers, versions)


def _windows(job: LavaJob, states: IntArray, first: int) -> IntArray:
    states = states.astype(np.int64)
    if job.time_steps is None:
        return states
    samples = len(job.inputs)
    window = states[first : first + samples * job.time_steps]
    return window.reshape(samples, job.time_steps, *states.shape[1:])
