"""What is known of a file that a publisher offers."""

import re
from dataclasses import dataclass
from typing import Literal

DIGITS = {"sha256": 64, "md5": 32}
"""Kinds of checksum, and their hexadecimal digits."""


@dataclass(frozen=True)
class Checksum:
    """What the file's bytes must add up to.

    Args:
        kind: md5 only where a publisher gives nothing better: it finds damage, not forgery.
        value: hexadecimal, in small letters.
    """

    kind: Literal["sha256", "md5"]
    value: str

    def __post_init__(self) -> None:
        if not re.fullmatch(f"[0-9a-f]{{{DIGITS[self.kind]}}}", self.value):
            raise ValueError(f"{self.value}: no {self.kind}")


@dataclass(frozen=True)
class Member:
    """A file of an archive that is taken out of it.

    Args:
        inside: its whole name there.
        name: what it is called in the data set's folder.
        most: bytes it may hold.
    """

    inside: str
    name: str
    most: int


@dataclass(frozen=True)
class RemoteFile:
    """One published file.

    Args:
        name: what it is called.
        addresses: where it is offered; one is tried after the other.
        size: its bytes; None where no publisher says.
        checksum: of the file as it is offered.
        members: what is kept of an archive (.tar.gz or .zip); none: the file itself is kept.
    """

    name: str
    addresses: tuple[str, ...]
    size: int | None
    checksum: Checksum
    members: tuple[Member, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the files that it leaves in the data set's folder."""
        return tuple(member.name for member in self.members) or (self.name,)


@dataclass(frozen=True)
class Source:
    """Where the files of a data set come from.

    Args:
        page: the publisher's page, for people.
        files: those that can be fetched.
    """

    page: str
    files: tuple[RemoteFile, ...]
