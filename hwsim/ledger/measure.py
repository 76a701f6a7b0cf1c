"""Runs all transformations side by side, batch by batch, and counts what each one changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

import nir
import numpy as np
from numpy.typing import NDArray

from export.graph_order import in_order
from export.nir_metadata import read_facts
from hwsim.ledger.entry import LedgerEntry
from hwsim.ledger.transformation import Answer, Transformation
from trainers.data import Split

BoolArray = NDArray[np.bool_]

BATCH_MAX = 512
BATCH_BYTES = 1 << 29
NETWORKS = 16
"""Networks whose spikes are held at once, or bytes per neuron and step of one that runs."""


@dataclass
class SpikesApart:
    """Spikes of two networks, layer by layer: those of one alone, and those of either."""

    apart: dict[str, int] = field(default_factory=dict)
    either: dict[str, int] = field(default_factory=dict)

    def add(self, first: Answer, second: Answer) -> None:
        """Counts a batch; layers that only one of the two has are left out."""
        for layer in first.spikes.keys() & second.spikes.keys():
            before, after = first.spikes[layer], second.spikes[layer]
            self.apart[layer] = self.apart.get(layer, 0) + int((before != after).sum())
            self.either[layer] = self.either.get(layer, 0) + int((before | after).sum())

    def shares(self, layers: Sequence[str]) -> dict[str, float]:
        """Share per layer, in the order of `layers`; 0 where nothing fired at all."""
        return {
            layer: self.apart[layer] / max(1, self.either[layer])
            for layer in layers
            if layer in self.apart
        }


@dataclass
class Column:
    """What is counted of one transformation."""

    transformation: Transformation
    correct: int = 0
    since_before: SpikesApart = field(default_factory=SpikesApart)
    since_training: SpikesApart = field(default_factory=SpikesApart)
    logits: list[NDArray[np.float64]] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """The ledger, and each transformation's logits [N, classes] on the test split, by name."""

    entries: tuple[LedgerEntry, ...]
    logits: dict[str, NDArray[np.float64]]


def measured(
    transformations: Sequence[Transformation],
    test: Split,
    calibration: Split,
    layers: Sequence[str],
    batch_size: int,
) -> Measured:
    """Measures every transformation on both splits; spikes are compared on the test split.

    Args:
        transformations: the trained network first, each next one made from the one before.
        test: the test split.
        calibration: the calibration split; only accuracies are measured there.
        layers: in computing order.
        batch_size: samples at once.
    """
    columns = [Column(transformation) for transformation in transformations]
    for inputs, labels in batches(test, batch_size):
        answers = [column.transformation.run(inputs) for column in columns]
        for index, (column, answer) in enumerate(zip(columns, answers, strict=True)):
            column.correct += correct(answer, labels)
            column.logits.append(answer.logits)
            if index:
                column.since_before.add(answers[index - 1], answer)
                column.since_training.add(answers[0], answer)
    seen = _calibration_accuracies(transformations, calibration, batch_size)
    return Measured(
        entries=tuple(
            LedgerEntry(
                name=column.transformation.name,
                what=column.transformation.what,
                accuracy=column.correct / len(test),
                calibration_accuracy=accuracy,
                changed=column.since_before.shares(layers),
                changed_since_training=column.since_training.shares(layers),
            )
            for column, accuracy in zip(columns, seen, strict=True)
        ),
        logits={column.transformation.name: np.concatenate(column.logits) for column in columns},
    )


def batch_size_of(graph: nir.NIRGraph) -> int:
    """Samples whose spikes, in all networks at once, take a bounded part of memory."""
    facts, nodes = read_facts(graph), in_order(graph, loops=True)
    neurons = sum(prod(node.shape) for node in nodes if node.fires)
    return max(1, min(BATCH_MAX, BATCH_BYTES // (NETWORKS * facts.time_steps * neurons)))


def correct(answer: Answer, labels: NDArray[np.int64]) -> int:
    """Samples whose largest logit is the label's."""
    return int((answer.logits.argmax(axis=1) == labels).sum())


def batches(split: Split, size: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Inputs and labels, `size` samples at a time."""
    for start in range(0, len(split), size):
        part = slice(start, start + size)
        yield split.inputs[part], split.labels[part]


def _calibration_accuracies(
    transformations: Sequence[Transformation], split: Split, size: int
) -> list[float]:
    right = [0] * len(transformations)
    for inputs, labels in batches(split, size):
        for index, transformation in enumerate(transformations):
            right[index] += correct(transformation.run(inputs), labels)
    return [count / len(split) for count in right]
