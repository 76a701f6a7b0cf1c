"""manifest.json: the hash of every file, the versions that made it, and each stage's inputs.

A stage is up to date when the fingerprint of its inputs is the recorded one and each file it
left still has its recorded hash. Each record is signed with this installation's key, which only
tells whose it is: one with another's signature, or with none, counts as much.
"""

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hwsim.foreign.installation import is_own, signature_of
from trainers.atomic_file import whole_file
from trainers.errors import FileError
from trainers.file_hash import sha256

PACKAGES = ("spikeport", "torch", "lightning", "numpy", "nir", "onnx", "onnxruntime", "h5py")


class StageRecord(BaseModel):
    """What a stage was made from, and the files it left with their hashes.

    Args:
        fingerprint: of the stage's inputs.
        files: sha256 of what it left, by relative path.
        seconds: that it took.
        signature: of the installation that ran it; None where it keeps no key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fingerprint: str
    files: dict[str, str]
    seconds: float
    signature: str | None = None


class Manifest(BaseModel):
    """The content of manifest.json.

    Args:
        format: version of this layout.
        seed: of the run.
        versions: of Python and the packages that made the files.
        stages: by name.
        files: sha256 of every file in the run folder, by relative path.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    seed: int
    versions: dict[str, str]
    stages: dict[str, StageRecord] = {}
    files: dict[str, str] = {}


def read_manifest(path: Path) -> Manifest | None:
    """The manifest, or None where there is none yet.

    Raises:
        FileError: it is damaged.
    """
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise FileError(
            f"{path}: damaged ({str(error).splitlines()[0]}). Delete it to run all stages again."
        ) from error


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Writes the manifest whole."""
    with whole_file(path) as partial:
        partial.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


def recorded(
    manifest: Manifest | None, folder: Path, seed: int, stage: str, record: StageRecord
) -> Manifest:
    """The manifest with one stage's record, signed, added or replaced."""
    stages = {**(manifest.stages if manifest else {}), stage: signed(stage, record)}
    files = {name: digest for entry in stages.values() for name, digest in entry.files.items()}
    config = folder / "config.toml"
    if config.is_file():
        files["config.toml"] = sha256(config)
    return Manifest(
        seed=seed, versions=_versions(), stages=stages, files=dict(sorted(files.items()))
    )


def signed(stage: str, record: StageRecord) -> StageRecord:
    """The record with this installation's signature."""
    return record.model_copy(update={"signature": signature_of(_signed_content(stage, record))})


def is_signed(stage: str, record: StageRecord) -> bool:
    """Whether this installation signed the record, as it stands, for this stage."""
    return is_own(_signed_content(stage, record), record.signature)


def is_up_to_date(manifest: Manifest | None, folder: Path, stage: str, fingerprint: str) -> bool:
    """Whether the stage would make the same files again."""
    record = manifest.stages.get(stage) if manifest else None
    if record is None or record.fingerprint != fingerprint:
        return False
    return all(
        (folder / name).is_file() and sha256(folder / name) == digest
        for name, digest in record.files.items()
    )


def fingerprint_of(content: Any) -> str:
    """Hash of plain data: what a stage's result depends on."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def require_unchanged(manifest: Manifest | None, folder: Path, stage: str, path: Path) -> None:
    """Refuses a file that isn't the one its stage left, where the manifest says which that was.

    Raises:
        FileError: its hash isn't the manifest's.
    """
    record = manifest.stages.get(stage) if manifest else None
    stated = record.files.get(path.relative_to(folder).as_posix()) if record else None
    if stated is not None and sha256(path) != stated:
        raise FileError(
            f"{path}: changed since stage {stage} wrote it. Run it again: "
            f"spikeport {stage} {folder}."
        )


def _signed_content(stage: str, record: StageRecord) -> bytes:
    return fingerprint_of([stage, record.model_dump(exclude={"signature"})]).encode()


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
