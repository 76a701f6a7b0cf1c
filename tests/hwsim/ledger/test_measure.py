"""The ledger's counts, held to ones worked out by hand."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hwsim.ledger.measure import measured
from hwsim.ledger.transformation import Answer, Run, Transformation
from trainers.data import Split

LABELS = np.array([0, 1, 1, 0, 1])
SPLIT = Split(np.arange(5, dtype=np.float32).reshape(5, 1), LABELS)


def network(classes: list[int], fired: dict[str, list[list[int]]]) -> Run:
    """Answers sample n with class classes[n] and, per layer, spikes fired[layer][t][n]."""

    def run(inputs: NDArray[Any]) -> Answer:
        rows = inputs[:, 0].astype(int)
        spikes = {name: np.array(steps, dtype=bool)[:, rows, None] for name, steps in fired.items()}
        return Answer(np.eye(2)[np.array(classes)[rows]], spikes)

    return run


TRAINED = network([0, 1, 1, 0, 1], {"a": [[1, 1, 0, 0, 0]], "b": [[1, 1, 1, 1, 0]]})
FROZEN = network([0, 1, 0, 0, 1], {"a": [[1, 0, 1, 0, 0]], "b": [[1, 1, 1, 1, 0]]})
CHIP = network(
    [1, 1, 0, 0, 0], {"a": [[1, 0, 1, 0, 0]], "b": [[0, 0, 0, 0, 1]], "relay": [[1] * 5]}
)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 9])
def test_counts_by_hand(batch_size: int) -> None:
    """Accuracies, and shares against the entry before and against the trained network."""
    way = [
        Transformation(name, f"what {name} does", run)
        for name, run in (("trained", TRAINED), ("frozen", FROZEN), ("chip", CHIP))
    ]
    first_two = Split(SPLIT.inputs[:2], LABELS[:2])
    found = measured(way, SPLIT, first_two, layers=("a", "b"), batch_size=batch_size)
    trained, frozen, chip = found.entries
    assert [entry.accuracy for entry in found.entries] == [1.0, 0.8, 0.4]
    assert [entry.calibration_accuracy for entry in found.entries] == [1.0, 1.0, 0.5]
    assert trained.changed == trained.changed_since_training == {}
    assert frozen.changed == frozen.changed_since_training == {"a": 2 / 3, "b": 0.0}
    assert chip.changed == {"a": 0.0, "b": 1.0}
    assert chip.changed_since_training == {"a": 2 / 3, "b": 1.0}
    np.testing.assert_array_equal(found.logits["chip"].argmax(axis=1), [1, 1, 0, 0, 0])


def test_silent_layers_have_nothing_to_change() -> None:
    """A layer in which neither network fired is unchanged, not a division by zero."""
    silent = network([0] * 5, {"a": [[0] * 5]})
    way = [Transformation(name, "", silent) for name in ("trained", "frozen")]
    found = measured(way, SPLIT, SPLIT, layers=("a",), batch_size=5)
    assert found.entries[1].changed == {"a": 0.0}
