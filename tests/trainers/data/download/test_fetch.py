"""A whole data set from a server on this machine to a folder that the loader reads."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.byte_images import NAMES, idx_bytes, random_images
from tests.trainers.data.download.test_unpack import FILES, MEMBERS, tar
from tests.web_server import Site, serving
from trainers.data.download import sources
from trainers.data.download.fetch import fetch
from trainers.data.download.meter import silent
from trainers.data.download.source import Checksum, RemoteFile, Source
from trainers.data.load import load_data
from trainers.errors import ConfigError, DataError

TRAIN, TEST = random_images(60, seed=1), random_images(20, seed=2)
ARRAYS = dict(zip(NAMES, (*TRAIN, *TEST), strict=True))


@pytest.fixture
def site() -> Iterator[Site]:
    """Offers a small MNIST, unpacked, and an archive of two files."""
    with serving(Site({name: idx_bytes(array) for name, array in ARRAYS.items()})) as running:
        yield running


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written to the user's own cache."""
    monkeypatch.setenv("SPIKEPORT_DATA", str(tmp_path / "cache"))


def remote(site: Site, name: str, **fields: object) -> RemoteFile:
    """A file of the server."""
    content = site.files[name]
    checksum = Checksum("sha256", hashlib.sha256(content).hexdigest())
    return RemoteFile(name, (site.address + name,), len(content), checksum, **fields)  # type: ignore[arg-type]


def small_mnist(site: Site) -> Source:
    """The server's four files."""
    return Source("http://page", tuple(remote(site, name) for name in NAMES))


def archive(site: Site, folder: Path) -> Source:
    """The server's archive."""
    folder.mkdir(exist_ok=True)
    site.files["set.tar.gz"] = tar(folder / "packed", FILES).read_bytes()
    return Source("http://page", (remote(site, "set.tar.gz", members=MEMBERS),))


def test_a_set_is_loaded_from_where_it_was_fetched_to(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the default folder, and only where it is asked for."""
    monkeypatch.setitem(sources.SOURCES, "mnist", small_mnist(site))
    with pytest.raises(DataError, match="spikeport download mnist"):
        load_data("mnist", validation_samples=10)
    assert site.requests == []
    data = load_data("mnist", download=True, validation_samples=10)
    assert (len(data.train), len(data.validation), len(data.test)) == (50, 10, 20)
    assert len(site.requests) == 4
    assert sorted(path.name for path in (tmp_path / "cache" / "mnist").iterdir()) == sorted(NAMES)
    again = load_data("mnist", download=True, validation_samples=10)
    assert (again.train.inputs[:] == data.train.inputs[:]).all()
    assert len(site.requests) == 4


def test_data_path_is_where_it_goes(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where it is looked for."""
    monkeypatch.setitem(sources.SOURCES, "mnist", small_mnist(site))
    load_data("mnist", download=True, path=tmp_path / "mine", validation_samples=10)
    assert (tmp_path / "mine" / NAMES[0]).is_file()
    assert not (tmp_path / "cache").exists()


def test_files_that_lie_there_are_left_alone(site: Site, tmp_path: Path) -> None:
    """Also one that is unpacked, where the source has it packed."""
    (tmp_path / NAMES[0]).write_bytes(b"mine")
    assert fetch(small_mnist(site), tmp_path, silent) == f"downloaded to {tmp_path}"
    assert (tmp_path / NAMES[0]).read_bytes() == b"mine"
    assert [path for path, _ in site.requests] == list(NAMES[1:])
    assert fetch(small_mnist(site), tmp_path, silent) == f"already in {tmp_path}"
    packed = RemoteFile(f"{NAMES[0]}.gz", ("http://nosuch.invalid",), 1, Checksum("md5", "0" * 32))
    assert fetch(Source("", (packed,)), tmp_path, silent) == f"already in {tmp_path}"


def test_an_archive_leaves_its_members_alone(site: Site, tmp_path: Path) -> None:
    """It goes when it is unpacked; where a member is lost, it comes again."""
    source, folder = archive(site, tmp_path / "packed"), tmp_path / "set"
    fetch(source, folder, silent)
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin"]
    fetch(source, folder, silent)
    assert len(site.requests) == 1
    (folder / "b.bin").unlink()
    fetch(source, folder, silent)
    assert (folder / "b.bin").read_bytes() == b"bb"


def test_what_can_t_be_fetched_names_page_and_option(site: Site, tmp_path: Path) -> None:
    """Files before it stay."""
    source = small_mnist(site)
    del site.files[NAMES[2]]
    with pytest.raises(DataError) as error:
        fetch(source, tmp_path, silent)
    said = str(error.value)
    assert f"{NAMES[2]}: its address doesn't give it" in said
    assert "HTTP 404 Not Found" in said
    assert "fetch it by hand (http://page) and name its folder in data.path." in said
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES[:2])


def test_processes_wait_for_each_other(site: Site, tmp_path: Path) -> None:
    """The second one finds all files there."""
    source = small_mnist(site)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    waiting = threading.Thread(target=fetch, args=(source, tmp_path, silent))
    waiting.start()
    for name in NAMES:
        (tmp_path / name).write_bytes(site.files[name])
    os.close(handle)
    waiting.join()
    assert site.requests == []


@pytest.mark.parametrize("name", ["digits", "npz"])
def test_sets_without_a_source_say_so(name: str, tmp_path: Path) -> None:
    """Asked for, it isn't passed over."""
    options = {"path": tmp_path} if name == "npz" else {}
    with pytest.raises(ConfigError, match=f"data set '{name}': no public source is known for it"):
        load_data(name, download=True, **options)
