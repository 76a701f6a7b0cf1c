"""One row of the table of data sets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from trainers.data.download.meter import Meter
from trainers.data.splits import DataSplits


class DatasetOptions(BaseModel):
    """Options of one data set; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Download(Protocol):
    """Fetches a data set's files; the only part of it that touches the network."""

    def __call__(self, options: DatasetOptions, meter: Meter, /) -> str:
        """Leaves the files where `load` looks for them; returns what was done, one clause."""


@dataclass(frozen=True)
class Dataset:
    """A data set that recipes can name.

    Args:
        summary: one line for `spikeport list datasets`.
        options: pydantic model of its options.
        load: reads and splits it.
        download: fetches its files first, where that is asked for; None: no public source.
    """

    summary: str
    options: type[DatasetOptions]
    load: Callable[[DatasetOptions], DataSplits]
    download: Download | None = None
