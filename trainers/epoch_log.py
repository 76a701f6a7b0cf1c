"""metrics.csv: one row per finished epoch, continued (not restarted) when a run resumes."""

import csv
import io
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from trainers.atomic_file import whole_file
from trainers.errors import FileError
from trainers.sample_memory import SampleMemory

COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
    "bytes_per_sample",
    "seconds",
)
WITHOUT_MEMORY = tuple(name for name in COLUMNS if name != "bytes_per_sample")
"""Columns of files from before it was measured."""


class EpochLog(Callback):
    """Collects the metrics of each epoch and, given a path, keeps the CSV file up to date.

    Args:
        path: metrics.csv; None to keep the rows in memory alone, as all processes but the first do.
        memory: what a sample takes.
    """

    def __init__(self, path: Path | None, memory: SampleMemory) -> None:
        self.path = path
        self.memory = memory
        self.rows: list[dict[str, float]] = []
        self._started = 0.0
        self._learning_rate = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the epoch's clock and notes its rate: at its end the next one is already set."""
        del pl_module
        self._learning_rate = float(trainer.optimizers[0].param_groups[0]["lr"])
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Adds the epoch's row."""
        del pl_module
        metrics = trainer.callback_metrics
        row = {name: float(metrics[name]) for name in COLUMNS if name in metrics}
        row["epoch"] = trainer.current_epoch
        row["learning_rate"] = self._learning_rate
        if self.memory.bytes_per_sample is not None:
            row["bytes_per_sample"] = self.memory.bytes_per_sample
        row["seconds"] = round(time.perf_counter() - self._started, 4)
        self.rows.append(row)
        if self.path is not None:
            write_metrics(self.path, self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Rows travel in the checkpoint, so a resumed run has exactly those behind it.

        Within an epoch its rate and the seconds spent do too.
        """
        return {
            "rows": self.rows,
            "learning_rate": self._learning_rate,
            "elapsed": time.perf_counter() - self._started,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes them back."""
        self.rows = list(state_dict["rows"])
        self._learning_rate = state_dict["learning_rate"]
        self._started = time.perf_counter() - state_dict["elapsed"]


def write_metrics(path: Path, rows: list[dict[str, float]]) -> None:
    """Writes the CSV file whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with whole_file(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Reads the CSV file back; empty cells are left out.

    Raises:
        FileError: it is missing or isn't a metrics.csv.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: can't be read ({error}). Train first.") from error
    reader = csv.DictReader(io.StringIO(text), restkey="beyond the header")
    if tuple(reader.fieldnames or ()) not in (COLUMNS, WITHOUT_MEMORY):
        raise FileError(f"{path}: not a metrics.csv (columns {reader.fieldnames}). Train again.")
    try:
        return [{name: float(value) for name, value in row.items() if value} for row in reader]
    except (TypeError, ValueError) as error:
        raise FileError(f"{path}, line {reader.line_num}: {error}. Train again.") from error
