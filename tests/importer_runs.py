"""Third-party importers in float64, run step by step as their users do, nothing of ours between.

Each takes a NIR graph and inputs [T, N, *shape] and returns the spikes of every spiking node, by
the names of `export.flattened`, and the outputs, both [T, N, ...].
"""

import contextlib
import copy
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.flattened import flattened
from tests.spyx_process import in_jax

FloatArray = NDArray[np.float64]
FIRING = (nir.LIF, nir.IF, nir.CubaLIF)


@dataclass(frozen=True)
class ToolRun:
    """What a tool made of a graph: per spiking node how often it fired, and the outputs."""

    spikes: dict[str, FloatArray]
    outputs: FloatArray


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The tools print, log and warn about their own dependencies."""
    disabled = logging.root.manager.disable
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)


def run_norse(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
    from norse.torch.utils.import_nir import from_nir

    return _stepwise(graph, inputs, lambda g: _batched(from_nir(g, ignore_warnings=True, dt=dt_s)))


def run_snntorch(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
    from snntorch.import_nir import import_from_nir

    assert dt_s == 1e-4
    return _stepwise(graph, inputs, lambda g: _batched(import_from_nir(g)))


def run_spikingjelly(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    return _stepwise(graph, inputs, lambda g: import_from_nir(g, dt=dt_s, dtype=torch.float64))


def run_sinabs(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
    """With the settings that the file names."""
    import sinabs.activation as sa
    import sinabs.layers as sl
    from sinabs.nir import from_nir

    del dt_s
    values = {
        "sinabs.activation.SingleSpike": sa.SingleSpike,
        "sinabs.activation.MembraneReset()": sa.MembraneReset(),
        "None": None,
    }

    def load(given: nir.NIRGraph) -> nn.Module:
        module: nn.Module = from_nir(given, batch_size=inputs.shape[1])
        for layer in module.modules():
            if isinstance(layer, sl.LIFSqueeze | sl.IAFSqueeze):
                for key, value in settings(graph).items():
                    setattr(layer, key, values[value])
        return module

    return _stepwise(graph, inputs, load)


def run_rockpool(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
    """With the settings that the file names."""
    from rockpool.nn.modules.torch import LIFTorch
    from rockpool.nn.modules.torch.nir import from_nir

    del dt_s
    values = {"torch.tensor(1.0)": torch.tensor(1.0)}
    with torch.no_grad(), _default_double():
        # In float64: its neurons allocate outputs in the default type and cast spikes to float32.
        module: nn.Module = from_nir(copy.deepcopy(graph)).double()
        for layer in module.modules():
            if isinstance(layer, LIFTorch):
                for key, value in settings(graph).items():
                    setattr(layer, key, values[value].double())
                layer.spike_generation_fn = _widened(layer.spike_generation_fn)
        spikes = _collected(module, graph)
        # Its modules take whole sequences, [N, T, ...].
        outputs, _ = module(torch.from_numpy(inputs).transpose(0, 1))
    fired = {name: np.moveaxis(seen[0], 0, 1) for name, seen in spikes.items()}
    return ToolRun(fired, outputs.double().transpose(0, 1).numpy())


def _widened(fire: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    return lambda *state: fire(*state).double()


def settings(graph: nir.NIRGraph) -> dict[str, str]:
    """Attribute to value, as the file's metadata says."""
    text = str(graph.metadata["settings"])
    return dict(part.split(" = ") for part in text.split(", ")) if text else {}


@contextlib.contextmanager
def _default_double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def run_spyx(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
    """Its outputs alone; it shows no spikes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nir.write(folder / "model.nir", graph)
        np.savez(folder / "given.npz", inputs=inputs, dt_s=dt_s)
        in_jax("run", folder)
        return ToolRun({}, np.load(folder / "outputs.npz")["outputs"])


Tool = Callable[[nir.NIRGraph, FloatArray, float], ToolRun]


def _quietly(run: Tool) -> Tool:
    def quiet_run(graph: nir.NIRGraph, inputs: FloatArray, dt_s: float) -> ToolRun:
        with quiet():
            return run(graph, inputs, dt_s)

    return quiet_run


TOOLS: dict[str, Tool] = {
    "norse": _quietly(run_norse),
    "snntorch": _quietly(run_snntorch),
    "spikingjelly": _quietly(run_spikingjelly),
    "sinabs": _quietly(run_sinabs),
    "rockpool": _quietly(run_rockpool),
    "spyx": _quietly(run_spyx),
}


@torch.no_grad()
def _stepwise(
    graph: nir.NIRGraph, inputs: FloatArray, load: Callable[[nir.NIRGraph], nn.Module]
) -> ToolRun:
    module = load(copy.deepcopy(graph)).double()
    spikes = _collected(module, graph)
    state: Any = None
    outputs = []
    for frame in torch.from_numpy(inputs):
        output, state = module(frame, state)
        outputs.append(output.detach().double().numpy())
    fired = {name: np.stack(seen) for name, seen in spikes.items()}
    return ToolRun(fired, np.stack(outputs))


def _batched(module: nn.Module) -> nn.Module:
    for part in module.modules():
        if isinstance(part, nn.Flatten):
            part.start_dim += part.start_dim >= 0
            part.end_dim += part.end_dim >= 0
    return module


def _collected(module: nn.Module, graph: nir.NIRGraph) -> dict[str, list[FloatArray]]:
    nodes = flattened(graph).nodes
    spikes: dict[str, list[FloatArray]] = {
        name: [] for name, node in nodes.items() if isinstance(node, FIRING)
    }
    for name, seen in spikes.items():
        _neuron(module, name).register_forward_hook(_collector(seen))
    return spikes


def _neuron(module: nn.Module, name: str) -> nn.Module:
    """Rockpool makes one module of a nested graph."""
    try:
        return module.get_submodule(name)
    except AttributeError:
        return module.get_submodule(name.partition(".")[0])


def _collector(seen: list[FloatArray]) -> Callable[[nn.Module, object, object], object]:
    def collect(module: nn.Module, inputs: object, output: Any) -> object:
        del module, inputs
        spikes, *state = output if isinstance(output, tuple) else (output,)
        seen.append(spikes.detach().double().numpy())
        return (spikes.double(), *state) if state else spikes.double()

    return collect
