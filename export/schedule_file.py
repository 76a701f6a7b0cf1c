"""model.schedule.npz: a frozen network whose thresholds move, which no .nir file can hold.

Readers of NIR know constant thresholds only and would run another network without a word, so it
lies in a file of its own that none of them opens. Arrays, all without pickle:

| array | dtype, shape | meaning |
|---|---|---|
| format | int64 | version of this layout, 1 |
| time_steps | int64 | T of training; later steps use the last threshold |
| facts | text | what `export.nir_metadata.FrozenFacts` says, JSON |
| edges | text [E, 2] | source and target node |
| node/<node>/<field> | as in NIR | NIR's own fields of every node, `type` among them |
| threshold/<node> | float64 [T] | threshold at each step, in v_threshold's units |
| value/<node> | float64 | v_threshold, which stands for all steps where one number must |
| adaptation/<node> | float64 [2] | beta and rho, where each neuron's own spikes raise it |

At step t neuron i of <node> fires where v > threshold[t] * (1 + beta a[t]), with a[0] = 0 and
a[t+1] = rho a[t] + (1 - rho) s[t]; without adaptation beta is 0. The last three are given for
layers whose neurons share one v_threshold; `facts` holds what they are made from.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from export.errors import InvalidGraph, UnsupportedLayer
from export.graph_order import in_order
from export.moving_threshold import moving_threshold
from export.nir_file import read_nir, refuse_non_finite
from export.nir_metadata import FrozenFacts, attach_facts, read_facts
from export.nir_values import refuse_odd_values
from trainers.errors import FileError
from trainers.npz_file import read_npz, write_npz

FORMAT = 1
SCHEDULE_FILE = "model.schedule.npz"

Arrays = dict[str, NDArray[Any]]

_KINDS = ("Affine", "AvgPool2d", "Conv2d", "Flatten", "IF", "Input", "LIF", "Linear", "Output",
          "SumPool2d")  # fmt: skip
"""Nodes that the executor runs; a file can't make any other of NIR's classes."""

_TEXTS = ("type", "padding")
"""Fields of nodes that may hold a word."""


def write_schedule(graph: nir.NIRGraph, path: str | Path) -> None:
    """Writes the graph; `path` appears only when the file is complete.

    Raises:
        InvalidGraph: it lacks its facts, or contradicts itself.
        UnsupportedLayer: it holds a node that nothing here runs, or one with '/' in its name.
        FileError: the folder can't be written to, or no space is left.
    """
    facts = read_facts(graph)
    in_order(graph, loops=True)
    arrays: Arrays = {
        "format": np.array(FORMAT),
        "time_steps": np.array(facts.time_steps),
        "facts": np.array(facts.model_dump_json()),
        "edges": np.array(graph.edges, dtype=np.str_),
    }
    for name, node in graph.nodes.items():
        if "/" in name:
            raise UnsupportedLayer(f"node '{name}': a name with '/' has no place here. Rename it.")
        fields = node.to_dict()
        if fields["type"] not in _KINDS:
            raise UnsupportedLayer(
                f"node '{name}': kind {fields['type']} isn't supported. Use {', '.join(_KINDS)}."
            )
        kept = {key: value for key, value in fields.items() if _is_stored(value)}
        arrays |= {f"node/{name}/{key}": np.asarray(value) for key, value in kept.items()}
    arrays |= dict(_thresholds(graph, facts))
    write_npz(Path(path), arrays)


def read_schedule(path: str | Path) -> nir.NIRGraph:
    """Reads what `write_schedule` wrote.

    Raises:
        FileError: missing, damaged, too large, of another format, or not such a file.
        InvalidGraph: what it holds contradicts itself, or isn't finite.
    """
    path = Path(path)
    arrays = read_npz(path)
    _check_format(path, arrays)
    try:
        facts = FrozenFacts.model_validate_json(_text(path, arrays, "facts"))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "JSON"
        raise InvalidGraph(f"{path}, facts, {where}: {fault['msg']}. Export it again.") from error
    graph = _graph(path, arrays)
    attach_facts(graph, facts)
    refuse_odd_values(graph, str(path))
    refuse_non_finite(graph, str(path))
    in_order(graph, loops=True)
    _refuse_contradictions(path, arrays, graph, facts)
    return graph


def read_frozen(path: str | Path) -> nir.NIRGraph:
    """A frozen network from model.nir or model.schedule.npz, told apart by their suffix.

    Raises:
        FileError: missing, damaged, or not such a file.
        InvalidGraph: what it holds contradicts itself, or isn't finite.
    """
    return read_schedule(path) if Path(path).suffix == ".npz" else read_nir(path)


def _is_stored(value: Any) -> bool:
    return value is not None and not isinstance(value, dict)


def _thresholds(graph: nir.NIRGraph, facts: FrozenFacts) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, node in graph.nodes.items():
        if name not in facts.thresholds or np.ptp(node.v_threshold) > 0:
            continue
        value = np.array(node.v_threshold.flat[0], dtype=np.float64)
        moving = moving_threshold(facts, name)
        steps = np.ones(facts.time_steps)
        yield f"value/{name}", value
        yield f"threshold/{name}", value * (moving.factors_over(len(steps)) if moving else steps)
        if moving is not None and moving.adaptation is not None:
            yield f"adaptation/{name}", np.array([moving.adaptation.beta, moving.adaptation.rho])


def _check_format(path: Path, arrays: Arrays) -> None:
    found = arrays.get("format")
    if found is None or found.shape != () or found.dtype.kind not in "iu":
        raise FileError(f"{path}: no array 'format', so it isn't a {SCHEDULE_FILE}.")
    if int(found) != FORMAT:
        raise FileError(
            f"{path}: format {int(found)} is unknown, this version reads {FORMAT}. Update "
            "spikeport or export the network again."
        )


def _text(path: Path, arrays: Arrays, name: str) -> str:
    array = arrays.get(name)
    if array is None or array.shape != () or array.dtype.kind != "U":
        raise FileError(f"{path}: array '{name}' isn't one text. Export the network again.")
    return str(array)


def _graph(path: Path, arrays: Arrays) -> nir.NIRGraph:
    edges = arrays.get("edges")
    if edges is None or edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind != "U":
        raise FileError(f"{path}: array 'edges' isn't text [E, 2]. Export the network again.")
    fields: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        if key.startswith("node/") and key.count("/") == 2:
            _, node, field = key.split("/")
            fields.setdefault(node, {})[field] = _field(path, key, field, array)
    try:
        # Parameters that make no sense are refused below, not remarked on by numpy here.
        with np.errstate(all="ignore"):
            nodes = {name: _node(path, name, own) for name, own in fields.items()}
            # Its own type check ignores groups and rectangles; `in_order` checks all shapes.
            return nir.NIRGraph(nodes, [(str(a), str(b)) for a, b in edges], type_check=False)
    except (
        ValueError, TypeError, AssertionError, LookupError, AttributeError, ArithmeticError,
    ) as error:  # fmt: skip
        lines = str(error).splitlines() or [type(error).__name__]
        raise InvalidGraph(
            f"{path}: the network contradicts itself ({lines[0]}). Export it again."
        ) from error


def _field(path: Path, key: str, field: str, array: NDArray[Any]) -> Any:
    if array.dtype.kind == "U" and array.shape == () and field in _TEXTS:
        return str(array)
    if array.dtype.kind not in "iuf":
        raise FileError(f"{path}: array '{key}' holds {array.dtype}, not numbers. Export it again.")
    return array.item() if array.shape == () else array


def _node(path: Path, name: str, fields: dict[str, Any]) -> nir.NIRNode:
    kind = fields.get("type")
    if kind not in _KINDS:
        raise FileError(
            f"{path}: node '{name}' is of kind {str(kind)[:40]!a}. Known: {', '.join(_KINDS)}."
        )
    return nir.dict2NIRNode({"bias": None, **fields} if kind == "Conv2d" else fields)


def _refuse_contradictions(
    path: Path, arrays: Arrays, graph: nir.NIRGraph, facts: FrozenFacts
) -> None:
    """Thresholds that the file shows must be those that its facts make."""
    expected = {"time_steps": np.array(facts.time_steps), **dict(_thresholds(graph, facts))}
    shown = [key for key in arrays if key.split("/")[0] in ("threshold", "value", "adaptation")]
    for key in {*expected, *shown}:
        found, wanted = arrays.get(key), expected.get(key)
        same = (
            found is not None
            and wanted is not None
            and found.dtype.kind in "iuf"
            and found.shape == wanted.shape
            and np.allclose(found, wanted, rtol=1e-12, atol=0)
        )
        if not same:
            raise InvalidGraph(
                f"{path}: array '{key}' isn't what the file's facts and nodes say. Export the "
                "network again instead of changing the file."
            )
