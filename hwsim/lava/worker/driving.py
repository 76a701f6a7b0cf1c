"""What a network is driven by: biases of its input neurons, or spikes from a source."""

import importlib
from typing import Any

import numpy as np
from timetable import BiasSchedule, Timetable, reverse_axes, spike_stream

INT16_MAX = (1 << 15) - 1


def timetable_of(job: dict[str, Any], samples: int, lag: list[int]) -> Timetable:
    """When samples start and windows open.

    Mode `end to end` staggers the windows by `lag`; `isolated` has the job's own depths; a `whole
    run` is one window for all from chip step 1 on.
    """
    window = job["window"]
    if job["mode"] == "whole run":
        return Timetable(1, window, window, (0,) * len(lag), isolated=False)
    if job["mode"] == "end to end":
        return Timetable(samples, window, window, tuple(lag), isolated=False)
    opens = tuple(job["opens"])
    if len(opens) != len(lag):
        raise ValueError(f"{len(opens)} openings for {len(lag)} populations")
    return Timetable(samples, window, window + max(opens), opens, isolated=True)


def bias_schedule(job: dict[str, Any], inputs: Any, shape: Any, timetable: Timetable) -> Any:
    """Bias mantissas: [N, *shape] held for the whole sample, or [N, steps, *shape]."""
    held = inputs.ndim == 1 + len(shape)
    if not held:
        expect_window(job, inputs)
    expect_shape(inputs.shape[1 if held else 2 :], shape)
    if np.abs(inputs).max(initial=0) > INT16_MAX:
        raise ValueError(f"bias mantissa beyond +-{INT16_MAX}, which Lava's int16 would wrap")
    return BiasSchedule(reverse_axes(inputs, kept=1 if held else 2), timetable, held=held)


def spike_source(job: dict[str, Any], inputs: Any, shape: Any, timetable: Timetable) -> Any:
    """A source that sends [N, steps, *shape], then silence; its port is (W, H, C) or (N,)."""
    if len(shape) == 1:
        inputs = inputs.reshape(*inputs.shape[:2], -1)
    expect_window(job, inputs)
    expect_shape(inputs.shape[2:], shape)
    data = np.ascontiguousarray(spike_stream(inputs, timetable).T)
    return importlib.import_module("lava.proc.io.source").RingBuffer(data=data)


def expect_window(job: dict[str, Any], inputs: Any) -> None:
    """Raises ValueError when samples that are kept apart have too many or too few steps."""
    if job["whole_window"] and inputs.shape[1] != job["window"]:
        raise ValueError(
            f"inputs of {inputs.shape[1]} steps per sample, the window has {job['window']}"
        )


def expect_shape(given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raises ValueError when one step of the input isn't what the network takes."""
    given, wanted = tuple(map(int, given)), tuple(map(int, wanted))
    if given != wanted:
        raise ValueError(f"inputs of shape {given} per step, the network takes {wanted}")
