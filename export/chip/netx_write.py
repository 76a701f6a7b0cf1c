"""A chip graph written as Lava's netx file (`chip.net`, HDF5), which lava-dl runs unchanged.

Layers lie under `layer/0`, `layer/1`, ...; tensors are in PyTorch's order (C, H, W), except that
per-neuron arrays of a (C, H, W) layer are in (W, H, C), since netx hands these to Lava as they are.
"""

import io
from pathlib import Path

import h5py
import numpy as np

from export.chip.check_graph import check_graph
from export.chip.facts_json import FACTS_DATASET, FACTS_GROUP, facts_text
from export.chip.graph import ChipGraph, ConvProjection, DenseProjection, IntArray, Population
from export.chip.netx_chain import Link, netx_chain
from export.chip.netx_limits import refuse_traps
from trainers.atomic_file import whole_file


def write_netx(graph: ChipGraph, path: str | Path) -> None:
    """Writes the graph; `path` appears only when the file is complete.

    Raises:
        InvalidGraph: shapes or names in the graph contradict each other.
        UnsupportedLayer: the graph isn't a chain that netx can express.
        LimitExceeded: a value lies outside what netx or the chip holds unchanged.
        FileError: the folder can't be written to, or no space is left.
    """
    check_graph(graph)
    links = netx_chain(graph)
    for link in links:
        refuse_traps(link, "chip.net")
    facts = facts_text(graph, tuple(link.population.name for link in links))
    # In memory first: HDF5 may crash the process when the disk fills up while it writes.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        _write_layers(file.create_group("layer"), graph, links)
        file.create_group(FACTS_GROUP)[FACTS_DATASET] = facts
    with whole_file(Path(path)) as partial:
        partial.write_bytes(content.getbuffer())


def _write_layers(layers: h5py.Group, graph: ChipGraph, links: tuple[Link, ...]) -> None:
    if graph.input.form != "bias":
        _new_layer(layers, "input", graph.input.shape)
    for link in links:
        if link.incoming is None:
            _write_neurons(_new_layer(layers, "input", link.population.shape), link.population)
        elif isinstance(link.incoming, ConvProjection):
            _write_conv(layers, link.population, link.incoming)
        else:
            source = graph.source_shape(link.incoming.source)
            if len(source) == 3:
                _new_layer(layers, "flatten", (int(np.prod(source)),))
            _write_dense(layers, link.population, link.incoming, link.recurrent)


def _write_conv(layers: h5py.Group, population: Population, projection: ConvProjection) -> None:
    layer = _new_layer(layers, "conv", population.shape)
    outputs, inputs, rows, columns = projection.weight.shape
    layer["weight"] = projection.weight
    layer["kernelSize"] = np.array([rows, columns])
    layer["inChannels"] = inputs * projection.groups
    layer["outChannels"] = outputs
    layer["stride"] = np.array(projection.stride)
    layer["padding"] = np.array(projection.padding)
    layer["dilation"] = np.array(projection.dilation)
    layer["groups"] = projection.groups
    _write_bias(layer, population)
    _write_neurons(layer, population)


def _write_dense(
    layers: h5py.Group,
    population: Population,
    projection: DenseProjection,
    recurrent: DenseProjection | None,
) -> None:
    kind = "dense" if recurrent is None else "dense_rec"
    layer = _new_layer(layers, kind, population.shape)
    layer["weight"] = projection.weight
    layer["inFeatures"] = projection.weight.shape[1]
    layer["outFeatures"] = projection.weight.shape[0]
    if recurrent is not None:
        layer["weight_rec"] = recurrent.weight
    if projection.delay is not None:
        layer["delay"] = projection.delay
    _write_bias(layer, population)
    _write_neurons(layer, population)


def _new_layer(layers: h5py.Group, kind: str, shape: tuple[int, ...]) -> h5py.Group:
    layer = layers.create_group(str(len(layers)))
    layer["type"] = np.array([kind], dtype="S10")
    layer["shape"] = np.array(shape)
    return layer


def _write_neurons(layer: h5py.Group, population: Population) -> None:
    neuron = layer.create_group("neuron")
    neuron["type"] = np.array(["CUBA"], dtype="S10")
    neuron["iDecay"] = _per_neuron(population.decay_u)
    neuron["vDecay"] = _per_neuron(population.decay_v)
    neuron["vThMant"] = _per_neuron(population.threshold)
    neuron["refDelay"] = 1
    neuron["gradedSpike"] = False


def _write_bias(layer: h5py.Group, population: Population) -> None:
    if not population.bias.any():
        return
    bias = np.broadcast_to(population.bias, population.shape)
    if bias.ndim == 3 and (bias == bias[:, :1, :1]).all():
        bias = bias[:, 0, 0]
    layer["bias"] = _per_neuron(bias)


def _per_neuron(values: IntArray) -> IntArray:
    """One value for all, or one each: (N,) as it is, (C, H, W) as (W, H, C)."""
    return np.array(values.T, order="C")
