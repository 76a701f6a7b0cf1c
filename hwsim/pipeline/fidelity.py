"""fidelity.json: what freezing and quantising cost, measured, never silent."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import nir
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from export.executor import logits, run_graph
from export.nir_metadata import read_facts
from export.quantizing import LayerQuantization, Quantization
from trainers.atomic_file import whole_file
from trainers.data import DataSplits, Split
from trainers.errors import FileError
from trainers.evaluation import evaluate
from trainers.network import SpikingNetwork

BATCH = 512


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QuantisedPayload(_Table):
    """Graded inputs of one population; see export.quantizing.PayloadQuantization."""

    bits: int
    asked_bits: int
    scale: float
    lowest: int
    highest: int
    calibration_sum: int
    worst_sum: int
    error: float


class QuantisedLayer(_Table):
    """Integers of one population; see export.quantizing.LayerQuantization.

    `on_host`: it has no weights on the chip. `sqnr_db` is null there, and null or infinite where
    rounding changed no weight.
    """

    scale: float
    threshold: int
    weight_max: int
    clipped_weights: int
    sqnr_db: float | None
    on_host: bool
    payload: QuantisedPayload | None = None
    projections: int = 1
    identity_error: float | None = None
    silenced: int = 0

    @model_validator(mode="before")
    @classmethod
    def _of_older_files(cls, table: Any) -> Any:
        # They lack the key; without weights on the chip the largest is 0.
        if isinstance(table, dict) and "on_host" not in table:
            return table | {"on_host": table.get("weight_max") == 0}
        return table


class WaitingPath(_Table):
    """One projection that waits for a longer way; see export.chip.balancing.BalancedPath."""

    source: str
    target: str
    steps: int
    means: Literal["relay", "delay"]
    why: str
    relays: tuple[str, ...]
    neurons: int
    cores: int
    synapses: int


class Fidelity(_Table):
    """Accuracy on the test split and changed spikes.

    Args:
        format: version of this layout.
        samples: test samples.
        trained: accuracy of the trained network: last epoch, or with early stop the best.
        frozen: accuracy of the frozen network.
        validation_trained: accuracy of the trained network on the validation split.
        spikes_changed: per layer, spikes that only one of the two networks fired, as a share of
            the spikes that either fired.
        quantised: per population, what quantising did; empty without a chip target.
        waiting: paths that wait for longer ones on the chip; empty in a plain chain.
        clipped_inputs: integers of the test samples that were clipped to what the host may send.
    """

    format: Literal[1] = 1
    samples: int
    trained: float
    frozen: float
    validation_trained: float
    spikes_changed: dict[str, float]
    quantised: dict[str, QuantisedLayer] = {}
    waiting: tuple[WaitingPath, ...] = ()
    clipped_inputs: int = 0


def measure(
    network: SpikingNetwork,
    graph: nir.NIRGraph,
    data: DataSplits,
    quantised: Quantization | None,
) -> tuple[Fidelity, NDArray[np.float64]]:
    """Compares trained and frozen network on the whole test split, batch by batch.

    Returns:
        The comparison, and the frozen network's logits [N, classes].
    """
    facts = read_facts(graph)
    test = data.test
    answers, correct = [], 0
    changed = dict.fromkeys(facts.thresholds, 0)
    fired = dict.fromkeys(facts.thresholds, 0)
    for start in range(0, len(test), BATCH):
        inputs = test.inputs[start : start + BATCH]
        part = Split(inputs, test.labels[start : start + BATCH])
        trained = evaluate(network, part, record_spikes=True)
        frozen = run_graph(graph, inputs)
        answers.append(logits(frozen.outputs, facts))
        correct += round(trained.accuracy * len(part))
        for node in changed:
            before, after = trained.spikes[facts.modules[node]], frozen.spikes[node]
            changed[node] += int((before != after).sum())
            fired[node] += int((before | after).sum())
    stacked = np.concatenate(answers)
    fidelity = Fidelity(
        samples=len(test),
        trained=correct / len(test),
        frozen=float((stacked.argmax(axis=1) == test.labels).mean()),
        validation_trained=evaluate(network, data.validation).accuracy,
        spikes_changed={node: changed[node] / max(1, fired[node]) for node in changed},
        quantised={
            layer.name: QuantisedLayer(
                scale=layer.scale,
                threshold=layer.threshold,
                weight_max=layer.weight_max,
                clipped_weights=layer.clipped_weights,
                sqnr_db=layer.sqnr_db,
                on_host=layer.sqnr_db is None,
                payload=_payload(layer),
                projections=layer.projections,
                identity_error=layer.identity_error,
                silenced=layer.silenced,
            )
            for layer in (quantised.layers if quantised else ())
        },
        waiting=tuple(
            WaitingPath(**asdict(path)) for path in (quantised.balancing.paths if quantised else ())
        ),
    )
    return fidelity, stacked


def _payload(layer: LayerQuantization) -> QuantisedPayload | None:
    return None if layer.payload is None else QuantisedPayload(**asdict(layer.payload))


def write_fidelity(path: Path, fidelity: Fidelity) -> None:
    """Writes the file whole."""
    with whole_file(path) as partial:
        partial.write_text(fidelity.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_fidelity(path: Path) -> Fidelity:
    """Reads it back.

    Raises:
        FileError: missing or damaged.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file. Export the run first with `spikeport export`.")
    try:
        return Fidelity.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path}: damaged ({str(error).splitlines()[0]}). Export the run again."
        ) from error
