"""Loading a data set by name, for the Python API."""

from typing import Any

from pydantic import ValidationError

from trainers.data import DATASETS, DataSplits
from trainers.errors import ConfigError


def load_data(name: str, **options: Any) -> DataSplits:
    """Loads and splits a data set of the table.

    Raises:
        ConfigError: an unknown data set or option.
        DataError: its files are missing or damaged.
    """
    if name not in DATASETS:
        raise ConfigError(f"data set '{name}': unknown. Known: {', '.join(sorted(DATASETS))}.")
    try:
        checked = DATASETS[name].options.model_validate(options)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise ConfigError(f"data set '{name}', {where}: {fault['msg']}. Check it.") from error
    return DATASETS[name].load(checked)
