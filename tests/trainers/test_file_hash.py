"""Hashes against hashlib's own, read at once."""

import hashlib
from pathlib import Path

import pytest

from trainers.file_hash import sha256


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 21) + 17])
def test_the_hash_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    """Read in blocks, at and around a block's border."""
    path = tmp_path / "file"
    content = bytes(range(251)) * (size // 251 + 1)
    path.write_bytes(content[:size])
    assert sha256(path) == hashlib.sha256(content[:size]).hexdigest()
