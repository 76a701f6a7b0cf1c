"""What a row of the table of data sets says about fetching: a row of the table of sources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainers.data.data_folder import data_folder
from trainers.data.dataset import DatasetOptions, Download
from trainers.data.download.meter import Meter


def from_source(name: str, default: Callable[[], Path] | None = None) -> Download:
    """Fetches a source's files to data.path, or to the data set's default folder.

    Args:
        name: in the table of sources, and of the default folder.
        default: another default folder than `data_folder(name)`.
    """

    def download(options: DatasetOptions, meter: Meter) -> str:
        # The table knows the data sets' own modules.
        from trainers.data.download.fetch import fetch
        from trainers.data.download.sources import SOURCES

        given: Any = getattr(options, "path", None)
        folder = given or (data_folder(name) if default is None else default())
        return fetch(SOURCES[name], folder, meter)

    return download
