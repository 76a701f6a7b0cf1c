"""What all profiles have in common: from a frozen graph to the graph that is written.

Names in computing order, full-size float64 neuron parameters, float32 weights with a bias, dense
square kernels, recurrence as nested graphs, and the facts with the discretisation in words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nir
import numpy as np

from export.errors import InvalidGraph
from export.graph_order import OrderedNode
from export.moving_threshold import how_it_moves, moving_nodes
from export.nested_population import nested
from export.nir_metadata import METADATA_KEY, ResetRule
from export.profiles.linear import linear_node
from export.profiles.naming import ordered_names
from export.profiles.neuron import Neuron
from export.profiles.profile import Settings, refused
from export.profiles.writing import Writing, opened, renamed
from export.window import pool_window

BY_THE_BOOK = "Use target nir-physical, which writes what NIR's equations say."


@dataclass(frozen=True)
class Encoding:
    """How a profile writes a network.

    Args:
        profile: its name.
        discretization: the update rule in words, for the facts.
        neuron: writes a population, or refuses it.
        kinds: linear nodes it takes.
        why: per linear kind that it doesn't take, what its tools do with it.
        padded_pools: whether its tools heed the padding of a pooling.
        flat_loops: whether a loop that can't become a nested graph may stay as it is.
        check: refuses whole networks.
        resets: what a spike may do to the membrane, and for each what must be set on every neuron
            of the loaded network; one rule for the whole network.
        ours: whether our own readers read the result as the same network. If not, the facts stand
            under a key of their own, so that they take it for another tool's file.
    """

    profile: str
    discretization: str
    neuron: Callable[[Neuron], nir.NIRNode]
    kinds: tuple[type[nir.NIRNode], ...]
    why: Mapping[type[nir.NIRNode], str] = field(default_factory=dict)
    padded_pools: bool = False
    flat_loops: bool = False
    check: Callable[[Writing], None] = lambda writing: None
    resets: Settings = field(default_factory=lambda: {"zero": {}})
    ours: bool = True


def encoded(graph: nir.NIRGraph, encoding: Encoding) -> nir.NIRGraph:
    """The graph that is written, checked by NIR's own type check.

    Args:
        graph: frozen, with facts; left as it was.
        encoding: the profile's.

    Raises:
        UnsupportedLayer: a node, by name, that the profile's tools can't run.
        InvalidGraph: the graph contradicts itself or lacks facts, or a weight leaves float32.
    """
    writing = opened(graph)
    _refuse_moving(writing, encoding)
    _refuse_resets(writing, encoding)
    _refuse_loops(writing, encoding)
    encoding.check(writing)
    inner = set(writing.recurrent.values())
    names = ordered_names(tuple(node for node in writing.nodes if node.name not in inner))
    nodes = {
        names[node.name]: _written(writing, encoding, node)
        for node in writing.nodes
        if node.name not in inner
    }
    edges = [
        (names[source], names[node.name])
        for node in writing.nodes
        if node.name not in inner
        for source in (*node.sources, *node.delayed)
        if source not in inner
    ]
    try:
        result = nir.NIRGraph(nodes, edges)
    except ValueError as error:
        raise InvalidGraph(
            f"profile {encoding.profile}: NIR's own type check refuses the graph ({error}). Export "
            "to ONNX instead."
        ) from error
    result.metadata = _metadata(writing, encoding, names)
    return result


def _refuse_moving(writing: Writing, encoding: Encoding) -> None:
    for name, moving in moving_nodes(writing.graph).items():
        raise refused(
            f"NIR {how_it_moves(writing.facts, name, moving)}",
            "no constant", encoding.profile, "NIR has no field for it",
            "Export to targets schedule and onnx.",
        )  # fmt: skip


def _refuse_resets(writing: Writing, encoding: Encoding) -> None:
    first: Neuron | None = None
    for neuron in writing.neurons.values():
        if neuron.reset not in encoding.resets:
            able = ", ".join(encoding.resets)
            raise refused(
                neuron.where, f"its spikes reset by rule '{neuron.reset}'", encoding.profile,
                f"its tools know {able}", "Run it in spikeport's own executor.",
            )  # fmt: skip
        first = first or neuron
        if neuron.reset != first.reset:
            raise refused(
                neuron.where, f"resets by rule '{neuron.reset}', {first.where} by '{first.reset}'",
                encoding.profile, "one setting holds for all neurons", BY_THE_BOOK,
            )  # fmt: skip


def _refuse_loops(writing: Writing, encoding: Encoding) -> None:
    for node in writing.nodes:
        inside = writing.recurrent.get(node.name)
        if encoding.flat_loops or all(source == inside for source in node.delayed):
            continue
        raise refused(
            writing.where(node.name),
            f"'{node.delayed[0]}' closes a loop that isn't one population and one dense layer",
            encoding.profile, "snnTorch runs such loops wrong without a word", BY_THE_BOOK,
        )  # fmt: skip


def _written(writing: Writing, encoding: Encoding, node: OrderedNode) -> nir.NIRNode:
    if isinstance(node.node, nir.Input | nir.Output):
        # Shapes as they came out, also where another tool's Output holds none.
        kind, key = type(node.node), type(node.node).__name__.lower()
        return kind({key: np.array(node.shape)})
    if node.name not in writing.neurons:
        return _linear(writing, encoding, node)
    written = encoding.neuron(writing.neurons[node.name])
    if node.name not in writing.recurrent:
        return written
    inside = next(other for other in writing.nodes if other.name == writing.recurrent[node.name])
    return nested(written, _linear(writing, encoding, inside), node.shape[0])


def _linear(writing: Writing, encoding: Encoding, ordered: OrderedNode) -> nir.NIRNode:
    node, where = ordered.node, writing.where(ordered.name)
    if not isinstance(node, encoding.kinds):
        kind = type(node).__name__
        why = encoding.why.get(type(node), "not all of its tools know it")
        raise refused(where, f"is {kind}", encoding.profile, why, BY_THE_BOOK)
    if isinstance(node, nir.SumPool2d | nir.AvgPool2d) and not encoding.padded_pools:
        padding = pool_window(ordered.name, node).before
        if any(padding):
            raise refused(
                where, f"pads its pooling by {padding}", encoding.profile,
                "its tools ignore that padding", BY_THE_BOOK,
            )  # fmt: skip
    return linear_node(where, ordered)


def _metadata(writing: Writing, encoding: Encoding, names: Mapping[str, str]) -> dict[str, Any]:
    facts = renamed(writing, names).model_copy(update={"discretization": encoding.discretization})
    if encoding.ours:
        return {METADATA_KEY: facts.model_dump_json()}
    return {
        "profile": encoding.profile,
        "discretization": encoding.discretization,
        "dt": facts.dt_s,
        "settings": _settings_text(writing, encoding),
        f"{METADATA_KEY}_{encoding.profile}": facts.model_dump_json(),
    }


def _settings_text(writing: Writing, encoding: Encoding) -> str:
    rule: ResetRule = next((neuron.reset for neuron in writing.neurons.values()), "zero")
    return ", ".join(f"{key} = {value}" for key, value in encoding.resets[rule].items())
