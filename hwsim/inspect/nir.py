"""Looking into a NIR file."""

from pathlib import Path
from typing import Any

import nir
import numpy as np

from export.errors import InvalidGraph
from export.graph_order import OrderedNode, in_order
from export.nir_file import read_nir
from export.nir_metadata import FrozenFacts, ReadoutFacts, read_facts
from hwsim.inspect.table import Inspection, range_text, shape_text, values_text

PARAMETERS = ("weight", "bias", "tau", "r", "v_threshold", "v_reset", "kernel_size")


def inspect_nir(path: Path) -> Inspection:
    """Nodes in computing order, with shapes and parameter ranges."""
    graph = read_nir(path)
    nodes = in_order(graph, unfolded=True, loops=True)
    neurons = sum(int(np.prod(node.shape)) for node in nodes if node.fires)
    weights = sum(int(node.node.weight.size) for node in nodes if hasattr(node.node, "weight"))
    return Inspection(
        title=f"{path}: NIR graph, {len(nodes)} nodes, {neurons:,} neurons, {weights:,} weights",
        facts=_facts(graph),
        columns=("node", "kind", "output", "neurons", "parameters"),
        rows=tuple(_row(node) for node in nodes),
    )


def _facts(graph: nir.NIRGraph) -> tuple[str, ...]:
    try:
        facts: FrozenFacts = read_facts(graph)
    except InvalidGraph:
        return ("written by another tool: no time steps, input form or readout in its metadata",)
    return (
        f"T = {facts.time_steps}, dt = {facts.dt_s:g} s (nominal), {facts.input.form} input "
        f"{shape_text(facts.input.shape)}, readout: {_readout(facts.readout)}",
        f"methods: {', '.join(facts.method) or 'not recorded'}; "
        f"classes: {', '.join(facts.classes) or 'not recorded'}",
    )


def _readout(readout: ReadoutFacts) -> str:
    rule = f"{readout.rule} over time"
    if readout.weights is None:
        return rule
    return f"{rule}, steps weighted {values_text(readout.weights)} (spikeport's metadata)"


def _row(node: OrderedNode) -> tuple[str, ...]:
    neurons = f"{int(np.prod(node.shape)):,}" if node.fires else ""
    shown = [
        f"{name} {shape_text(value.shape)}: {range_text(value)}"
        for name in PARAMETERS
        if isinstance(value := _parameter(node.node, name), np.ndarray)
    ]
    kind = type(node.node).__name__
    return (node.name, kind, shape_text(node.shape), neurons, "; ".join(shown))


def _parameter(node: nir.NIRNode, name: str) -> Any:
    value = getattr(node, name, None)
    return None if value is None else np.asarray(value)
