"""The training loop's contents as lightning wants them: loss, metrics, optimiser, schedule."""

import math
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics import MeanMetric, Metric
from torchmetrics.classification import MulticlassAccuracy

from trainers.epoch_batches import EpochBatches, epoch_seed
from trainers.errors import DataError, TrainingError
from trainers.network import SpikingNetwork
from trainers.train_table import TrainTable

SGD_MOMENTUM = 0.9
REMEDY = "Lower train.learning_rate or set train.gradient_clip."


class SpikingClassifier(LightningModule):
    """The network's own loss, label-smoothed; one learning-rate step per epoch.

    Losses and accuracies of an epoch are means over the samples of all processes.

    Args:
        network: prepared by its methods.
        settings: of the optimiser and the schedule.
        classes: how many.
        seed: of everything random.
        augmentation: changes training batches, time-major where samples are sequences.
        batches: the training split's, which say what a mini-batch weighs; None: all the same.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        settings: TrainTable,
        classes: int,
        seed: int,
        augmentation: nn.Module | None = None,
        batches: EpochBatches | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.augmentation = nn.Identity() if augmentation is None else augmentation
        self.settings = settings
        self.classes = classes
        self.seed = seed
        self.batches = batches
        self.train_loss = MeanMetric()
        self.train_accuracy = MulticlassAccuracy(classes, average="micro")
        self.validation_loss = MeanMetric()
        self.validation_accuracy = MulticlassAccuracy(classes, average="micro")

    @property
    def epoch_sums(self) -> dict[str, Metric]:
        """What this process sums up over an epoch's mini-batches."""
        return {"train_loss": self.train_loss, "train_accuracy": self.train_accuracy}

    def on_train_epoch_start(self) -> None:
        """Reseeds by (seed, epoch), so that a resumed run draws what an unbroken one drew."""
        torch.manual_seed(epoch_seed(self.seed, self.current_epoch, self.global_rank))
        self.network.readout.start_epoch(self.current_epoch)
        for metric in self.epoch_sums.values():
            metric.reset()

    def training_step(self, batch: list[Tensor], batch_index: int) -> Tensor:
        """Loss of one mini-batch.

        Raises:
            TrainingError: the loss isn't finite; names the first layer that isn't.
        """
        inputs, labels = self._time_major(batch)
        outputs, auxiliary = self.network.forward_all(self.augmentation(inputs))
        self._check(outputs)
        readout = self.network.readout
        loss: Tensor = self.network.loss(
            outputs, auxiliary, labels, readout, self.settings.label_smoothing
        )
        if not torch.isfinite(loss):
            layer = self._first_non_finite()
            value = loss.detach().item()
            cause = (
                f"first NaN or infinite values: {layer}"
                if layer
                else "all weights are still finite, so the forward pass overflowed"
            )
            raise TrainingError(
                f"epoch {self.current_epoch}, batch {batch_index}: the loss is {value} "
                f"({cause}). {REMEDY}"
            )
        readout.observe(outputs.detach(), labels)
        self.train_accuracy.update(readout(outputs.detach()), labels)
        self.train_loss.update(loss.detach(), len(labels))
        for name, metric in self.epoch_sums.items():
            self.log(name, metric, on_step=False, on_epoch=True, batch_size=len(labels))
        return self._weighted(loss, batch_index)

    def _weighted(self, loss: Tensor, batch_index: int) -> Tensor:
        if self.batches is None:
            return loss
        weight = self.batches.loss_weight(batch_index, self.settings.accumulate)
        return loss if weight == 1 else loss * weight

    def on_train_epoch_end(self) -> None:
        """Looks at every weight and statistic, before the epoch's checkpoint is written.

        A NaN membrane never exceeds its threshold: it falls silent, and the loss stays finite.

        Raises:
            TrainingError: a weight or a running statistic isn't finite; names the first.
        """
        layer = self._first_non_finite()
        if layer:
            raise TrainingError(
                f"epoch {self.current_epoch}: '{layer}' holds NaN or infinite values. {REMEDY}"
            )

    def on_validation_epoch_start(self) -> None:
        """Gives all processes the first one's statistics, where each has its own.

        DDP does so before each training step alone, and the checkpoint is the first one's.
        """
        if self.trainer.world_size > 1:
            for buffer in self.network.buffers():
                distributed.broadcast(buffer, src=0)

    def validation_step(self, batch: list[Tensor], batch_index: int) -> None:
        """Loss and accuracy on the validation split."""
        del batch_index
        inputs, labels = self._time_major(batch)
        outputs = self.network(inputs)
        self._check(outputs)
        logits = self.network.readout(outputs)
        self.validation_accuracy.update(logits, labels)
        self.validation_loss.update(F.cross_entropy(logits, labels), len(labels))
        self.log("validation_loss", self.validation_loss, batch_size=len(labels))
        self.log("validation_accuracy", self.validation_accuracy, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW or SGD; linear warm-up, then cosine to zero, stepped per epoch."""
        optimizer = self._optimizer()
        warmup, epochs = self.settings.warmup_epochs, self.settings.epochs

        def factor(epoch: int) -> float:
            if epoch < warmup:
                return (epoch + 1) / (warmup + 1)
            return 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / max(1, epochs - warmup)))

        return [optimizer], [LambdaLR(optimizer, factor)]

    def _optimizer(self) -> Optimizer:
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        rate, decay = self.settings.learning_rate, self.settings.weight_decay
        if self.settings.optimizer == "sgd":
            return SGD(trained, lr=rate, momentum=SGD_MOMENTUM, weight_decay=decay)
        return AdamW(trained, lr=rate, weight_decay=decay)

    def _time_major(self, batch: list[Tensor]) -> tuple[Tensor, Tensor]:
        inputs, labels = batch
        return inputs.transpose(0, 1) if self.network.sequence else inputs, labels

    def _check(self, outputs: Tensor) -> None:
        if outputs.shape[2:] != (self.classes,):
            raise DataError(
                f"network output: shape {tuple(outputs.shape[2:])} per step and sample, expected "
                f"({self.classes},), one current per class. Change the last layer."
            )

    def _first_non_finite(self) -> str | None:
        for name, tensor in self._state().items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                return name
        return None

    def _state(self) -> dict[str, Tensor]:
        """Weights and statistics by their names in the module, then those of auxiliary heads."""
        heads = self.network.auxiliary.state_dict(prefix="auxiliary.")
        return {**self.network.body.state_dict(), **heads}
