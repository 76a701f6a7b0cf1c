"""Opening a folder of Parquet files, Arrow files or images with Hugging Face's `datasets`.

What is read: a folder that `save_to_disk` wrote, or one laid out as on the Hub, whose files become
Arrow files once, in a cache. Arrow files are mapped into memory, not read: the operating system
loads the pages that are looked at and takes them back where memory runs short.

Nothing in such a folder is trusted. `datasets` runs no code of a data set (since 4.0); here only
three of its own readers are let through, and a README.md that names files elsewhere, on the web
for instance, is refused before it is acted on. Offsets in the Arrow files are checked once, since
a wrong one would lead outside of the file.
"""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow
import yaml
from huggingface_hub import DatasetCard

from trainers.data.download.storing import storing
from trainers.data.hub_extra import quiet_hub
from trainers.errors import DataError, FileError

READERS = ("parquet", "arrow", "imagefolder")
"""Of datasets.packaged_modules; others unpack archives or read what isn't images."""

CARDS = ("README.md", ".huggingface.yaml")
"""Files that may say which files belong to which split."""

CARD_BYTES = 1 << 20

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)

FAULTS = (
    datasets.exceptions.DatasetsError, pyarrow.ArrowException, yaml.YAMLError, OSError, ValueError,
    LookupError, TypeError, AttributeError, RuntimeError, NotImplementedError, EOFError,
)  # fmt: skip
"""What `datasets` raises on a damaged or strange folder, depending on where it stumbles."""

Splits = dict[str, Any]
"""Name of a split to its datasets.Dataset."""


def open_folder(folder: Path, config: str | None, cache: Path) -> Splits:
    """Every split of a folder, memory-mapped.

    Args:
        folder: absolute.
        config: which of several data sets in it, as its README.md names them; None: the only one.
        cache: where Parquet files become Arrow files; unused where the folder holds those.

    Raises:
        DataError: the folder holds none of these, is damaged, or names files elsewhere.
        FileError: the cache can't be written to, or no space is left.
    """
    try:
        with quiet_hub():
            if any((folder / name).is_file() for name in ("state.json", "dataset_dict.json")):
                found = datasets.load_from_disk(str(folder))
            else:
                found = _prepared(folder, config, cache)
    except FAULTS as error:
        cause = _cause(error)
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            raise FileError(
                f"{cause.filename or cache}: {cause.strerror}. Check permissions and free space, "
                "or let SPIKEPORT_DATA name another folder for the Arrow files."
            ) from error
        raise DataError(
            f"{folder}: can't be opened as a data set ({one_line(error)}). Expected are Parquet "
            "files, Arrow files, class folders of images, or what save_to_disk wrote; data.config "
            "chooses among several sets."
        ) from error
    if isinstance(found, datasets.DatasetDict):
        return dict(found)
    return {str(found.split or "train"): found}


def refuse_damage(where: str, table: Any) -> None:
    """Checks that every value of a table lies inside of it; reads offsets, not images.

    Raises:
        DataError: it doesn't.
    """
    try:
        table.validate(full=True)
    except FAULTS as error:
        raise DataError(f"{where}: damaged ({one_line(error)}). Fetch it again.") from error


def one_line(error: BaseException) -> str:
    """What an exception of `datasets` says, cut to one short line."""
    cause = _cause(error)
    return " ".join(str(cause).split())[:200] or type(cause).__name__


def _prepared(folder: Path, config: str | None, cache: Path) -> Any:
    _refuse_files_elsewhere(folder)
    with storing(cache / "files"):
        cache.mkdir(parents=True, exist_ok=True)
    builder = datasets.load_dataset_builder(str(folder), config, cache_dir=str(cache))
    reader = type(builder).__module__.rpartition(".")[2]
    if reader not in READERS:
        raise DataError(
            f"{folder}: `datasets` would read it as {reader!r}; only {', '.join(READERS)} are "
            "read. Convert it to Parquet."
        )
    builder.download_and_prepare()
    return builder.as_dataset()


def _refuse_files_elsewhere(folder: Path) -> None:
    for name in CARDS:
        card = folder / name
        if not card.is_file():
            continue
        if card.stat().st_size > CARD_BYTES:
            raise DataError(f"{card}: longer than {CARD_BYTES:,} bytes. Shorten it.")
        for named in _strings(_configs(card), set()):
            if "://" in named or ".." in named or named.startswith(("/", "~")):
                raise DataError(
                    f"{card}: names a file elsewhere, {named[:80]!a}. Only files of the folder "
                    "are read: put it there and name it so."
                )


def _configs(card: Path) -> Any:
    if card.suffix == ".md":
        document: Any = DatasetCard.load(card).data.to_dict()
    else:
        document = yaml.safe_load(card.read_text(encoding="utf-8"))
    return document.get("configs") if isinstance(document, dict) else None


def _strings(value: Any, seen: set[int]) -> Iterator[str]:
    """Every string in a YAML document, whose parts may be referred to again and again."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and id(value) not in seen:
        seen.add(id(value))
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part, seen)


def _cause(error: BaseException) -> BaseException:
    """`datasets` wraps what went wrong in an exception that says only that something did."""
    while isinstance(error, datasets.exceptions.DatasetGenerationError) and error.__cause__:
        error = error.__cause__
    return error
