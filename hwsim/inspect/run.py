"""Looking into a run folder."""

from pathlib import Path

from hwsim.errors import SimulationError
from hwsim.inspect.table import Inspection
from hwsim.pipeline.manifest import read_manifest
from trainers.file_hash import sha256


def inspect_run(path: Path) -> Inspection:
    """Files with the stage that made them, their size, and whether they still are what it made.

    Raises:
        SimulationError: the folder has no manifest.
    """
    manifest = read_manifest(path / "manifest.json")
    if manifest is None:
        raise SimulationError(
            f"{path}: no manifest.json, so this isn't a run folder. Make one with `spikeport run`."
        )
    makers = {name: stage for stage, record in manifest.stages.items() for name in record.files}
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    return Inspection(
        title=f"{path}: run folder, stages {', '.join(manifest.stages)}",
        facts=(f"seed {manifest.seed}; {versions}",),
        columns=("file", "stage", "bytes", "state"),
        rows=tuple(
            (name, makers.get(name, "run"), *_state(path / name, digest))
            for name, digest in manifest.files.items()
        ),
    )


def _state(file: Path, digest: str) -> tuple[str, str]:
    if not file.is_file():
        return "", "missing"
    state = "as recorded" if sha256(file) == digest else "changed since"
    return f"{file.stat().st_size:,}", state
