"""Damage to a file's bytes, whatever they mean."""

from collections.abc import Callable

import numpy as np

Damage = Callable[[bytes, bytes, np.random.Generator], bytes]


def flipped(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bytes take another value, mostly one at which formats break."""
    del other
    changed = bytearray(content)
    for place in _places(len(content), rng, int(rng.integers(1, 9))):
        odd = (0, 1, 0x7F, 0x80, 0xFE, 0xFF, int(changed[place]) ^ (1 << int(rng.integers(8))))
        changed[place] = int(rng.choice(odd)) if rng.random() < 0.7 else int(rng.integers(256))
    return bytes(changed)


def numbered(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Two, four or eight bytes become a number near a limit, as a size or an address would lie."""
    del other
    width = int(rng.choice([2, 4, 8]))
    changed = bytearray(content)
    limits = (0, 1, 1 << (4 * width), 1 << (8 * width - 1), 1 << (8 * width), len(content))
    for place in _places(len(content), rng, int(rng.integers(1, 4))):
        value = (int(rng.choice(np.array(limits, dtype=object))) + int(rng.integers(-2, 3))) % (
            1 << (8 * width)
        )
        changed[place : place + width] = value.to_bytes(width, "little")
    return bytes(changed[: len(content)])


def truncated(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Only the first part is left."""
    del other
    return content[: int(rng.integers(len(content)))]


def zeroed(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A block of up to a kilobyte holds zeros."""
    del other
    start, length = _block(len(content), rng)
    return content[:start] + bytes(length) + content[start + length :]


def swapped(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Two blocks of one length change places."""
    del other
    first, length = _block(len(content) // 2, rng)
    second = int(rng.integers(first + length, len(content) - length + 1))
    return (
        content[:first]
        + content[second : second + length]
        + content[first + length : second]
        + content[first : first + length]
        + content[second + length :]
    )


def spliced(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A block of another file lies over, or between, the file's own bytes."""
    start, length = _block(len(other), rng)
    place = int(rng.integers(len(content)))
    end = place + length if rng.random() < 0.7 else place
    return content[:place] + other[start : start + length] + content[end:]


def repeated(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A block follows itself again."""
    del other
    start, length = _block(len(content), rng)
    return content[: start + length] + content[start:]


def _places(size: int, rng: np.random.Generator, count: int) -> list[int]:
    """Half of them near the beginning, where formats say the most."""
    ends = np.where(rng.random(count) < 0.5, min(size, 2048), size)
    return [int(rng.integers(end)) for end in ends]


def _block(size: int, rng: np.random.Generator) -> tuple[int, int]:
    length = int(rng.integers(1, min(1024, size) + 1))
    return int(rng.integers(size - length + 1)), length


DAMAGES: tuple[Damage, ...] = (flipped, numbered, truncated, zeroed, swapped, spliced, repeated)
