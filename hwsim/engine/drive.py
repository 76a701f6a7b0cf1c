"""What drives a simulation: the inputs, checked, and the steps they are shown for."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.chip.graph import ChipGraph
from export.chip.limits import BIAS_MANT_LAVA_MAX, STATE_SHIFT
from hwsim.engine.layout import channels_last
from hwsim.engine.synapse import BINARY, Payload
from hwsim.errors import SimulationError

ResetRule = Literal["staggered", "none"]
PAYLOAD_MAX = (1 << 23) - 1
"""Graded spikes carry at most 24 bits and a sign leaves 23."""

BYTE_MAX = 127
"""Payloads up to this travel as bytes, which 8-bit products take as they are."""

CHECKED_BYTES = 64 << 20
"""Inputs looked at together when they are checked."""


class ChipInputs(Protocol):
    """A read-only array of integers: numpy's own, or one that is read from a file when sliced."""

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, *shape] or [N, T, *shape]."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Any integer type."""

    def __getitem__(self, rows: slice, /) -> NDArray[Any]:
        """These samples, in memory."""


@dataclass(frozen=True)
class Drive:
    """Checked inputs.

    Args:
        values: [N, *shape] if constant over the window, else [N, given steps, *shape].
        shape: of the input.
        steps: T, the steps to simulate.
        constant: whether the same array drives every step.
        payload: smallest and largest value, 0 included.
    """

    values: ChipInputs
    shape: tuple[int, ...]
    steps: int
    constant: bool
    payload: Payload

    @property
    def samples(self) -> int:
        """How many samples N there are."""
        return int(self.values.shape[0])

    def biases(self, values: NDArray[Any], device: str) -> Tensor:
        """Biases in state units, int32 [T, n, neurons], or [1, n, neurons] if constant.

        Args:
            values: some samples of `values`.
            device: where they go.
        """
        return self._time_first(values, np.int32).to(device) << STATE_SHIFT

    def events(self, values: NDArray[Any], device: str) -> Tensor:
        """Payloads (1 for a binary spike), uint8 or int32 [T, n, sources], or [1, ...] if constant.

        Silence follows the last step given.
        """
        narrow = self.payload[0] >= 0 and self.payload[1] <= BYTE_MAX
        given = self._time_first(values, np.uint8 if narrow else np.int32).to(device)
        missing = 0 if self.constant else self.steps - len(given)
        return (
            torch.cat((given, given.new_zeros((missing, *given.shape[1:])))) if missing else given
        )

    def _time_first(self, values: NDArray[Any], dtype: type[np.integer[Any]]) -> Tensor:
        flat = channels_last(values, self.shape)
        flat = flat[None] if self.constant else flat.swapaxes(0, 1)
        return torch.from_numpy(np.array(flat, dtype=dtype, order="C"))


def drive_of(graph: ChipGraph, inputs: ChipInputs, reset: ResetRule, steps: int | None) -> Drive:
    """Checks the inputs against the graph and settles the number of steps.

    Raises:
        SimulationError: wrong shape, dtype or value, or the number of steps is unclear.
    """
    _check_array(graph, inputs)
    shape = graph.input.shape
    constant = len(inputs.shape) == 1 + len(shape)
    given = None if constant else int(inputs.shape[1])
    settled = _window(graph, steps, given) if reset == "staggered" else _stream(graph, steps, given)
    return Drive(inputs, shape, settled, constant, _check_values(graph, inputs))


def _check_array(graph: ChipGraph, inputs: ChipInputs) -> None:
    form, shape = graph.input.form, graph.input.shape
    ranks = (1 + len(shape), 2 + len(shape))
    given = tuple(inputs.shape)
    if len(given) not in ranks or given[len(given) - len(shape) :] != shape:
        raise SimulationError(
            f"inputs: shape {given}, expected [N, {_spell(shape)}] or [N, T, {_spell(shape)}] for "
            f"input '{graph.input.name}' of form '{form}'. Reshape them."
        )
    if not np.issubdtype(inputs.dtype, np.integer):
        raise SimulationError(
            f"inputs: dtype {inputs.dtype}, expected integers. Encode them for the chip first."
        )
    if 0 in given:
        raise SimulationError(f"inputs: shape {given} holds no sample. Give at least one.")


def _check_values(graph: ChipGraph, inputs: ChipInputs) -> Payload:
    lowest, highest = _extremes(inputs)
    worst = lowest if -lowest > highest else highest
    if graph.input.form == "spikes" and not (lowest >= 0 and highest <= 1):
        raise SimulationError(
            f"inputs: value {worst} in form 'spikes', which holds 0 and 1 only. "
            "Integer payloads need input form 'graded' (--input-form graded for a netx file)."
        )
    limit = BIAS_MANT_LAVA_MAX if graph.input.form == "bias" else PAYLOAD_MAX
    if abs(worst) > limit:
        raise SimulationError(
            f"inputs: value {worst} exceeds +-{limit}, the range of form '{graph.input.form}'. "
            "Lower the input scale."
        )
    return BINARY if graph.input.form == "spikes" else (min(0, lowest), max(1, highest))


def _extremes(inputs: ChipInputs) -> tuple[int, int]:
    """Smallest and largest value, some samples at a time."""
    per_sample = max(1, int(np.prod(inputs.shape[1:])) * inputs.dtype.itemsize)
    rows = max(1, CHECKED_BYTES // per_sample)
    found = []
    for start in range(0, inputs.shape[0], rows):
        values = inputs[start : start + rows]
        found.append((int(values.min()), int(values.max())))
    lows, highs = zip(*found, strict=True)
    return min(lows), max(highs)


def _window(graph: ChipGraph, steps: int | None, given: int | None) -> int:
    known = {
        "the graph's time_steps": graph.time_steps,
        "steps": steps,
        "the inputs' steps": given,
    }
    stated = {key: value for key, value in known.items() if value is not None}
    if len(set(stated.values())) > 1:
        raise SimulationError(
            "inputs: " + " but ".join(f"{key} = {value}" for key, value in stated.items())
            + ". With reset 'staggered' every population works exactly T steps on a sample."
        )  # fmt: skip
    return _positive(next(iter(stated.values()), None))


def _stream(graph: ChipGraph, steps: int | None, given: int | None) -> int:
    settled = _positive(next((n for n in (steps, given, graph.time_steps) if n is not None), None))
    if given is not None and given > settled:
        raise SimulationError(f"inputs: {given} steps, but steps = {settled}. Cut one of them.")
    if given is not None and given < settled and graph.input.form == "bias":
        raise SimulationError(
            f"inputs: biases for {given} steps, but steps = {settled}. Give one array per step, "
            "or one for all."
        )
    return settled


def _positive(steps: int | None) -> int:
    if steps is None:
        raise SimulationError("inputs: constant, and neither the graph nor `steps` says for how "
                              "many steps. Give steps.")  # fmt: skip
    if steps < 1:
        raise SimulationError(f"inputs: steps = {steps}, must be at least 1.")
    return steps


def _spell(shape: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in shape)
