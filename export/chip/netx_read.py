"""Netx files (Lava's HDF5) as chip graphs: our own `chip.net` and those other tools wrote.

What Lava would compute is what is read. Where that isn't what the file says, since Lava ignores,
wraps, clips, truncates or corrupts a value in silence, a note tells it (`export.chip.netx_notes`).
What Lava fails on, or runs without a meaning, is refused.
"""

from dataclasses import replace
from pathlib import Path

from export.chip.check_graph import check_read_graph
from export.chip.facts_json import read_facts
from export.chip.graph import ChipGraph, ChipInput, InputForm
from export.chip.hdf5_guard import GuardedGroup, open_hdf5
from export.chip.netx_facts import RunFacts, graph_host, graph_readouts
from export.chip.netx_notes import Notes, ReadingNote
from export.chip.netx_stack import Stack
from export.errors import InvalidGraph
from trainers.errors import FileError

LAYER_GROUP = "layer"


def read_netx(
    path: str | Path, input_form: InputForm | None = None, num_layers: int | None = None
) -> ChipGraph:
    """Reads a netx file, without the notes of `read_netx_reported`.

    Args:
        path: the file.
        input_form: what enters a file that doesn't say so itself, `graded` for integer payloads;
            by default `bias` for a file whose input layer has neurons, else `spikes`.
        num_layers: read the first layers only, `input` and `flatten` counted, as netx does.

    Raises:
        FileError: the file is missing, truncated, damaged or isn't netx.
        UnsupportedLayer: a layer or neuron is of a kind the emulator doesn't have.
        LimitExceeded: a value is one that Lava fails on, or that no chip graph holds.
        InvalidGraph: shapes contradict each other, or a value isn't a finite number.
    """
    return read_netx_reported(path, input_form, num_layers)[0]


def read_netx_reported(
    path: str | Path, input_form: InputForm | None = None, num_layers: int | None = None
) -> tuple[ChipGraph, tuple[ReadingNote, ...]]:
    """Reads a netx file, and tells where Lava computes something else than the file says.

    Args, Raises: as `read_netx`.

    Returns:
        the graph as Lava computes it, and the notes in the order of the layers.
    """
    path = Path(path)
    with open_hdf5(path, "Name a netx file (.net)") as root:
        if LAYER_GROUP not in root.names():
            raise FileError(f"{path}: there is no group '{LAYER_GROUP}', so this isn't netx.")
        facts = read_facts(root)
        stack = _new_stack(facts, input_form)
        layers = _layers(root.child(LAYER_GROUP, str(path)), num_layers)
        names = _population_names(layers, facts, whole=num_layers is None)
        for layer, name in zip(layers, names, strict=True):
            stack.read(layer, name)
    graph = _graph(stack, facts, input_form, str(path))
    check_read_graph(graph, path)
    return graph, tuple(stack.notes.found)


def _new_stack(facts: RunFacts | None, asked: InputForm | None) -> Stack:
    form = asked if facts is None else facts.input.form
    stack = Stack(Notes(), payloads=form == "graded")
    if facts is not None and form != "bias":
        stack.input_name = facts.input.name
    return stack


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


def _graph(stack: Stack, facts: RunFacts | None, asked: InputForm | None, where: str) -> ChipGraph:
    if not stack.populations or stack.input_shape is None:
        raise InvalidGraph(f"{where}: no layer has neurons. Read more layers.")
    form = _form(stack, facts, asked, where)
    graph = ChipGraph(
        input=ChipInput(stack.input_name, form, stack.input_shape),
        populations=tuple(stack.populations),
        projections=tuple(stack.projections),
    )
    return graph if facts is None else _with_facts(graph, facts)


def _form(stack: Stack, facts: RunFacts | None, asked: InputForm | None, where: str) -> InputForm:
    """The input form: the file's own word, else the caller's, else what the layers imply."""
    bias_driven = stack.starts_with_neurons
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
    if facts is not None and facts.input.name != stack.input_name:
        raise InvalidGraph(
            f"{where}: the file's facts call the input '{facts.input.name}', and its layers "
            f"'{stack.input_name}'. Export the network again."
        )
    return form


def _with_facts(graph: ChipGraph, facts: RunFacts) -> ChipGraph:
    # A file read in part has no readout when that layer was left out.
    known = {population.name for population in graph.populations}
    return replace(
        graph,
        time_steps=facts.time_steps,
        readouts=tuple(r for r in graph_readouts(facts) if r.population in known),
        classes=facts.classes,
        host=graph_host(facts),
    )
