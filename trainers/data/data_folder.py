"""Where data sets lie by default: ~/.cache/spikeport/NAME, or $SPIKEPORT_DATA/NAME."""

import os
from pathlib import Path

from trainers.errors import DataError

FOLDER_VARIABLE = "SPIKEPORT_DATA"


def data_folder(name: str) -> Path:
    """The default folder of a data set; absolute, it may not exist.

    Raises:
        DataError: this user has no home folder.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).absolute() / name
    try:
        return Path.home() / ".cache" / "spikeport" / name
    except RuntimeError as error:
        raise DataError(
            f"data set '{name}': this user has no home folder for it. Set {FOLDER_VARIABLE}, or "
            "name a folder in data.path."
        ) from error
