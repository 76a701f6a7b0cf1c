"""What an importer is given: the frozen network itself, or a profile's file of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import nir

from export.graph_order import in_order
from export.nir_file import read_nir
from export.nir_neuron import discrete_neuron
from hwsim.errors import RuntimeRefused
from hwsim.verify.runtime import FloatArray, Subject


@dataclass(frozen=True)
class Source:
    """A graph to import.

    Args:
        graph: as it stands in the file.
        names: the subject's name of each spiking node -> its name in this graph.
        gains: by the subject's names, the input's gain here, which a membrane is divided by.
    """

    graph: nir.NIRGraph
    names: Mapping[str, str]
    gains: Mapping[str, FloatArray]


def source_of(subject: Subject, profile: str | None) -> Source | None:
    """The network itself, or a profile's file of it, if the subject has one.

    A profile's file has the same populations in the same computing order, under names of its own.

    Raises:
        RuntimeRefused: the file holds another network.
        FileError: it is missing or isn't NIR.
        InvalidGraph: it contradicts itself.
    """
    if profile is None:
        return Source(subject.graph, {name: name for name in subject.neurons}, subject.gains)
    path = subject.profiles.get(profile)
    if path is None or any(rule != "zero" for rule in subject.facts.resets.values()):
        return None
    graph = read_nir(path)
    found = [node for node in in_order(graph, unfolded=True, loops=True) if node.fires]
    if len(found) != len(subject.neurons):
        raise RuntimeRefused(
            f"{path}: has {len(found)} spiking populations, the network {len(subject.neurons)}: it "
            "belongs to another network. Export the run again."
        )
    dt_s = subject.facts.dt_s
    return Source(
        graph,
        {name: node.name for name, node in zip(subject.neurons, found, strict=True)},
        {
            name: discrete_neuron(node.name, node.node, dt_s).gain
            for name, node in zip(subject.neurons, found, strict=True)
        },
    )
