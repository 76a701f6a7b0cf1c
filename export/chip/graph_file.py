"""Any chip graph as an HDF5 file (`network.chip.h5`): netx's layer groups with an edge list.

    graph/format        version of this layout
    graph/input         type and shape of the external source; missing for form `bias`
    graph/0, graph/1    populations in order: name, shape, bias and netx's group `neuron`; where
                        the threshold changes from step to step, which no chip can hold, also
                        `schedule`: mantissas [T] or [T, W, H, C]
    graph/edges/0, ...  projections in order: type (`conv` or `dense`), source and target by name,
                        weight, delay, and netx's geometry of a convolution
    spikeport/facts     what netx_facts says of a run

Arrays lie as in a netx file: weights in PyTorch's order (O, I, kH, kW) or (targets, sources),
parameters of neurons in (W, H, C). The root group is `graph` and not `layer`, so that netx
refuses the file instead of running its populations as a chain. What is written reads back equal.
"""

import io
from pathlib import Path

import h5py
import numpy as np

from export.chip.check_graph import check_graph, check_read_graph
from export.chip.facts_json import FACTS_DATASET, FACTS_GROUP, facts_text, read_facts
from export.chip.graph import ChipGraph, ChipInput, IntArray, Population
from export.chip.graph_edge import read_edge, write_edge
from export.chip.hdf5_guard import GuardedGroup, open_hdf5
from export.chip.netx_facts import RunFacts, graph_host, graph_readouts
from export.chip.netx_limits import check_neurons, check_projection
from export.chip.netx_neuron import NEURON_TYPES
from export.chip.netx_shape import read_shape
from export.errors import InvalidGraph, UnsupportedLayer
from trainers.atomic_file import whole_file
from trainers.errors import FileError

GRAPH_GROUP = "graph"
FORMAT = 1
PARAMETERS = {"iDecay": "decay_u", "vDecay": "decay_v", "vThMant": "threshold"}
"""netx's names of a population's parameters."""


def write_graph_file(graph: ChipGraph, path: str | Path) -> None:
    """Writes the graph; `path` appears only when the file is complete.

    Raises:
        InvalidGraph: shapes or names in the graph contradict each other.
        LimitExceeded: a value lies outside what the chip or Lava holds.
        FileError: the folder can't be written to, or no space is left.
    """
    check_graph(graph)
    _check_limits(graph, Path(path).name)
    facts = facts_text(graph, tuple(population.name for population in graph.populations))
    # In memory first: HDF5 may crash the process when the disk fills up while it writes.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        _write_graph(file.create_group(GRAPH_GROUP), graph)
        file.create_group(FACTS_GROUP)[FACTS_DATASET] = facts
    with whole_file(Path(path)) as partial:
        partial.write_bytes(content.getbuffer())


def read_graph_file(path: str | Path) -> ChipGraph:
    """Reads what `write_graph_file` wrote.

    Raises:
        FileError: the file is missing, truncated, damaged, of another format or no graph file.
        UnsupportedLayer: a neuron or projection is of a kind this version doesn't know.
        LimitExceeded: a value lies outside what the chip or Lava holds.
        InvalidGraph: shapes or names contradict each other, or a value isn't an integer.
    """
    path = Path(path)
    with open_hdf5(path, "Name a chip graph file (.chip.h5)") as root:
        if GRAPH_GROUP not in root.names():
            raise FileError(
                f"{path}: there is no group '{GRAPH_GROUP}', so this isn't a chip graph file."
            )
        group = root.child(GRAPH_GROUP, f"{path}, {GRAPH_GROUP}")
        _check_format(group)
        facts = read_facts(root)
        if facts is None:
            raise FileError(f"{path}: the group '{FACTS_GROUP}' is missing. Write the file again.")
        graph = _read_graph(group, facts)
    check_read_graph(graph, path)
    _check_limits(graph, str(path))
    return graph


def _check_limits(graph: ChipGraph, where: str) -> None:
    for population in graph.populations:
        check_neurons(population, where)
    for projection in graph.projections:
        check_projection(projection, where)


def _write_graph(group: h5py.Group, graph: ChipGraph) -> None:
    group["format"] = FORMAT
    if graph.input.form != "bias":
        source = group.create_group("input")
        source["type"] = np.array(["input"], dtype="S10")
        source["shape"] = np.array(graph.input.shape)
    for k, population in enumerate(graph.populations):
        _write_population(group.create_group(str(k)), population)
    edges = group.create_group("edges")
    for k, projection in enumerate(graph.projections):
        write_edge(edges.create_group(str(k)), projection)


def _write_population(group: h5py.Group, population: Population) -> None:
    group["name"] = population.name
    group["shape"] = np.array(population.shape)
    group["bias"] = _reversed(population.bias)
    neuron = group.create_group("neuron")
    neuron["type"] = np.array([NEURON_TYPES[0]], dtype="S10")
    for key, own in PARAMETERS.items():
        neuron[key] = _reversed(getattr(population, own))
    neuron["refDelay"] = 1
    neuron["gradedSpike"] = False
    if population.schedule is not None:
        group["schedule"] = _steps_reversed(population.schedule)


def _steps_reversed(values: IntArray) -> IntArray:
    """[T, C, H, W] <-> [T, W, H, C]; [T] stays."""
    axes = (0, *range(values.ndim - 1, 0, -1))
    return np.array(values.transpose(axes), order="C")


def _reversed(values: IntArray) -> IntArray:
    """(C, H, W) <-> (W, H, C); anything shorter likewise."""
    return np.array(values.T, order="C")


def _check_format(group: GuardedGroup) -> None:
    found = group.integers("format")
    if found.shape != () or int(found) != FORMAT:
        raise FileError(
            f"{group.where}: format {str(found.tolist())[:20]} is unknown, this version reads "
            f"{FORMAT}. Update spikeport or export the network again."
        )


def _read_graph(group: GuardedGroup, facts: RunFacts) -> ChipGraph:
    outside = facts.input.form != "bias"
    count = len(facts.populations)
    group.expect_only(
        "format", "edges", *(["input"] if outside else []), *(str(k) for k in range(count))
    )
    edges = group.child("edges", f"{group.where}, edges")
    edge_names = [str(k) for k in range(len(edges.names()))]
    edges.expect_only(*edge_names)
    populations = tuple(
        _read_population(
            group.child(str(k), f"{group.where}: population {k}"), name, facts.time_steps
        )
        for k, name in enumerate(facts.populations)
    )
    shapes = {population.name: population.shape for population in populations}
    if outside:
        source = group.child("input", f"{group.where}, input")
        source.expect_only("type", "shape")
        shapes.setdefault(facts.input.name, read_shape(source))
    return ChipGraph(
        input=ChipInput(facts.input.name, facts.input.form, shapes[facts.input.name]),
        populations=populations,
        projections=tuple(
            read_edge(edges.child(name, f"{edges.where}: edge {name}"), shapes)
            for name in edge_names
        ),
        time_steps=facts.time_steps,
        readouts=graph_readouts(facts),
        classes=facts.classes,
        host=graph_host(facts),
    )


def _read_population(group: GuardedGroup, name: str, time_steps: int | None) -> Population:
    moves = "schedule" in group.names()
    group.expect_only("name", "shape", "bias", "neuron", *(["schedule"] if moves else []))
    if group.text("name") != name:
        raise InvalidGraph(
            f"{group.where}: name {group.text('name')[:40]!a} isn't '{name}', which the file's "
            "facts say. Export the network again."
        )
    shape = read_shape(group)
    neuron = group.child("neuron", f"{group.where}, neuron")
    neuron.expect_only("type", "refDelay", "gradedSpike", *PARAMETERS)
    _check_neuron(neuron)
    parameters = {own: _reversed(_within(neuron, key, shape)) for key, own in PARAMETERS.items()}
    bias = _reversed(_within(group, "bias", shape))
    schedule = _read_schedule(group, shape, time_steps) if moves else None
    return Population(name, shape, bias=bias, schedule=schedule, **parameters)


def _read_schedule(group: GuardedGroup, shape: tuple[int, ...], time_steps: int | None) -> IntArray:
    claimed = group.shape("schedule")
    if claimed not in ((time_steps,), (time_steps, *reversed(shape))):
        raise InvalidGraph(
            f"{group.where}: schedule has shape {claimed}, expected ({time_steps},), a threshold "
            "for each of the file's time_steps, or one per step and neuron. Write the file again."
        )
    return _steps_reversed(group.integers("schedule"))


def _check_neuron(neuron: GuardedGroup) -> None:
    kind = neuron.text("type")
    if kind not in NEURON_TYPES:
        raise UnsupportedLayer(
            f"{neuron.where}: type {kind[:40]!a} isn't supported. Known: {', '.join(NEURON_TYPES)}."
        )
    for key, value in (("refDelay", 1), ("gradedSpike", 0)):
        if neuron.shape(key) != () or int(neuron.integers(key)) != value:
            raise UnsupportedLayer(
                f"{neuron.where}: {key} isn't {value}, with which the emulator and Lava always "
                f"compute. Train with {key} = {value}."
            )


def _within(group: GuardedGroup, key: str, shape: tuple[int, ...]) -> IntArray:
    """A dataset that holds no more values than the population has neurons, looked at first."""
    claimed = group.shape(key)
    if len(claimed) > len(shape) or int(np.prod(claimed)) > int(np.prod(shape)):
        raise InvalidGraph(
            f"{group.where}: {key} has shape {claimed}, more than the {shape} neurons of the "
            "population. Write the file again."
        )
    return group.integers(key)
