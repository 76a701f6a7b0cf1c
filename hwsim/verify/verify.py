"""Runs one frozen network in every runtime and says, per runtime, whether it stayed the same."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path

import nir
import numpy as np
from numpy.typing import NDArray

from export.graph_order import OrderedNode
from export.nir_metadata import FrozenFacts
from hwsim.errors import NotInstalled, RuntimeRefused, VerificationError
from hwsim.verify.reference import Judge, Reference
from hwsim.verify.row import Row
from hwsim.verify.runtime import Ask, Closing, Runtime, Samples, Subject
from hwsim.verify.runtimes import RUNTIMES
from hwsim.verify.tally import Tally, finished

IntArray = NDArray[np.int64]

LARGEST_BATCH = 256

BATCH_BYTES = 1 << 29
"""What the tensors of one batch may take; some ten float64 copies of every neuron live at once."""

_COPIES = 10


def verify_graph(
    graph: nir.NIRGraph,
    inputs: Samples,
    labels: IntArray,
    *,
    onnx: Path | None = None,
    step_onnx: Path | None = None,
    profiles: Mapping[str, Path] | None = None,
    runtimes: Mapping[str, Runtime] = RUNTIMES,
) -> list[Row]:
    """Holds every runtime to our executor on the same samples.

    Args:
        graph: the frozen network, as read from model.nir or model.schedule.npz; where thresholds
            move with time, importers of NIR have no row.
        inputs: [N, *shape] for a static input, [N, T, *shape] for a sequence.
        labels: [N], class numbers.
        onnx: model.onnx; without it its runtime has no row.
        step_onnx: model.step.onnx; without it its runtime has no row.
        profiles: files of `export.profiles`, by profile; without one its runtimes have no row.
        runtimes: by name, in the order of the rows.

    Raises:
        VerificationError: labels that don't belong to the samples or the network, or a network
            without spikes.
        DataError: inputs of the wrong shape, or with NaN or infinity.
        InvalidGraph: the graph contradicts itself or lacks the facts.
        UnsupportedLayer: a node of a kind the executor doesn't run.
        FileError: an ONNX file is missing or damaged.
    """
    subject = Subject(graph, onnx, step_onnx, profiles or {})
    nodes = subject.nodes
    if not subject.neurons:
        raise VerificationError(
            "NIR graph: it has no spiking node, so there is nothing to compare. Export a spiking "
            "network."
        )
    _check_labels(labels, len(inputs), nodes)
    trials: list[_Trial] = []
    judge = Judge(subject)
    size = _batch_size(nodes, subject.facts)
    with ExitStack() as stack:
        for name, runtime in runtimes.items():
            trial = _open(name, runtime, subject)
            if trial is not None:
                trials.append(trial)
                stack.callback(trial.close)
        for first in range(0, len(inputs), size):
            batch = inputs[first : first + size]
            reference = judge.reference(batch)
            for trial in trials:
                trial.run(batch, reference, labels[first : first + size])
    return [trial.row() for trial in trials]


@dataclass
class _Trial:
    """A runtime under test: its tally while it runs, or the row that ended it."""

    name: str
    runtime: Runtime
    tally: Tally
    ask: Ask | None = None
    ended: Row | None = None

    def run(self, batch: Samples, reference: Reference, labels: IntArray) -> None:
        if self.ask is None:
            return
        try:
            self.tally.add(reference, self.ask(batch), labels)
        except RuntimeRefused as error:
            self.close()
            self.ended = finished(self.name, self.runtime, "different", str(error))

    def close(self) -> None:
        if isinstance(self.ask, Closing):
            self.ask.close()
        self.ask = None

    def row(self) -> Row:
        return self.ended or self.tally.row()


def _open(name: str, runtime: Runtime, subject: Subject) -> _Trial | None:
    if runtime.imports_nir and subject.facts.moving_thresholds:
        return None
    trial = _Trial(name, runtime, Tally(name, runtime))
    try:
        trial.ask = runtime.open(subject)
    except NotInstalled as error:
        trial.ended = finished(name, runtime, "not installed", str(error))
    except RuntimeRefused as error:
        trial.ended = finished(name, runtime, "different", str(error))
    return trial if trial.ask or trial.ended else None


def _check_labels(labels: IntArray, samples: int, nodes: tuple[OrderedNode, ...]) -> None:
    if labels.shape != (samples,) or labels.dtype.kind not in "iu":
        raise VerificationError(
            f"labels: shape {labels.shape} of {labels.dtype}, expected one whole number for each "
            f"of {samples} samples. Use the labels of the same samples.npz."
        )
    classes = prod(nodes[-1].shape)
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise VerificationError(
            f"labels: {wrong.size} lie outside 0..{classes - 1} (the first is {wrong[0]}). "
            "Use the samples this network was trained on."
        )


def _batch_size(nodes: tuple[OrderedNode, ...], facts: FrozenFacts) -> int:
    values = facts.time_steps * sum(prod(node.shape) for node in nodes)
    return max(1, min(LARGEST_BATCH, BATCH_BYTES // (8 * _COPIES * values)))
