"""Array files written part by part are what numpy reads."""

from pathlib import Path

import numpy as np
import pytest

from tests.full_disk import full_disk
from trainers.errors import FileError
from trainers.npz_writer import npz_writer

VALUES = np.random.default_rng(4).integers(0, 2, (50, 4, 3), dtype=np.uint8)


def write(path: Path) -> None:
    """Parts of different lengths, one of them empty."""
    with npz_writer(path) as writer:
        parts = (VALUES[:7], VALUES[7:7], VALUES[7:, ::-1][:, ::-1])
        writer.add("a.s", VALUES.shape, np.uint8, parts)
        writer.add("none", (0, 4), np.int32, ())
        writer.add_whole("time", np.array("chip"))


def test_numpy_reads_it(tmp_path: Path) -> None:
    """Names, order, types and values; written twice, the bytes are the same."""
    write(tmp_path / "a.npz")
    write(tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as found:
        assert list(found) == ["a.s", "none", "time"]
        assert found["a.s"].dtype == np.uint8
        assert np.array_equal(found["a.s"], VALUES)
        assert found["none"].shape == (0, 4)
        assert found["time"] == "chip"
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    "parts", [(VALUES[:7],), (VALUES, VALUES[:1]), (VALUES[:, :2],), (VALUES.astype(np.int8),)]
)
def test_parts_that_do_not_make_up_the_array(tmp_path: Path, parts: tuple[object, ...]) -> None:
    """Too few or too many rows, another shape or type: no file."""
    with pytest.raises(ValueError, match="'a'"), npz_writer(tmp_path / "a.npz") as writer:
        writer.add("a", VALUES.shape, np.uint8, parts)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """One line about the file, and no partial one."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 1000), dtype=np.uint8)
    with (
        full_disk(100_000),
        pytest.raises(FileError, match=r"a\.npz: can't be written"),
        npz_writer(tmp_path / "a.npz") as writer,
    ):
        writer.add("a", noise.shape, np.uint8, (noise[:100], noise[100:]))
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted within an array."""

    def parts() -> object:
        yield VALUES[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), npz_writer(tmp_path / "a.npz") as writer:
        writer.add("a", VALUES.shape, np.uint8, parts())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
