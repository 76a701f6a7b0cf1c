"""The manifest decides what runs again: inputs' fingerprint and files' hashes."""

from pathlib import Path

import pytest

from hwsim.pipeline.manifest import (
    StageRecord,
    fingerprint_of,
    is_up_to_date,
    read_manifest,
    recorded,
    write_manifest,
)
from trainers.errors import FileError
from trainers.file_hash import sha256


def made(folder: Path, text: str = "content") -> StageRecord:
    """A stage that left one file."""
    file = folder / "model.nir"
    file.write_text(text)
    return StageRecord(fingerprint="abc", files={"model.nir": sha256(file)}, seconds=0.1)


def test_round_trip(tmp_path: Path) -> None:
    """What is written is read back."""
    manifest = recorded(None, tmp_path, 3, "export", made(tmp_path))
    write_manifest(tmp_path / "manifest.json", manifest)
    assert read_manifest(tmp_path / "manifest.json") == manifest
    assert manifest.files == {"model.nir": sha256(tmp_path / "model.nir")}
    assert manifest.versions["torch"].startswith("2.")


def test_a_stage_is_up_to_date_only_with_the_same_inputs_and_files(tmp_path: Path) -> None:
    """Another fingerprint, a changed file and a missing file each make a stage run again."""
    manifest = recorded(None, tmp_path, 0, "export", made(tmp_path))
    assert is_up_to_date(manifest, tmp_path, "export", "abc")
    assert not is_up_to_date(manifest, tmp_path, "export", "other")
    assert not is_up_to_date(manifest, tmp_path, "train", "abc")
    assert not is_up_to_date(None, tmp_path, "export", "abc")
    (tmp_path / "model.nir").write_text("changed")
    assert not is_up_to_date(manifest, tmp_path, "export", "abc")
    (tmp_path / "model.nir").unlink()
    assert not is_up_to_date(manifest, tmp_path, "export", "abc")


def test_a_second_record_replaces_the_first(tmp_path: Path) -> None:
    """A stage that ran again is recorded once; other stages stay."""
    first = recorded(None, tmp_path, 0, "train", made(tmp_path))
    both = recorded(first, tmp_path, 0, "export", made(tmp_path, "other"))
    again = recorded(both, tmp_path, 0, "export", made(tmp_path, "third"))
    assert set(again.stages) == {"train", "export"}
    assert again.files["model.nir"] == sha256(tmp_path / "model.nir")


def test_fingerprint_ignores_the_order_of_keys() -> None:
    """Equal content has one fingerprint; any change has another."""
    assert fingerprint_of({"a": 1, "b": [2]}) == fingerprint_of({"b": [2], "a": 1})
    assert fingerprint_of({"a": 1}) != fingerprint_of({"a": 2})


@pytest.mark.parametrize("text", ["", "{", '{"format": 2}', '{"format": 1, "seed": "x"}'])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the file and what to do."""
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(FileError, match=r"manifest\.json: damaged .* Delete it"):
        read_manifest(path)
