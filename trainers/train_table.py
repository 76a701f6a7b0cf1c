"""[train] of a recipe: how long, how, and on what training runs."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from trainers.recipe_table import Table

SECONDS_PER_MINUTE = 60
BATCHES = " batches"


class TrainTable(Table):
    """[train]: T, optimiser, schedule, precision, processes, checkpoints.

    Args:
        time_steps: T.
        epochs: passes over the training split.
        batch_size: samples of a mini-batch, of all processes together: their number changes
            neither the mini-batches nor the result, but for rounding.
        accumulate: mini-batches per optimiser step; each sample of a step weighs the same.
        optimizer: `adamw` or `sgd` (momentum 0.9).
        learning_rate: peak rate; cosine to 0 after `warmup_epochs` of linear rise.
        weight_decay: of the optimiser.
        warmup_epochs: epochs of linear warm-up.
        label_smoothing: of every cross-entropy in the method's loss.
        gradient_clip: largest gradient norm, None for no clipping.
        precision: `32`, `bf16` or `16` (mixed).
        fused: run neurons as compiled kernels (trainers/fused_training.py): `auto` where a training
            is long enough, and a C++ compiler there, `on` or `off`.
        ema_decay: validate and keep a moving average of the weights (trainers/averaged_weights.py)
            with this decay per optimiser step; None for the weights themselves.
        early_stop: stop after so many epochs without a better one on the validation split, and
            keep the weights of the best; None trains all epochs and keeps the last.
        checkpoint_every: minutes between checkpoints within an epoch, or e.g. "200 batches"; 0
            for one at the end of each epoch alone, where there always is one.
        checkpoint_activations: keep the inputs of a network's segments alone and compute the rest
            again in the backward pass: less memory, about a third more time.
        devices: processes on each node, one per GPU.
        nodes: machines that train together; torchrun or SLURM start the processes.
    """

    time_steps: int = Field(default=4, ge=1, le=4096)
    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=64, ge=2)
    accumulate: int = Field(default=1, ge=1)
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=0.01, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup_epochs: int = Field(default=0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    gradient_clip: float | None = Field(default=None, gt=0)
    precision: Literal["32", "bf16", "16"] = "32"
    fused: Literal["auto", "on", "off"] = "auto"
    ema_decay: float | None = Field(default=None, gt=0, lt=1)
    early_stop: int | None = Field(default=None, ge=1)
    checkpoint_every: float | str = 10.0
    checkpoint_activations: bool = False
    devices: int = Field(default=1, ge=1)
    nodes: int = Field(default=1, ge=1)

    @field_validator("checkpoint_every")
    @classmethod
    def _time_or_batches(cls, value: float | str) -> float | str:
        if isinstance(value, str):
            number = value.removesuffix(BATCHES)
            sound = number != value and number.isascii() and number.isdigit() and int(number) > 0
        else:
            sound = value >= 0
        if not sound:
            raise ValueError(
                f"{value!r} must be a number of minutes, 0 or more, or text such as '200 batches'"
            )
        return value

    @model_validator(mode="after")
    def _a_sample_for_each_process(self) -> Self:
        if self.batch_size < self.processes:
            raise ValueError(
                f"batch_size ({self.batch_size}) must be at least devices x nodes "
                f"({self.processes}), it counts the samples of all processes together"
            )
        return self

    @property
    def processes(self) -> int:
        """How many train together."""
        return self.devices * self.nodes

    @property
    def checkpoint_batches(self) -> int | None:
        """Mini-batches between checkpoints within an epoch; None where time decides, or nothing."""
        every = self.checkpoint_every
        return int(every.removesuffix(BATCHES)) if isinstance(every, str) else None

    @property
    def checkpoint_seconds(self) -> float | None:
        """Seconds between checkpoints within an epoch; None where batches decide, or nothing."""
        every = self.checkpoint_every
        return every * SECONDS_PER_MINUTE if isinstance(every, float) and every > 0 else None
