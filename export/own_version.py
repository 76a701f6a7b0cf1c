"""The version of spikeport that writes a file."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Of the installed distribution."""
    try:
        return version("spikeport")
    except PackageNotFoundError:
        return "not installed"
