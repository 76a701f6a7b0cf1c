"""Applying an encoding to a data set, from a recipe's table or from Python."""

from typing import Any

from trainers.data import DataSplits
from trainers.encodings import ENCODINGS
from trainers.encodings.encoding_table import EncodingTable, encoding_table
from trainers.errors import ConfigError

FORMS = {"static": "static samples", "sequence": "sequences"}


def encode_data(
    data: DataSplits, name: str, *, time_steps: int, seed: int = 0, **options: Any
) -> DataSplits:
    """Encodes a data set, lazily.

    Example:
        `encode_data(load_data("digits"), "latency", time_steps=8, time="logarithmic")`

    Args:
        data: static samples or sequences.
        name: an encoding of trainers.encodings.ENCODINGS.
        time_steps: T; sequences keep the number of steps they have.
        seed: of random encodings.
        options: of the encoding.

    Raises:
        ConfigError: an unknown encoding or option, or an encoding that doesn't suit the data.
        DataError: as of the encoding.
    """
    faults: list[str] = []
    table = encoding_table({"name": name, **options}, faults)
    if faults:
        raise ConfigError(f"encode_data: {'; '.join(faults)}. Check the arguments.")
    return encoded(data, table, time_steps, seed)


def encoded(data: DataSplits, table: EncodingTable, time_steps: int, seed: int) -> DataSplits:
    """The data as a checked table wants them.

    Raises:
        ConfigError: the encoding doesn't take data of this form or range.
        DataError: as of the encoding.
    """
    encoding = ENCODINGS[table.name]
    if encoding.takes is not None and encoding.takes != data.form:
        others = [name for name, row in ENCODINGS.items() if row.takes in (None, data.form)]
        raise ConfigError(
            f"encoding '{table.name}': takes {FORMS[encoding.takes]}, but data set '{data.name}' "
            f"has {FORMS[data.form]}. Choose {' or '.join(others)}, or data of the other form."
        )
    return encoding.encode(data, table.options, time_steps, seed)
