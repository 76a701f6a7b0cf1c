"""Netx files (Lava's HDF5) as chip graphs: our own `chip.net` and those other tools wrote.

What Lava would compute is what is read; what Lava would silently ignore or ruin is refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from export.chip.check_graph import check_graph
from export.chip.graph import ChipGraph, ChipInput, InputForm, Population, Projection
from export.chip.hdf5_guard import GuardedGroup, open_hdf5
from export.chip.netx_facts import (
    FACTS_DATASET,
    FACTS_GROUP,
    RunFacts,
    graph_host,
    graph_readout,
)
from export.chip.netx_layers import read_conv, read_dense
from export.chip.netx_neuron import read_neurons
from export.errors import InvalidGraph, UnsupportedLayer
from trainers.errors import FileError

MAX_NEURONS = 1 << 28
"""Neurons in one layer; the largest Loihi systems hold fewer per chip by far."""


@dataclass
class _Chain:
    """What has been read so far, and where the next layer's spikes come from."""

    input_name: str = "input"
    input_shape: tuple[int, ...] | None = None
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    flattened: bool = False

    @property
    def source(self) -> str:
        return self.populations[-1].name if self.populations else self.input_name

    @property
    def source_is_flat(self) -> bool:
        return bool(self.populations) and len(self.populations[-1].shape) == 1

    def append(self, population: Population, *projections: Projection) -> None:
        self.populations.append(population)
        self.projections.extend(projections)
        self.flattened = False


def read_netx(
    path: str | Path, input_form: InputForm | None = None, num_layers: int | None = None
) -> ChipGraph:
    """Reads a netx file.

    Args:
        path: the file.
        input_form: `graded` for a file that takes integer payloads and doesn't say so itself; by
            default `bias` for a file whose input layer has neurons, else `spikes`.
        num_layers: read the first layers only, `input` and `flatten` counted, as netx does.

    Raises:
        FileError: the file is missing, truncated, damaged or isn't netx.
        UnsupportedLayer: a layer or neuron is of a kind the emulator doesn't have.
        LimitExceeded: Lava would silently ruin a value.
        InvalidGraph: shapes contradict each other, or a value isn't a finite number.
    """
    path = Path(path)
    with open_hdf5(path, "Name a netx file (.net)") as root:
        if "layer" not in root.names():
            raise FileError(f"{path}: there is no group 'layer', so this isn't a netx file.")
        facts = _read_facts(root)
        chain = _Chain()
        if facts is not None and facts.input.form != "bias":
            chain.input_name = facts.input.name
        layers = _layers(root.child("layer", str(path)), num_layers)
        names = _population_names(layers, facts, whole=num_layers is None)
        for layer, name in zip(layers, names, strict=True):
            _read_layer(layer, name, chain)
    graph = _graph(chain, facts, input_form, str(path))
    check_graph(graph)
    return graph


def _read_facts(root: GuardedGroup) -> RunFacts | None:
    if FACTS_GROUP not in root.names():
        return None
    where = f"{root.where}, {FACTS_GROUP}"
    text = root.child(FACTS_GROUP, where).text(FACTS_DATASET)
    try:
        return RunFacts.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "JSON"
        raise InvalidGraph(
            f"{where}, {place}: {fault['msg']}. Export the network again."
        ) from error


def _layers(group: GuardedGroup, num_layers: int | None) -> list[GuardedGroup]:
    found = len(group.names())
    wanted = found if num_layers is None else min(num_layers, found)
    if wanted < 1:
        raise InvalidGraph(
            f"{group.where}: {wanted} of {found} layers to read, expected 1 or more."
        )
    return [group.child(str(k), f"{group.where}: layer {k}") for k in range(wanted)]


def _population_names(
    layers: list[GuardedGroup], facts: RunFacts | None, *, whole: bool
) -> list[str]:
    names = [f"l{k:03d}" for k in range(len(layers))]
    if facts is None:
        return names
    spiking = [k for k, layer in enumerate(layers) if _has_neurons(layer)]
    surplus = len(facts.populations) - len(spiking)
    if surplus < 0 or (whole and surplus > 0):
        raise InvalidGraph(
            f"{layers[0].where}: {len(spiking)} layers have neurons, and the file's facts name "
            f"{len(facts.populations)}. Export the network again."
        )
    for k, name in zip(spiking, facts.populations, strict=False):
        names[k] = name
    return names


def _has_neurons(layer: GuardedGroup) -> bool:
    kind = layer.text("type")
    return kind in ("conv", "dense", "dense_rec") or (kind == "input" and "neuron" in layer.names())


def _read_layer(layer: GuardedGroup, name: str, chain: _Chain) -> None:
    kind = layer.text("type")
    if kind not in READERS:
        raise UnsupportedLayer(
            f"{layer.where}: type '{kind[:40]}' isn't supported. Known: {', '.join(READERS)}."
        )
    READERS[kind](layer, name, chain)


def _read_input(layer: GuardedGroup, name: str, chain: _Chain) -> None:
    if chain.input_shape is not None or chain.flattened:
        raise UnsupportedLayer(f"{layer.where}: an input layer must be the first. Split the file.")
    chain.input_shape = _shape(layer)
    if "neuron" in layer.names():
        chain.input_name = name
        chain.append(read_neurons(layer, name, chain.input_shape))


def _read_flatten(layer: GuardedGroup, name: str, chain: _Chain) -> None:
    del name
    if chain.source_is_flat:
        raise InvalidGraph(
            f"{layer.where}: flatten follows a flat layer, and Lava can't build that. Remove it."
        )
    chain.flattened = True


def _read_conv(layer: GuardedGroup, name: str, chain: _Chain) -> None:
    if chain.input_shape is None or chain.flattened:
        raise InvalidGraph(
            f"{layer.where}: a convolution needs a (C, H, W) layer before it. Add an input layer."
        )
    projection = read_conv(layer, chain.source, name)
    chain.append(read_neurons(layer, name, _shape(layer)), projection)


def _read_dense(layer: GuardedGroup, name: str, chain: _Chain) -> None:
    if chain.populations and not chain.source_is_flat and not chain.flattened:
        raise InvalidGraph(
            f"{layer.where}: dense follows a (C, H, W) layer, and Lava can't join them. "
            "Put a flatten layer between."
        )
    neurons = math.prod(_shape(layer))
    projections = read_dense(layer, chain.source, name, neurons)
    if chain.input_shape is None:
        chain.input_shape = projections[0].weight.shape[1:]
    chain.append(read_neurons(layer, name, (neurons,)), *projections)


READERS: dict[str, Callable[[GuardedGroup, str, _Chain], None]] = {
    "input": _read_input,
    "conv": _read_conv,
    "dense": _read_dense,
    "dense_rec": _read_dense,
    "flatten": _read_flatten,
}


def _shape(layer: GuardedGroup) -> tuple[int, ...]:
    sizes = layer.integers("shape").reshape(-1).tolist()
    if len(sizes) not in (1, 3) or min(sizes) < 1 or math.prod(sizes) > MAX_NEURONS:
        raise InvalidGraph(
            f"{layer.where}: shape {tuple(sizes[:4])} isn't (N,) or (C, H, W) of 1 to "
            f"{MAX_NEURONS} neurons."
        )
    return tuple(sizes)


def _graph(
    chain: _Chain, facts: RunFacts | None, input_form: InputForm | None, where: str
) -> ChipGraph:
    if not chain.populations or chain.input_shape is None:
        raise InvalidGraph(f"{where}: no layer has neurons. Read more layers.")
    form = _form(chain, facts, input_form, where)
    graph = ChipGraph(
        input=ChipInput(chain.input_name, form, chain.input_shape),
        populations=tuple(chain.populations),
        projections=tuple(chain.projections),
    )
    return graph if facts is None else _with_facts(graph, facts)


def _form(chain: _Chain, facts: RunFacts | None, asked: InputForm | None, where: str) -> InputForm:
    """The input form: the file's own word, else the caller's, else what the layers imply."""
    bias_driven = chain.populations[0].name == chain.input_name
    implied: InputForm = "bias" if bias_driven else "spikes"
    stated = facts.input.form if facts is not None else asked
    form = stated if stated is not None else implied
    if (form == "bias") != bias_driven or (asked is not None and asked != form):
        owner = "has" if bias_driven else "lacks"
        raise InvalidGraph(
            f"{where}: input form '{asked or form}' contradicts the file, whose input layer "
            f"{owner} neurons and whose form is '{implied if facts is None else form}'. "
            "Leave the form out."
        )
    return form


def _with_facts(graph: ChipGraph, facts: RunFacts) -> ChipGraph:
    # A file read in part has no readout when that layer was left out.
    readout = graph_readout(facts)
    known = {population.name for population in graph.populations}
    return replace(
        graph,
        time_steps=facts.time_steps,
        readouts=(readout,) if readout is not None and readout.population in known else (),
        classes=facts.classes,
        host=graph_host(facts),
    )
