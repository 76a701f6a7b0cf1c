"""A damaged file for every seed."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from tests.fuzzing import damaged_hdf5, damaged_npz, damaged_protobuf
from tests.fuzzing.corpus import KINDS
from tests.fuzzing.damaged_bytes import DAMAGES

STRUCTURAL = 0.5
"""Share of files whose structure is damaged, a fifth of which lose bytes as well."""

SHORTEST = 16
"""Less isn't damaged any further."""

EDITORS: Mapping[str, Callable[[bytes, np.random.Generator], bytes]] = MappingProxyType(
    {
        "nir": damaged_hdf5.edited,
        "net": damaged_hdf5.edited,
        "chip.h5": damaged_hdf5.edited,
        "onnx": damaged_protobuf.edited,
        "npz": damaged_npz.edited,
    }
)


def mutated(kind: str, seed: int, contents: Sequence[bytes]) -> bytes:
    """The damaged file with this seed, made from one or two sound ones."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    content = contents[int(rng.integers(len(contents)))]
    structural = rng.random() < STRUCTURAL
    if structural:
        content = EDITORS[kind](content, rng)
    damages = int(rng.integers(1, 3)) if not structural or rng.random() < 0.2 else 0
    # An edit may change nothing, and a damage undo another.
    while damages > 0 or content in contents:
        other = contents[int(rng.integers(len(contents)))]
        if len(content) > SHORTEST:
            content = DAMAGES[int(rng.integers(len(DAMAGES)))](content, other, rng)
        damages -= 1
    return content
