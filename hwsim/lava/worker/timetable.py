"""Which chip step belongs to which sample, and to which step of a population's window.

Chip steps t count from 1, as Lava's do. A new sample starts every `period` steps, and population p
works on it for `window` steps that open `opens[p]` steps after the sample's start. Samples run in
one of two ways:

    end to end   period = window; the window of a deep population reaches into the next sample's
                 time, and whatever separates samples (netx's reset_interval) is the network's own
    isolated     period >= window + the latest opening; at each sample's start everything is zeroed
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Timetable:
    """When what happens.

    Args:
        samples: how many there are.
        window: steps that each population spends on one.
        period: chip steps from one sample's start to the next.
        opens: per population, chip steps from a sample's start to its window's first step.
        isolated: everything is zeroed when a sample starts.
    """

    samples: int
    window: int
    period: int
    opens: tuple[int, ...]
    isolated: bool

    @property
    def steps(self) -> int:
        """Chip steps of the whole run."""
        if self.isolated:
            return self.samples * self.period
        return (self.samples - 1) * self.period + max(self.opens) + self.window

    @property
    def rows(self) -> int:
        """Recorded steps of one population, all samples together."""
        return self.samples * self.window

    def row(self, population: int, time_step: int) -> int | None:
        """Where a population's states of a chip step go; None outside its windows."""
        sample, step = divmod(time_step - 1 - self.opens[population], self.period)
        inside = 0 <= sample < self.samples and 0 <= step < self.window
        return sample * self.window + step if inside else None

    def starts(self, time_step: int) -> bool:
        """Whether everything is zeroed before a chip step."""
        return self.isolated and (time_step - 1) % self.period == 0

    def rests(self, population: int, time_step: int) -> bool:
        """Whether a population's window on the sample hasn't opened yet."""
        return self.isolated and (time_step - 1) % self.period < self.opens[population]

    def finished(self, time_step: int) -> int:
        """Samples that every population has done with after a chip step."""
        complete = time_step - max(self.opens) - self.window + self.period
        return min(max(complete // self.period, 0), self.samples)


class BiasSchedule:
    """Bias mantissas of the input neurons: one row per sample or per step, the last for good."""

    def __init__(self, rows: Any, timetable: Timetable, *, held: bool) -> None:
        """Takes rows [N, W, H, C] if held for the whole sample, else [N, steps, W, H, C]."""
        self.rows, self.timetable, self.held = rows, timetable, held

    def at(self, time_step: int) -> Any:
        """The row that holds at a chip step."""
        sample, step = divmod(time_step - 1, self.timetable.period)
        of_sample = self.rows[min(sample, len(self.rows) - 1)]
        return of_sample if self.held else of_sample[min(step, len(of_sample) - 1)]


def spike_stream(samples: Any, timetable: Timetable) -> Any:
    """Inputs [N, given, *shape] as one row per chip step [steps, *shape], silence between them."""
    shape = samples.shape[2:]
    given = min(samples.shape[1], timetable.period)
    rows = np.zeros((len(samples), timetable.period, *shape), dtype=np.int32)
    rows[:, :given] = samples[:, :given]
    rows = rows.reshape(-1, *shape)[: timetable.steps]
    silence = np.zeros((timetable.steps - len(rows), *shape), dtype=np.int32)
    return np.concatenate((rows, silence))


def reverse_axes(rows: Any, kept: int) -> Any:
    """The first `kept` axes stay; (C, H, W) behind them becomes (W, H, C), Lava's, and back."""
    return rows.transpose(*range(kept), *range(rows.ndim - 1, kept - 1, -1))
