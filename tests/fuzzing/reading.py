"""Reading a file of a stranger as the commands do, each part of which may refuse it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from export.chip.chip_file import read_chip
from export.samples import read_samples
from export.schedule_file import read_schedule
from hwsim.inspect.netx import inspect_netx
from hwsim.inspect.nir import inspect_nir
from hwsim.inspect.npz import inspect_npz
from hwsim.inspect.onnx import inspect_onnx
from hwsim.pipeline.chip_samples import open_chip_samples
from trainers.diagnostics_file import read_diagnostics
from trainers.errors import SpikeportError
from trainers.npz_rows import open_rows

Read = Callable[[Path], object]


def _graded(path: Path) -> None:
    read_chip(path, input_form="graded")


def _rows(path: Path) -> None:
    with open_rows(path, "inputs", scratch=path.parent) as rows:
        rows[:]


def _chip_samples(path: Path) -> None:
    with open_chip_samples(path, scratch=path.parent) as samples:
        samples.chip_inputs[:]


READS: Mapping[str, tuple[Read, ...]] = MappingProxyType(
    {
        "nir": (inspect_nir,),
        "net": (inspect_netx, _graded),
        "chip.h5": (inspect_netx,),
        "onnx": (inspect_onnx,),
        "npz": (
            inspect_npz, _rows, _chip_samples, read_samples, read_schedule, read_diagnostics,
        ),
    }
)  # fmt: skip
"""Everything that a command does with a file of the kind before it computes."""


def read_all(kind: str, path: Path, reads: Mapping[str, tuple[Read, ...]] = READS) -> str | None:
    """Reads the file in every way.

    Returns:
        the refusal of the first way, which takes every sound file; None where it took this one.

    Raises:
        AssertionError: a refusal isn't one line about the file.
    """
    first, *others = reads[kind]
    refusal = _refusal(first, path)
    for read in others:
        _refusal(read, path)
    return refusal


def _refusal(read: Read, path: Path) -> str | None:
    try:
        read(path)
    except SpikeportError as error:
        message = str(error)
        assert message, "an error without a word"
        assert message.isprintable(), f"not one printable line: {message!a}"
        return message
    return None
