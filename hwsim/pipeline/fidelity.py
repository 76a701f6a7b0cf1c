"""fidelity.json: what freezing and quantising cost, measured, never silent."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from export.nir_metadata import read_facts
from export.quantizing import LayerQuantization
from hwsim.ledger.entry import LedgerEntry
from hwsim.ledger.measure import batch_size_of, measured
from hwsim.ledger.transformations import TRAINED, exported_name, transformations
from hwsim.pipeline.conversion import Conversion, TrainedRun
from trainers.atomic_file import whole_file
from trainers.errors import FileError


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
    rounding changed no weight. Files of older versions have no `weight_bits`; their
    `clipped_weights` counts weights at an end of the range, clipped or not.
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
    weight_bits: int | None = None
    weight_steps: tuple[int, ...] = ()
    spike_disagreement: float | None = None

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
        ledger: what each transformation did; empty in files of older versions.
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
    ledger: tuple[LedgerEntry, ...] = ()


def measure(run: TrainedRun, done: Conversion) -> tuple[Fidelity, NDArray[np.float64]]:
    """Measures the ledger on the whole test and calibration split, batch by batch.

    Returns:
        The comparison, and the logits [N, classes] of the frozen network as exported.
    """
    facts = read_facts(done.graph)
    ledger = measured(
        transformations(run, done),
        run.data.test,
        run.data.validation,
        layers=tuple(facts.thresholds),
        batch_size=batch_size_of(done.graph),
    )
    entries = {entry.name: entry for entry in ledger.entries}
    trained, frozen = entries[TRAINED], entries[exported_name(done)]
    layers = done.quantised.layers if done.quantised else ()
    paths = done.quantised.balancing.paths if done.quantised else ()
    fidelity = Fidelity(
        samples=len(run.data.test),
        trained=trained.accuracy,
        frozen=frozen.accuracy,
        validation_trained=trained.calibration_accuracy,
        spikes_changed=frozen.changed_since_training,
        quantised={layer.name: quantised_layer(layer) for layer in layers},
        waiting=tuple(WaitingPath(**asdict(path)) for path in paths),
        ledger=ledger.entries,
    )
    return fidelity, ledger.logits[exported_name(done)]


def quantised_layer(layer: LayerQuantization) -> QuantisedLayer:
    """What the file says of a population."""
    fields = asdict(layer)
    del fields["name"]
    return QuantisedLayer(on_host=layer.sqnr_db is None, **fields)


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
