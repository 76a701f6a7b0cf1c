"""Which files this installation made itself: those of a signed record in their folder's manifest.

Each stage's record carries a signature of its own, so that a stage run in a stranger's folder
vouches for what it made there and for nothing that lay there before.
"""

from pathlib import Path

from hwsim.pipeline.manifest import is_signed, read_manifest
from trainers.errors import FileError
from trainers.file_hash import sha256

MANIFEST = "manifest.json"

MAX_MANIFEST_BYTES = 1 << 24
"""A run's takes a few kilobytes."""


def is_vouched_for(path: Path) -> bool:
    """Whether a manifest beside the file, signed by this installation, holds the file's hash.

    Nothing is refused: a manifest that is missing, damaged or from elsewhere vouches for nothing.
    """
    digest = _signed_files(path.parent / MANIFEST).get(path.name)
    return digest is not None and sha256(path) == digest


def _signed_files(manifest: Path) -> dict[str, str]:
    try:
        if not manifest.is_file() or manifest.stat().st_size > MAX_MANIFEST_BYTES:
            return {}
        found = read_manifest(manifest)
    except (FileError, OSError):
        return {}
    return {
        name: digest
        for stage, record in (found.stages.items() if found else ())
        if is_signed(stage, record)
        for name, digest in record.files.items()
    }
