"""verify.json: what `spikeport verify` found, and of which files."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from export.profiles import PROFILES
from hwsim.pipeline.run_folder import RunFolder
from hwsim.verify.row import Row
from trainers.atomic_file import whole_file
from trainers.errors import FileError
from trainers.file_hash import sha256

MAX_FILE_BYTES = 1 << 24
"""A dozen rows take a few kilobytes."""


class VerificationRecord(BaseModel):
    """The content of verify.json.

    Args:
        format: version of this layout.
        files: sha256 of every judged file, by its name in the run folder.
        rows: one per runtime; numbers that aren't finite are null.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    files: dict[str, str]
    rows: tuple[Row, ...]


def judged_files(folder: RunFolder) -> dict[str, str]:
    """Hashes of the files that a verification of this run reads, as they are now."""
    paths = (
        folder.frozen,
        folder.onnx,
        folder.step_onnx,
        folder.samples,
        folder.chip,
        folder.chip_onnx,
        *profile_files(folder).values(),
    )
    return {path.name: sha256(path) for path in paths if path.is_file()}


def profile_files(folder: RunFolder) -> dict[str, Path]:
    """The profiles' files that the run holds, the portable one left out, which is model.nir."""
    paths = {name: folder.path / profile.file for name, profile in PROFILES.items()}
    return {name: path for name, path in paths.items() if path.is_file() and name != "portable"}


def write_record(record: VerificationRecord, path: Path) -> None:
    """Writes verify.json; `path` appears only when the file is complete.

    Raises:
        FileError: the folder can't be written to, or no space is left.
    """
    with whole_file(path) as partial:
        partial.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")


def current_record(folder: RunFolder) -> VerificationRecord | None:
    """What verify.json says, if it is there and speaks of the run's files as they are now.

    Raises:
        FileError: it is damaged.
    """
    path = folder.verification
    if not path.is_file():
        return None
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise FileError(f"{path}: {size} bytes exceed {MAX_FILE_BYTES}. Verify the run again.")
        record = VerificationRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{path}: can't be read ({reason}). Check its permissions.") from error
    except ValidationError as error:
        raise FileError(
            f"{path}: damaged ({str(error).splitlines()[0]}). Verify the run again: "
            f"spikeport verify {folder.path}."
        ) from error
    return record if record.files == judged_files(folder) else None
