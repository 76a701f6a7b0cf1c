"""`spikeport download`, and what `--download` does before a run: fetch a public data set."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwsim.cli.options import Settings

if TYPE_CHECKING:
    from trainers.data import DatasetOptions


def download(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="As in `spikeport list datasets`.")
    ],
    settings: Settings = None,
) -> None:
    """Fetch a public data set to ~/.cache/spikeport, $SPIKEPORT_DATA or data.path.

    Files are checked against published checksums; an interrupted download continues. Nothing else
    touches the network, but `run` and `train` with --download.

    Example: spikeport download cifar10 --set data.path=data/cifar-10-batches-bin
    """
    from trainers.data import DATASETS
    from trainers.errors import ConfigError
    from trainers.faults import checked, unknown
    from trainers.recipe_file import apply_setting

    document: dict[str, Any] = {"data": {}}
    for setting in settings or ():
        apply_setting(document, setting)
    faults = [
        f"--set {table}: only keys of [data] count here" for table in document if table != "data"
    ]
    options = None
    if dataset not in DATASETS:
        faults.append(unknown("data set", dataset, DATASETS))
    else:
        options = checked(DATASETS[dataset].options, document["data"], "data", faults)
    if faults or options is None:
        raise ConfigError(f"download: {'; '.join(faults)}. Check the name and the --set options.")
    fetch_data(dataset, options)


def fetch_data(name: str, options: "DatasetOptions") -> None:
    """Fetches a data set's files unless they are there, and says so.

    Raises:
        ConfigError: there is no public source to fetch it from.
        DataError: a file can't be fetched, or isn't what was published.
        FileError: the folder can't be written to, or no space is left.
    """
    from hwsim.cli.byte_progress import byte_progress
    from trainers.data import DATASETS
    from trainers.errors import ConfigError

    fetch = DATASETS[name].download
    if fetch is None:
        others = ", ".join(key for key, row in DATASETS.items() if row.download is not None)
        raise ConfigError(
            f"download '{name}': no public source is known for it. Known are {others}; name other "
            "files in data.path."
        )
    typer.echo(f"{'download':<9} {name}: {fetch(options, byte_progress)}")
