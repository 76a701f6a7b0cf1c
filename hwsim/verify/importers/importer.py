"""What an importer is: a tool that makes a torch module with state of a NIR graph."""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import nir
from torch import Tensor, nn


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
        membrane: (a neuron's module, what it returned) -> its membrane after the reset.
        unit_gain: its membranes have an input gain of 1, whatever the file's gain.
        noise: warnings it is known to raise about its own dependencies.
        forget: empties states that the module keeps to itself.
    """

    tool: str
    package: str
    load: Callable[[nir.NIRGraph, float], nn.Module]
    membrane: Callable[[Any, Any], Tensor]
    unit_gain: bool = False
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


def not_installed(importer: Importer, error: ImportError) -> str:
    """The line about a tool, or something it needs, that isn't there."""
    return f"{importer.tool}: {error}. Install {importer.package} with --no-deps."
