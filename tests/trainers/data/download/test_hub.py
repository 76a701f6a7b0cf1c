"""The Hub's own client against a server on this machine: whole, checked, once, only if asked."""

from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from huggingface_hub import constants

from tests.arrow_sets import SIZES, write_parquet
from tests.conftest import Command
from tests.hub_server import COMMIT, Hub, running
from trainers.data.load import load_data
from trainers.errors import DataError

CARD = b"---\nlicense: mit\n---\n# Insects\n"
CODE = b"raise SystemExit"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A data set as it lies on the Hub, with code and an archive that nobody wants."""
    folder = write_parquet(tmp_path_factory.mktemp("files"))
    parquet = {f"data/{path.name}": path.read_bytes() for path in folder.iterdir()}
    return {"README.md": CARD, "insects.py": CODE, "raw.zip": b"PK", **parquet}


@pytest.fixture
def hub(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The Hub, and a cache of the test's own."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "")
    with running(Hub(dict(files))) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        files_at = server.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files_at)
        yield server


def test_data_files_are_fetched_once(
    hub: Hub, spikeport: Command, tmp_path: Path, files: dict[str, bytes]
) -> None:
    """Into the folder that is read afterwards, without another request; code stays where it is."""
    outcome = spikeport("download", "huggingface", "--set", "data.path=owner/insects")
    folder = tmp_path / "cache" / "huggingface" / "owner--insects"
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"download  huggingface: downloaded to {folder} (commit {COMMIT})\n"
    for name in files:
        wanted = name not in ("insects.py", "raw.zip")
        assert (folder / name).is_file() == wanted
        assert any(path.endswith(name) for path in hub.requests) == wanted
    asked = len(hub.requests)
    data = load_data("huggingface", path="owner/insects", image_size=16, resize=16, download=True)
    assert data.name == "insects"
    assert len(data.test.inputs[:]) == SIZES["test"]
    assert len(hub.requests) == asked


def test_a_revision_lies_apart(hub: Hub, spikeport: Command, tmp_path: Path) -> None:
    """So that two of them can be compared."""
    settings = ("--set", "data.path=owner/insects", "--set", "data.revision=v1")
    assert spikeport("download", "huggingface", *settings).code == 0
    assert "/api/datasets/owner/insects/revision/v1" in hub.requests
    assert (tmp_path / "cache" / "huggingface" / "owner--insects@v1" / "README.md").is_file()


def test_a_damaged_file_isn_t_believed(hub: Hub, spikeport: Command, tmp_path: Path) -> None:
    """Its sha256 must be the one that the Hub lists; the next download fetches it again."""
    name = "data/train-00000-of-00001.parquet"
    hub.listed_sha256[name] = "0" * 64
    refused = spikeport("download", "huggingface", "--set", "data.path=owner/insects")
    assert refused.code == 2
    assert f"{name} arrived damaged: its sha256 isn't" in refused.err
    assert not (tmp_path / "cache" / "huggingface" / "owner--insects").exists()
    del hub.listed_sha256[name]
    assert spikeport("download", "huggingface", "--set", "data.path=owner/insects").code == 0


def test_a_set_without_readable_files_is_refused(hub: Hub, spikeport: Command) -> None:
    """One that only its own code could read, for instance."""
    for name in [name for name in hub.files if name.endswith(".parquet")]:
        del hub.files[name]
    refused = spikeport("download", "huggingface", "--set", "data.path=owner/insects")
    assert refused.code == 2
    assert "holds no Parquet files, Arrow files or images on the Hub" in refused.err


def test_an_unknown_name_is_one_line(hub: Hub, spikeport: Command) -> None:
    """With what to check."""
    refused = spikeport("download", "huggingface", "--set", "data.path=owner/nosuch")
    assert refused.code == 2
    assert "data set 'owner/nosuch': can't be downloaded from the Hub (" in refused.err
    assert "404" in refused.err
    assert refused.err.count("\n") == 1


def test_no_connection_is_one_line(
    hub: Hub, spikeport: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, not after a minute of trying."""
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    refused = spikeport("download", "huggingface", "--set", "data.path=owner/insects")
    assert refused.code == 2
    assert "Connection refused" in refused.err
    assert refused.err.count("\n") == 1
    assert hub.requests == []


@pytest.mark.parametrize("library", ["datasets", "huggingface_hub"])
def test_offline_by_variable_is_one_line(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """HF_DATASETS_OFFLINE or HF_HUB_OFFLINE, as the two libraries read them when they start."""
    switches = {"datasets": datasets.config, "huggingface_hub": constants}
    monkeypatch.setattr(switches[library], "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set"):
        load_data("huggingface", path="owner/insects", download=True)
    assert hub.requests == []


def test_a_local_folder_is_left_alone(hub: Hub, spikeport: Command, tmp_path: Path) -> None:
    """--download of a path that exists asks nobody."""
    folder = write_parquet(tmp_path / "mine")
    outcome = spikeport("download", "huggingface", "--set", f"data.path={folder}")
    assert outcome.out == f"download  huggingface: already in {folder}\n"
    assert hub.requests == []
