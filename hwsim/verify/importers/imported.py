"""A network as a tool imported it, run step by step from zero state on batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hwsim.verify.importers.importer import Importer

Hook = Callable[[nn.Module, object, object], object]


@dataclass(frozen=True)
class Outcome:
    """What the module did with a batch.

    Args:
        spikes: per neuron name, bool [T, N, *shape].
        outputs: float64 [T, N, classes].
        membranes: per neuron name, its own membrane after each step's reset, float64
            [T, N, *shape]; empty unless asked for.
    """

    spikes: dict[str, NDArray[np.bool_]]
    outputs: NDArray[np.float64]
    membranes: dict[str, NDArray[np.float64]]


class Imported:
    """Imports the network once and watches its neurons.

    Args:
        importer: the tool.
        graph: given to the tool, which may change it.
        dt_s: the Euler step.
        neurons: NIR names of the spiking nodes, "outer.inner" in a nested graph.

    Raises:
        ImportError: the tool, or something it needs, isn't there.
        Exception: one of `hwsim.verify.importers.faults`, if the tool can't take this network.
    """

    def __init__(
        self, importer: Importer, graph: nir.NIRGraph, dt_s: float, neurons: Sequence[str]
    ) -> None:
        self._importer = importer
        self._module = importer.load(graph, dt_s)
        self._spikes: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in neurons}
        self._membranes: dict[str, list[NDArray[np.float64]]] = {name: [] for name in neurons}
        self._watching = False
        for name in neurons:
            _neuron(self._module, name).register_forward_hook(self._collector(name))

    @torch.no_grad()
    def run(self, frames: NDArray[Any], time_steps: int, *, membranes: bool = False) -> Outcome:
        """A batch over all steps.

        Args:
            frames: [T, N, *shape], or [1, N, *shape] for an input that stays.
            time_steps: T.
            membranes: keep them.
        """
        for name in self._spikes:
            self._spikes[name].clear()
            self._membranes[name].clear()
        self._watching = membranes
        self._importer.forget(self._module)
        signal = torch.from_numpy(frames)
        state = None
        outputs = []
        for frame in signal.expand(time_steps, *signal.shape[1:]):
            output, state = self._module(frame, state)
            outputs.append(output)
        return Outcome(
            {name: np.stack(seen) for name, seen in self._spikes.items()},
            torch.stack(outputs).numpy(),
            {name: np.stack(seen) for name, seen in self._membranes.items() if seen},
        )

    def _collector(self, name: str) -> Hook:
        """A forward hook that keeps the spikes and passes them on in float64, as weights are."""

        def collect(module: nn.Module, inputs: object, output: Any) -> object:
            del inputs
            spikes, *state = output if isinstance(output, tuple) else (output,)
            self._spikes[name].append((spikes != 0).numpy())
            if self._watching:
                v = self._importer.membrane(module, output)
                self._membranes[name].append(v.double().expand_as(spikes).numpy().copy())
            return (spikes.double(), *state) if state else spikes.double()

        return collect


def _neuron(module: nn.Module, name: str) -> nn.Module:
    """A neuron by its NIR name: nirtorch turns dots into underscores and nests nested graphs.

    It may nest a loop too, under the neuron's own name, and snnTorch makes one module of a whole
    recurrent graph, which then bears that graph's name.
    """
    parts = name.split(".")
    plain = "_".join(parts)
    outer = (".".join(parts[:k]) for k in range(1, len(parts)))
    for path in (name, plain, f"{plain}.{plain}", *outer):
        try:
            found = module.get_submodule(path)
        except AttributeError:
            continue
        if not _is_graph(found):
            return found
    raise AttributeError(f"it made no module of node '{name}'")


def _is_graph(module: nn.Module) -> bool:
    """Whether this is a nested graph and no neuron."""
    return type(module).__name__.startswith(("GraphExecutor", "GraphModule"))
