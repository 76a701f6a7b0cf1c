"""One row of the table of data sets."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from trainers.data.splits import DataSplits


class DatasetOptions(BaseModel):
    """Options of one data set; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Dataset:
    """A data set that recipes can name.

    Args:
        summary: one line for `spikeport list datasets`.
        options: pydantic model of its options.
        load: reads and splits it.
    """

    summary: str
    options: type[DatasetOptions]
    load: Callable[[DatasetOptions], DataSplits]
