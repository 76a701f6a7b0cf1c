"""Loading a data set by name, for the Python API."""

from typing import Any

from trainers.data import DATASETS, DataSplits
from trainers.errors import ConfigError
from trainers.faults import checked


def load_data(name: str, **options: Any) -> DataSplits:
    """Loads and splits a data set of the table.

    Raises:
        ConfigError: an unknown data set or option.
        DataError: its files are missing or damaged.
    """
    if name not in DATASETS:
        raise ConfigError(f"data set '{name}': unknown. Known: {', '.join(sorted(DATASETS))}.")
    faults: list[str] = []
    chosen = checked(DATASETS[name].options, options, "", faults)
    if chosen is None:
        raise ConfigError(f"data set '{name}': {'; '.join(faults)}. Check the options.")
    return DATASETS[name].load(chosen)
