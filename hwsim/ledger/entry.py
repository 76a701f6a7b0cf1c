"""One line of the ledger, as fidelity.json holds it."""

from pydantic import BaseModel, ConfigDict, Field


class LedgerEntry(BaseModel):
    """The network after one transformation.

    A share of changed spikes counts those that only one of two networks fired, over all test
    samples, steps and neurons of a layer, and divides by those that either fired.

    Args:
        name: of the transformation.
        what: it does, in words.
        accuracy: on the test split.
        calibration_accuracy: on the calibration split, which is the validation split.
        changed: per layer, spikes changed since the entry before; empty in the first.
        changed_since_training: per layer, spikes changed since the trained network.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    what: str
    accuracy: float = Field(ge=0, le=1)
    calibration_accuracy: float = Field(ge=0, le=1)
    changed: dict[str, float] = {}
    changed_since_training: dict[str, float] = {}
