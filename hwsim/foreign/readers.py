"""How each kind of file is read, wholly, as the commands do."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from trainers.errors import FileError

if TYPE_CHECKING:
    from export.chip.graph import InputForm

CHUNK_BYTES = 1 << 20


def kind_of(path: Path) -> str:
    """The kind that a file's name says.

    Raises:
        FileError: none that is known.
    """
    if path.suffix in SUFFIXES:
        return SUFFIXES[path.suffix]
    raise FileError(
        f"{path}: unknown kind. Name a .nir, .onnx, .net, .chip.h5 or .npz file or a run folder."
    )


# Each reader imports only what it needs: the process that opens a file should start quickly.


def _nir(path: Path) -> None:
    from export.nir_file import read_nir

    read_nir(path)


def _nir_of_anybody(path: Path) -> None:
    from export.nir_file import read_nir

    read_nir(path, type_check=False)


def _schedule(path: Path) -> None:
    from export.schedule_file import read_schedule

    read_schedule(path)


def _chip(path: Path, input_form: "InputForm | None" = None) -> None:
    from export.chip.chip_file import read_chip

    read_chip(path, input_form)


def _onnx(path: Path) -> None:
    from export.onnx.file import read_onnx

    read_onnx(path)


def _npz(path: Path) -> None:
    from trainers.npz_file import read_npz

    read_npz(path)


def _npz_rows(path: Path) -> None:
    """Every member in turn: what is read by rows may exceed the memory."""
    from trainers.npz_file import array_shapes, opened_npz

    with opened_npz(path) as archive:
        array_shapes(path, archive, whole=())
        for entry in archive.infolist():
            with archive.open(entry) as member:
                while member.read(CHUNK_BYTES):
                    pass


READERS: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "nir": _nir,
        "nir-import": _nir_of_anybody,
        "schedule": _schedule,
        "chip": _chip,
        "chip-spikes": partial(_chip, input_form="spikes"),
        "chip-graded": partial(_chip, input_form="graded"),
        "chip-bias": partial(_chip, input_form="bias"),
        "onnx": _onnx,
        "npz": _npz,
        "npz-rows": _npz_rows,
    }
)
"""By kind. `nir-import`: of anybody, whose shapes may contradict each other; `chip-...`: a netx
file of which the user says what it takes; `npz-rows`: an array file of which only parts are ever in
memory."""

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {".nir": "nir", ".onnx": "onnx", ".net": "chip", ".h5": "chip", ".npz": "npz"}
)
"""Kinds by the ends of names."""
