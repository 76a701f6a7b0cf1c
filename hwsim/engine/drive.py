"""What drives a simulation: the inputs, checked, and the steps they are shown for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from export.chip.graph import ChipGraph, IntArray
from export.chip.limits import BIAS_MANT_LAVA_MAX, STATE_SHIFT
from hwsim.errors import SimulationError

ResetRule = Literal["staggered", "none"]
PAYLOAD_MAX = (1 << 23) - 1
"""Graded spikes carry at most 24 bits and a sign leaves 23."""


@dataclass(frozen=True)
class Drive:
    """Checked inputs.

    Args:
        values: [N, *shape] if constant over the window, else [N, given steps, *shape].
        steps: T, the steps to simulate.
        constant: whether the same array drives every step.
        payload_max: largest |value|, at least 1.
    """

    values: IntArray
    steps: int
    constant: bool
    payload_max: int

    @property
    def samples(self) -> int:
        """How many samples N there are."""
        return int(self.values.shape[0])

    def biases(self, part: slice, device: str) -> Tensor:
        """Biases in state units, int32 [T, n, neurons], or [1, n, neurons] if constant."""
        return _time_first(self.values[part], self.constant, np.int32, device) << STATE_SHIFT

    def events(self, part: slice, device: str) -> Tensor:
        """Payloads (1 for a binary spike), int32 [T, n, sources]; silence after the last one."""
        given = _time_first(self.values[part], self.constant, np.int32, device)
        silence = given.new_zeros((self.steps - given.shape[0], *given.shape[1:]))
        return torch.cat((given, silence))


def drive_of(graph: ChipGraph, inputs: IntArray, reset: ResetRule, steps: int | None) -> Drive:
    """Checks the inputs against the graph and settles the number of steps.

    Raises:
        SimulationError: wrong shape, dtype or value, or the number of steps is unclear.
    """
    _check_array(graph, inputs)
    constant = inputs.ndim == 1 + len(graph.input.shape)
    given = None if constant else int(inputs.shape[1])
    settled = _window(graph, steps, given) if reset == "staggered" else _stream(graph, steps, given)
    return Drive(inputs, settled, constant, _check_values(graph, inputs))


def _check_array(graph: ChipGraph, inputs: IntArray) -> None:
    form, shape = graph.input.form, graph.input.shape
    expected = [f"[N, T, {_spell(shape)}]"]
    ranks = [2 + len(shape)]
    if form == "bias":
        expected.insert(0, f"[N, {_spell(shape)}]")
        ranks.append(1 + len(shape))
    if inputs.ndim not in ranks or inputs.shape[inputs.ndim - len(shape) :] != shape:
        raise SimulationError(
            f"inputs: shape {inputs.shape}, expected {' or '.join(expected)} for input "
            f"'{graph.input.name}' of form '{form}'. Reshape them."
        )
    if not np.issubdtype(inputs.dtype, np.integer):
        raise SimulationError(
            f"inputs: dtype {inputs.dtype}, expected integers. Encode them for the chip first."
        )
    if inputs.size == 0:
        raise SimulationError(f"inputs: shape {inputs.shape} holds no sample. Give at least one.")


def _check_values(graph: ChipGraph, inputs: IntArray) -> int:
    lowest, highest = int(inputs.min()), int(inputs.max())
    worst = lowest if -lowest > highest else highest
    if graph.input.form == "spikes" and not (lowest >= 0 and highest <= 1):
        raise SimulationError(
            f"inputs: value {worst} in form 'spikes', which holds 0 and 1 only. "
            "Integer payloads need input form 'graded'."
        )
    limit = BIAS_MANT_LAVA_MAX if graph.input.form == "bias" else PAYLOAD_MAX
    if abs(worst) > limit:
        raise SimulationError(
            f"inputs: value {worst} exceeds +-{limit}, the range of form '{graph.input.form}'. "
            "Lower the input scale."
        )
    return max(1, abs(worst))


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


def _time_first(
    values: IntArray, constant: bool, dtype: type[np.signedinteger], device: str
) -> Tensor:
    samples = values.shape[0]
    flat = values.reshape(samples, 1 if constant else values.shape[1], -1).swapaxes(0, 1)
    return torch.from_numpy(np.array(flat, dtype=dtype, order="C")).to(device)


def _spell(shape: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in shape)
