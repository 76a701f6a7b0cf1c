"""What Norse, snnTorch and SpikingJelly have in common: NIR becomes a torch module with state."""

import copy
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass

import nir
import numpy as np
import torch
from torch import Tensor, nn

from export.executor import logits
from export.executor.samples import time_major
from hwsim.errors import NotInstalled
from hwsim.verify.runtime import Answer, Ask, BoolArray, Samples, Subject, refusals

WEIGHTED_BY_US = (
    "NIR has no field for readout weights, so this importer ignores them: spikeport applied them "
    "to its outputs of each step"
)


def _keeps_nothing(module: nn.Module) -> None:
    """Most modules get their state with every call."""


@dataclass(frozen=True)
class Importer:
    """A tool that makes a torch module of a NIR graph.

    Args:
        tool: its name in messages.
        package: what to install.
        load: (graph, dt_s) -> module in float64 that maps (x, state) to (output, state) on a
            batch; the only place that imports the tool.
        noise: warnings it is known to raise about its own dependencies.
        forget: empties states that the module keeps to itself.
    """

    tool: str
    package: str
    load: Callable[[nir.NIRGraph, float], nn.Module]
    noise: tuple[type[Warning], ...] = ()
    forget: Callable[[nn.Module], None] = _keeps_nothing


@contextmanager
def contained(*categories: type[Warning]) -> Iterator[None]:
    """Keeps a tool's prints, log lines and known warnings from mixing with ours."""
    disabled = logging.root.manager.disable
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        for category in categories:
            warnings.simplefilter("ignore", category)
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)


def batch_flatten(module: nn.Module) -> nn.Module:
    """Moves every Flatten past the batch axis.

    Norse and snnTorch hand NIR's axes, which don't count the batch, to torch, which does: their
    modules take one sample without a batch axis. Nothing else in them depends on it.
    """
    for part in module.modules():
        if isinstance(part, nn.Flatten):
            part.start_dim += part.start_dim >= 0
            part.end_dim += part.end_dim >= 0
    return module


def open_importer(importer: Importer, subject: Subject) -> Ask:
    """Imports the network once; every batch is then run step by step from zero state.

    Raises:
        NotInstalled: the tool, or something it needs, isn't there.
        RuntimeRefused: it can't take this network.
    """
    with contained(*importer.noise), refusals(importer.tool):
        try:
            module = importer.load(copy.deepcopy(subject.graph), subject.facts.dt_s)
        except ImportError as error:
            raise NotInstalled(
                f"{importer.tool}: {error}. Install {importer.package} with --no-deps."
            ) from error
        spikes = _collect_spikes(module, subject.neurons)
    facts = subject.facts
    note = "" if facts.readout.weights is None else WEIGHTED_BY_US

    @torch.no_grad()
    def ask(inputs: Samples) -> Answer:
        for seen in spikes.values():
            seen.clear()
        signal = torch.from_numpy(time_major(inputs, facts).copy())
        with contained(*importer.noise), refusals(importer.tool):
            importer.forget(module)
            outputs = _outputs(module, signal, facts.time_steps)
        fired = {name: np.stack(seen) for name, seen in spikes.items()}
        return Answer(fired, logits(outputs.numpy(), facts), note=note)

    return ask


def _collect_spikes(module: nn.Module, neurons: tuple[str, ...]) -> dict[str, list[BoolArray]]:
    """Hooks every neuron by its NIR name (nirtorch turns dots into underscores)."""
    spikes: dict[str, list[BoolArray]] = {name: [] for name in neurons}
    for name, seen in spikes.items():
        module.get_submodule(name.replace(".", "_")).register_forward_hook(_collector(seen))
    return spikes


def _outputs(module: nn.Module, signal: Tensor, time_steps: int) -> Tensor:
    state = None
    outputs = []
    for frame in signal.expand(time_steps, *signal.shape[1:]):
        output, state = module(frame, state)
        outputs.append(output)
    return torch.stack(outputs)


def _collector(seen: list[BoolArray]) -> Callable[[nn.Module, object, object], object]:
    """A forward hook that keeps the spikes and passes them on in float64, as weights are."""

    def collect(module: nn.Module, inputs: object, output: object) -> object:
        del module, inputs
        spikes, *state = output if isinstance(output, tuple) else (output,)
        seen.append((spikes != 0).numpy())
        return (spikes.double(), *state) if state else spikes.double()

    return collect
