"""What Lava is asked to run, and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from export.chip.graph import ChipGraph, IntArray
from hwsim.errors import LavaError
from hwsim.lava.graph_request import graph_arrays, graph_request

INT32_MAX = (1 << 31) - 1


@dataclass(frozen=True)
class LavaJob:
    """One network and its inputs.

    A netx file that starts with an input block of neurons is driven by bias mantissas, any other
    by spikes (or payloads) sent into its first synapses; a chip graph as its input form says.

    Samples of a netx file run end to end, kept apart by netx's own `reset_interval`, or without
    resets as a single run. Where the resets wouldn't keep them apart (delays, loops), and in a
    chip graph, they run isolated: each starts from zero in u, v and all spikes under way.

    Args:
        net: the netx file; for a chip graph only its name in messages.
        inputs: integers. `staggered`: [N, T, *shape], or biases [N, *shape], held for the
            sample's T steps. `none`: [S, *shape], one row per chip step of a single run, or
            isolated [N, S, *shape]; after the last row a bias stays and spikes cease.
        reset: `staggered` gives each layer its own window of T steps on a sample; `none` shows
            the chip's own steps from 1 on.
        time_steps: T, steps per sample; `staggered` only.
        steps: chip steps to run, by default one per row; `none` only.
        num_layers: use only the file's first layers, input and flatten counted.
        input_message_bits: 8 for graded inputs; 0 makes every non-zero input a spike.
        opens: isolated only: per layer, chip steps from a sample's start to its window; None
            runs samples end to end, or one run.
        graph: what to build from Lava's processes instead of reading a netx file.
        populations: names of the layers; empty where only the file knows them.
    """

    net: Path
    inputs: IntArray
    reset: Literal["staggered", "none"] = "staggered"
    time_steps: int | None = None
    steps: int | None = None
    num_layers: int | None = None
    input_message_bits: int = 0
    opens: tuple[int, ...] | None = None
    graph: ChipGraph | None = None
    populations: tuple[str, ...] = ()

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

    @property
    def single_run(self) -> bool:
        """Whether all inputs are one run without samples."""
        return self.reset == "none" and self.opens is None

    @property
    def samples(self) -> int:
        """Samples N; 1 for a single run."""
        return 1 if self.single_run else len(self.inputs)

    @property
    def window(self) -> int:
        """Steps recorded per sample: T, or S without resets."""
        if self.time_steps is not None:
            return self.time_steps
        given = self.inputs.shape[0 if self.single_run else 1]
        return given if self.steps is None else self.steps

    def part(self, start: int, stop: int) -> Self:
        """The same job on some of its samples."""
        return replace(self, inputs=self.inputs[start:stop])

    def request(self) -> dict[str, Any]:
        """The job in the worker's words."""
        isolated = "isolated" if self.opens is not None else "end to end"
        return {
            "net": str(self.net.absolute()),
            "mode": "whole run" if self.single_run else isolated,
            "window": self.window,
            "whole_window": self.reset == "staggered",
            "opens": self.opens,
            "num_layers": self.num_layers,
            "input_message_bits": self.input_message_bits,
            "graph": None if self.graph is None else graph_request(self.graph),
        }

    def arrays(self) -> dict[str, IntArray]:
        """What goes along in numbers."""
        inputs = self.inputs[None] if self.single_run else self.inputs
        parameters = {} if self.graph is None else graph_arrays(self.graph)
        return {"inputs": inputs, **parameters}


@dataclass(frozen=True)
class LavaLayer:
    """States of one population after each step, int64 in C, H, W order.

    [N, T, *shape] for `staggered`, step 0 being the first that the sample's input can reach;
    in chip time [S, *shape] for a single run without resets, [N, S, *shape] for isolated samples.
    """

    u: IntArray
    v: IntArray
    s: IntArray


@dataclass(frozen=True)
class LavaRun:
    """What Lava computed.

    Args:
        net: the netx file, or the chip graph's name.
        reset: `staggered` or `none`, as asked.
        lag: per layer, the chip step (from 0) that the first input can reach.
        layers: every layer with neurons, in file order (in the order of the graph's populations).
        versions: of Lava, its Python and its packages.
        populations: names of the layers; empty where only the file knows them.
    """

    net: Path
    reset: Literal["staggered", "none"]
    lag: tuple[int, ...]
    layers: tuple[LavaLayer, ...]
    versions: Mapping[str, str]
    populations: tuple[str, ...] = ()

    def layer(self, population: str) -> LavaLayer:
        """The states of a population by its name.

        Raises:
            LavaError: the run has no such population.
        """
        if population not in self.populations:
            known = ", ".join(self.populations) or "none by name"
            raise LavaError(f"{self.net}: Lava ran no population '{population}'. Known: {known}.")
        return self.layers[self.populations.index(population)]
