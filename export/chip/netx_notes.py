"""What Lava makes of a netx file beside what the file says: told, not refused.

Lava ignores some fields, wraps, clips or truncates others, and corrupts some matrices, each
without a word. Such a file is read as Lava runs it, with a note for each.
"""

from dataclasses import dataclass, field

import numpy as np

from export.chip.graph import IntArray
from export.chip.hdf5_guard import GuardedGroup


@dataclass(frozen=True)
class ReadingNote:
    """One place where Lava computes something else than the file says.

    Args:
        where: the file and the layer.
        field: the dataset's name.
        value: what it holds, the first such value of an array.
        effect: what Lava does, a clause.
    """

    where: str
    field: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.where}, {self.field} = {self.value}: {self.effect}."


@dataclass
class Notes:
    """The notes of a file, in the order of reading."""

    found: list[ReadingNote] = field(default_factory=list)

    def add(self, group: GuardedGroup, name: str, value: object, effect: str) -> None:
        """Notes one place."""
        self.found.append(ReadingNote(group.where, name, str(value), effect))

    def truncated(self, group: GuardedGroup, name: str) -> IntArray:
        """A dataset whose fractions Lava cuts off toward zero.

        Raises:
            FileError, InvalidGraph: as `GuardedGroup.truncated`.
        """
        values, fraction = group.truncated(name)
        if fraction is not None:
            self.add(group, name, f"{fraction:g}", f"Lava cuts it off to {int(fraction)}")
        return values

    def changed(self, group: GuardedGroup, name: str, given: IntArray, made: IntArray) -> None:
        """Notes a dataset of which Lava changes some values, if it does."""
        different = given != made
        if different.any():
            place, count = int(different.argmax()), int(np.count_nonzero(different))
            others = f", and changes {count - 1} more" if count > 1 else ""
            whole = "; no value is left" if not made.any() else ""
            self.add(
                group, name, int(given.flat[place]),
                f"Lava computes with {int(made.flat[place])}{others}{whole}",
            )  # fmt: skip
