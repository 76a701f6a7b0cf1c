"""import.json: marks a run folder as imported, and says how the file was read.

Such a folder has no config.toml, no checkpoint and no training; what can be done with it is in
`hwsim.imported`.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from export.chip.graph import InputForm
from export.importing import Interpretation
from hwsim.pipeline.fidelity import QuantisedLayer
from hwsim.pipeline.manifest import StageRecord, fingerprint_of, read_manifest, recorded
from hwsim.pipeline.manifest import write_manifest as _write_manifest
from hwsim.pipeline.run_folder import RunFolder
from trainers.atomic_file import whole_file
from trainers.errors import FileError
from trainers.file_hash import sha256

SEED = 0
"""In the manifest: nothing here is random."""


class ImportRecord(BaseModel):
    """The content of import.json.

    Args:
        format: version of this layout.
        source: name of the imported file.
        source_sha256: its hash.
        interpretation: what its numbers were taken to mean.
        time_steps: T.
        samples: in samples.npz; 0 where no inputs were given.
        input_form: how samples enter the chip file; None without one.
        no_chip: why there is no chip file, in one sentence; None where there is one.
        chip: that the run is costed for.
        quantised: per population, what quantising did.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: int = Field(default=1, ge=1, le=1)
    source: str
    source_sha256: str
    interpretation: Interpretation
    time_steps: int = Field(ge=1)
    samples: int = Field(ge=0)
    input_form: InputForm | None = None
    no_chip: str | None = None
    chip: str = "loihi1-fitted"
    quantised: dict[str, QuantisedLayer] = {}


def is_imported(folder: Path) -> bool:
    """Whether a run folder was made by `spikeport import`."""
    return RunFolder(folder).import_record.is_file()


def read_record(folder: RunFolder) -> ImportRecord:
    """Reads import.json.

    Raises:
        FileError: missing or damaged.
    """
    path = folder.import_record
    if not path.is_file():
        raise FileError(f"{path}: no such file. Make the folder with `spikeport import`.")
    try:
        return ImportRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path}: damaged ({str(error).splitlines()[0]}). Import the network again."
        ) from error


def write_record(folder: RunFolder, record: ImportRecord) -> None:
    """Writes import.json whole."""
    with whole_file(folder.import_record) as partial:
        partial.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")


def enter_stage(folder: RunFolder, stage: str, made_from: object, files: list[Path]) -> None:
    """Enters a stage and its files into manifest.json.

    Args:
        folder: the run's.
        stage: import, simulate, report or export.
        made_from: what the files depend on, as plain data.
        files: that it left.
    """
    record = StageRecord(
        fingerprint=fingerprint_of([stage, made_from]),
        files={path.relative_to(folder.path).as_posix(): sha256(path) for path in files},
        seconds=0.0,
    )
    manifest = read_manifest(folder.manifest)
    _write_manifest(folder.manifest, recorded(manifest, folder.path, SEED, stage, record))
