"""Loading a data set by name, for the Python API."""

from typing import Any

from trainers.data import DATASETS, DataSplits
from trainers.data.download.meter import silent
from trainers.errors import ConfigError
from trainers.faults import checked


def load_data(name: str, *, download: bool = False, **options: Any) -> DataSplits:
    """Loads and splits a data set of the table.

    Args:
        name: in the table.
        download: first fetches its files, where it has a public source and they aren't there yet;
            nothing else touches the network.
        options: of the data set.

    Raises:
        ConfigError: an unknown data set or option, or one that can't be fetched.
        DataError: its files are missing or damaged.
    """
    if name not in DATASETS:
        raise ConfigError(f"data set '{name}': unknown. Known: {', '.join(sorted(DATASETS))}.")
    faults: list[str] = []
    chosen = checked(DATASETS[name].options, options, "", faults)
    if chosen is None:
        raise ConfigError(f"data set '{name}': {'; '.join(faults)}. Check the options.")
    fetch = DATASETS[name].download
    if download:
        if fetch is None:
            raise ConfigError(
                f"data set '{name}': no public source is known for it. Load it without download."
            )
        fetch(chosen, silent)
    return DATASETS[name].load(chosen)
