"""A manifest vouches for what this installation recorded in it, and for nothing else."""

import json
from pathlib import Path

import pytest

from hwsim.foreign.installation import KEY_FILE
from hwsim.foreign.vouching import MAX_MANIFEST_BYTES, is_vouched_for
from hwsim.pipeline.manifest import StageRecord, read_manifest, recorded, write_manifest
from trainers.file_hash import sha256


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of this test's own."""
    monkeypatch.setenv("SPIKEPORT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def made(folder: Path, name: str, stage: str) -> Path:
    """A stage leaves a file and its record."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"content of {name}")
    record = StageRecord(fingerprint="abc", files={name: sha256(path)}, seconds=0.1)
    before = read_manifest(folder / "manifest.json")
    write_manifest(folder / "manifest.json", recorded(before, folder, 0, stage, record))
    return path


def edited(folder: Path, stage: str, **changes: object) -> None:
    """The manifest with a stage's record changed by hand."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    document["stages"][stage] |= changes
    path.write_text(json.dumps(document))


def test_own_files_are_vouched_for(tmp_path: Path) -> None:
    """As long as they are what the stage left; a file beside them is a stranger's."""
    path = made(tmp_path / "run", "model.nir", "export")
    assert is_vouched_for(path)
    other = path.with_name("other.nir")
    other.write_text(path.read_text())
    assert not is_vouched_for(other)
    path.write_text("changed")
    assert not is_vouched_for(path)


def test_another_installation_s_are_not(tmp_path: Path, state: Path) -> None:
    """Its signature is as good as none, and its manifest is read all the same."""
    path = made(tmp_path / "run", "model.nir", "export")
    (state / KEY_FILE).unlink()
    assert not is_vouched_for(path)
    assert read_manifest(path.with_name("manifest.json")) is not None


def test_a_manifest_without_signatures_vouches_for_nothing(tmp_path: Path) -> None:
    """As those from before there were any: readable, and no more."""
    path = made(tmp_path / "run", "model.nir", "export")
    manifest = path.with_name("manifest.json")
    document = json.loads(manifest.read_text())
    del document["stages"]["export"]["signature"]
    manifest.write_text(json.dumps(document))
    assert not is_vouched_for(path)
    assert read_manifest(manifest) is not None


def test_a_signature_holds_for_its_record_alone(tmp_path: Path) -> None:
    """Neither other files nor another stage's name can be put under it."""
    path = made(tmp_path / "run", "model.nir", "export")
    swapped = path.with_name("swapped.nir")
    swapped.write_text("a stranger's")
    edited(path.parent, "export", files={"model.nir": sha256(path), "swapped.nir": sha256(swapped)})
    assert not is_vouched_for(swapped)
    assert not is_vouched_for(path)


def test_a_record_under_another_stage_s_name(tmp_path: Path) -> None:
    """A signature says which stage it is of."""
    path = made(tmp_path / "run", "model.nir", "export")
    manifest = path.with_name("manifest.json")
    document = json.loads(manifest.read_text())
    document["stages"]["train"] = document["stages"].pop("export")
    manifest.write_text(json.dumps(document))
    assert not is_vouched_for(path)


def test_a_stage_run_in_a_stranger_s_folder_vouches_for_its_own_files_only(
    tmp_path: Path, state: Path
) -> None:
    """What lay there before doesn't become ours by being written into the same manifest."""
    theirs = made(tmp_path / "run", "chip.net", "export")
    (state / KEY_FILE).unlink()
    ours = made(tmp_path / "run", "trace.npz", "simulate")
    assert is_vouched_for(ours)
    assert not is_vouched_for(theirs)


@pytest.mark.parametrize("content", ["", "{", '{"format": 9}', "[" * 100_000])
def test_a_damaged_manifest_vouches_for_nothing(content: str, tmp_path: Path) -> None:
    """And nothing fails because of it."""
    path = made(tmp_path / "run", "model.nir", "export")
    path.with_name("manifest.json").write_text(content)
    assert not is_vouched_for(path)


def test_a_giant_manifest_is_not_read(tmp_path: Path) -> None:
    """A file is opened safely because it may be a trap; its manifest may be one too."""
    path = made(tmp_path / "run", "model.nir", "export")
    with path.with_name("manifest.json").open("a") as file:
        file.write(" " * MAX_MANIFEST_BYTES)
    assert not is_vouched_for(path)
