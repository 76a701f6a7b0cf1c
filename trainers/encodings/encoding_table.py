"""[encoding] of a recipe: the name of an encoding; every other key is an option of it."""

from typing import Any

from trainers.encodings import ENCODINGS, EncodingOptions
from trainers.encodings.direct import DirectOptions
from trainers.faults import checked_by_name
from trainers.recipe_table import Table


class EncodingTable(Table):
    """[encoding]: `name` of an encoding and its options.

    Args:
        name: an encoding of the table.
        options: validated options of it.
    """

    name: str = "direct"
    options: EncodingOptions = DirectOptions()


def encoding_table(table: Any, faults: list[str]) -> Any:
    """The checked table, or whatever was given with its faults added to the list.

    Args:
        table: of the recipe; None where it has none.
        faults: of the whole recipe.
    """
    if table is None:
        return EncodingTable()
    if not isinstance(table, dict):
        faults.append("[encoding]: must be a table that names an encoding")
        return table
    chosen = checked_by_name(table, "encoding", ENCODINGS, faults)
    if chosen is None:
        return table
    name, options = chosen
    return EncodingTable.model_construct(name=name, options=options)
