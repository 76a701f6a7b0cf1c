"""Errors that the command line turns into one line and an exit code, 2 for most.

Every message says where, what, which value, against which limit, and what to do.
"""

from typing import ClassVar


class SpikeportError(Exception):
    """Base of every error a user can cause and mend; its text is one complete line.

    Names out of a stranger's file may stand in it, so characters that would break the line, or
    command the terminal, are spelt out.

    Attributes:
        exit_code: of the command line.
    """

    exit_code: ClassVar[int] = 2

    def __str__(self) -> str:
        return "".join(_visible(character) for character in super().__str__())


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


class SpikeportWarning(UserWarning):
    """Base of what a user should know but need not mend; its text is one complete line."""


class ConfigError(SpikeportError):
    """A recipe, an option or an argument can't be what was meant."""


class DataError(SpikeportError):
    """A data set is missing, damaged or doesn't have the shape it must have."""


class FileError(SpikeportError):
    """A file can't be read, is truncated or damaged, or can't be written (no space left)."""


class TrainingError(SpikeportError):
    """Training can't go on: a loss or a weight stopped being a finite number."""


class CheckpointError(SpikeportError):
    """A checkpoint doesn't belong to this recipe or can't be read."""
