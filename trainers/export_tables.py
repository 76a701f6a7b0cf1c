"""[export] of a recipe, with [export.finetune] and [export.qat]."""

from typing import Literal

from pydantic import Field

from trainers.recipe_table import Table

ThresholdStrategy = Literal["mean", "calibrated", "finetune", "schedule"]
ScaleSearch = Literal["max-abs", "percentile", "squared-error", "spike-disagreement"]


class TuningTable(Table):
    """Epochs that an export adds to the training.

    Args:
        epochs: passes over the training split.
        learning_rate: peak rate; cosine to 0. The optimiser and all else are [train]'s.
    """

    epochs: int = Field(default=2, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0)


class FinetuneTable(TuningTable):
    """[export.finetune]: the last epochs of training, with constant thresholds."""


class QatTable(TuningTable):
    """[export.qat]: epochs on the chip's integers, if the table is there."""

    learning_rate: float = Field(default=2e-4, gt=0)


class ExportTable(Table):
    """[export]: which files to write, how thresholds freeze and how weights become integers.

    Args:
        targets: of `spikeport list targets`.
        threshold_strategy: how a threshold that depends on the step becomes a constant:
            `mean` over the steps; `calibrated` to the spikes of the per-step network; `finetune`,
            a few epochs with constant thresholds; `schedule` keeps the steps' own.
        input_form: how samples enter the chip. `bias`: the host computes the first layer and
            writes its currents. `spikes`: inputs of 0 and 1 are sent as they are. `graded`: inputs
            are sent as integer payloads, which Loihi 1 doesn't have.
        payload_bits: the most bits of a graded payload; fewer where that serves the weights.
        weight_bits: of a synaptic weight, sign included.
        scale_search: how each population's scale is chosen; see `export.quantizing`.
        finetune: of threshold strategy `finetune`.
        qat: quantisation-aware fine-tuning; None for none.
        max_drop: the largest loss of accuracy on the calibration split, from trained to the last
            thing exported, that `spikeport export` accepts; None for any.
    """

    targets: tuple[str, ...] = ("nir", "onnx", "chip")
    threshold_strategy: ThresholdStrategy = "calibrated"
    input_form: Literal["bias", "spikes", "graded"] = "bias"
    payload_bits: int = Field(default=8, ge=1, le=16)
    weight_bits: int = Field(default=8, ge=2, le=8)
    scale_search: ScaleSearch = "max-abs"
    finetune: FinetuneTable = FinetuneTable()
    qat: QatTable | None = None
    max_drop: float | None = Field(default=None, ge=0, le=1)
