"""One file from a server on this machine: whole and right, or not at all."""

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.full_disk import full_disk
from tests.web_server import Site, serving
from trainers.data.download import transfer as transfer_module
from trainers.data.download.meter import silent
from trainers.data.download.source import Checksum, RemoteFile
from trainers.data.download.transfer import partial_path, transfer
from trainers.errors import DataError, FileError

CONTENT = np.random.default_rng(0).bytes(100_000)
REMEDY = "Do something."


@pytest.fixture
def site() -> Iterator[Site]:
    """Offers a.bin."""
    with serving(Site({"a.bin": CONTENT})) as running:
        yield running


def remote(site: Site, *paths: str, size: int | None = len(CONTENT)) -> RemoteFile:
    """a.bin as the table of sources would describe it, at these paths of the server."""
    checksum = Checksum("sha256", hashlib.sha256(CONTENT).hexdigest())
    addresses = tuple(site.address + path for path in paths or ("a.bin",))
    return RemoteFile("a.bin", addresses, size, checksum)


def fetched(file: RemoteFile, folder: Path) -> bytes:
    """What arrives."""
    return transfer(file, folder, silent, REMEDY).read_bytes()


def refused(file: RemoteFile, folder: Path) -> str:
    """Why nothing arrives."""
    with pytest.raises(DataError) as error:
        transfer(file, folder, silent, REMEDY)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize("told", [True, False])
def test_a_file_arrives_whole(site: Site, tmp_path: Path, size: int | None, told: bool) -> None:
    """Whether or not the table or the server say how long it is; in one request."""
    site.silent_about_length = not told
    assert fetched(remote(site, size=size), tmp_path) == CONTENT
    assert site.requests == [("a.bin", None)]


def test_md5_where_a_publisher_gives_nothing_better(site: Site, tmp_path: Path) -> None:
    """It is checked just as well."""
    right, wrong = hashlib.md5(CONTENT).hexdigest(), hashlib.md5(b"other").hexdigest()
    address = (site.address + "a.bin",)
    assert fetched(RemoteFile("a.bin", address, None, Checksum("md5", right)), tmp_path) == CONTENT
    partial_path(remote(site), tmp_path).unlink()
    assert "gave another file: md5" in refused(
        RemoteFile("a.bin", address, None, Checksum("md5", wrong)), tmp_path
    )


def test_a_wrong_checksum_leaves_nothing(site: Site, tmp_path: Path) -> None:
    """One bit of the content differs; it is fetched once, not again and again."""
    site.files["a.bin"] = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
    said = refused(remote(site), tmp_path)
    assert "a.bin: its address doesn't give it" in said
    assert "gave another file: sha256" in said
    assert said.endswith(REMEDY)
    assert list(tmp_path.iterdir()) == []
    assert len(site.requests) == 1


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_broken_transfer_goes_on_where_it_stopped(
    site: Site, tmp_path: Path, size: int | None
) -> None:
    """By itself, with ranges from what has arrived."""
    site.cuts = [30_000, 50_000]
    assert fetched(remote(site, size=size), tmp_path) == CONTENT
    assert [asked for _, asked in site.requests] == [None, "bytes=30000-", "bytes=80000-"]


def test_a_server_without_ranges_starts_over(site: Site, tmp_path: Path) -> None:
    """Its second answer replaces the first one's bytes."""
    site.ranges = False
    site.cuts = [30_000]
    assert fetched(remote(site), tmp_path) == CONTENT


def test_another_range_than_was_asked_for_isn_t_appended(site: Site, tmp_path: Path) -> None:
    """The answer says that it begins at 0, so it replaces what is there."""
    site.other_range = True
    partial_path(remote(site), tmp_path).write_bytes(CONTENT[:40_000])
    assert fetched(remote(site), tmp_path) == CONTENT
    assert len(site.requests) == 1


def test_a_server_that_breaks_off_for_ever_is_given_up(site: Site, tmp_path: Path) -> None:
    """What has arrived stays for the next command, which asks only for the rest."""
    site.cuts = [1_000] * 10 + [0]
    assert "broke off 10 times" in refused(remote(site), tmp_path)
    assert partial_path(remote(site), tmp_path).read_bytes() == CONTENT[:10_000]
    assert "broke off after 10,000 of 100,000 bytes" in refused(remote(site), tmp_path)
    assert fetched(remote(site), tmp_path) == CONTENT
    assert site.requests[-1] == ("a.bin", "bytes=10000-")


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize("rest", [b"something else", CONTENT[:-1] + b"x", CONTENT + b"more"])
def test_a_rest_of_something_else_is_thrown_away(
    site: Site, tmp_path: Path, rest: bytes, size: int | None
) -> None:
    """Shorter, as long or longer than the file; then it is fetched whole."""
    partial_path(remote(site), tmp_path).write_bytes(rest)
    assert fetched(remote(site, size=size), tmp_path) == CONTENT
    assert site.requests[-1] == ("a.bin", None)


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_whole_rest_is_taken_as_it_is(site: Site, tmp_path: Path, size: int | None) -> None:
    """A command that was interrupted between the last byte and the check."""
    partial_path(remote(site), tmp_path).write_bytes(CONTENT)
    assert fetched(remote(site, size=size), tmp_path) == CONTENT
    assert ("a.bin", None) not in site.requests


def test_the_next_address_is_tried(site: Site, tmp_path: Path) -> None:
    """After 404, a file of another length, another content, and a server that isn't there."""
    site.files |= {"short.bin": CONTENT[:99], "other.bin": b"x" * len(CONTENT)}
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        file = remote(site, "gone.bin", "short.bin", "other.bin", "a.bin")
        file = RemoteFile(file.name, (dead, *file.addresses), file.size, file.checksum)
        assert fetched(file, tmp_path) == CONTENT
    assert [path for path, _ in site.requests] == ["gone.bin", "short.bin", "other.bin", "a.bin"]


def test_no_address_helps(site: Site, tmp_path: Path) -> None:
    """The last one's reason is told, in one line."""
    said = refused(remote(site, "one.bin", "two.bin"), tmp_path)
    assert (
        f"a.bin: none of 2 addresses gives it ({site.address}two.bin: HTTP 404 Not Found)" in said
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://nosuch.invalid/a.bin", "(http://nosuch.invalid/a.bin: "),
        ("http://127.0.0.1:1/a.bin", "Connection refused"),
        ("nosuch", "unknown url type"),
    ],
)
def test_offline_is_one_line(tmp_path: Path, address: str, said: str) -> None:
    """No name service, nobody there, or no address at all."""
    file = RemoteFile("a.bin", (address,), 10, Checksum("md5", "0" * 32))
    assert said in refused(file, tmp_path)


def test_a_file_of_another_length_isn_t_even_fetched(site: Site, tmp_path: Path) -> None:
    """A page that says the file has moved, for instance."""
    site.files["a.bin"] = b"<html>"
    assert "offers 6 bytes, expected 100,000" in refused(remote(site), tmp_path)


def test_no_more_is_taken_than_was_promised(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the table, or, where it doesn't know, by a limit."""
    site.silent_about_length = True
    site.files["a.bin"] = CONTENT + b"more"
    assert "sends more than 100,000 bytes" in refused(remote(site), tmp_path)
    monkeypatch.setattr(transfer_module, "MOST_BYTES", 1_000)
    assert "sends more than 1,000 bytes" in refused(remote(site, size=None), tmp_path)
    site.silent_about_length = False
    assert "offers 100,004 bytes, at most 1,000" in refused(remote(site, size=None), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(site: Site, tmp_path: Path) -> None:
    """The folder is named, and what arrived gives its room back."""
    with full_disk(50_000), pytest.raises(FileError, match=f"{tmp_path}: can't be written to"):
        transfer(remote(site), tmp_path, silent, REMEDY)
    assert list(tmp_path.iterdir()) == []


def test_the_meter_sees_every_byte(site: Site, tmp_path: Path) -> None:
    """It starts where a resumed transfer starts."""
    seen: list[int] = []

    @contextmanager
    def meter(name: str, size: int | None) -> Iterator[Callable[[int], None]]:
        assert (name, size) == ("a.bin", len(CONTENT))
        yield seen.append

    partial_path(remote(site), tmp_path).write_bytes(CONTENT[:40_000])
    transfer(remote(site), tmp_path, meter, REMEDY)
    assert (seen[0], seen[-1]) == (40_000, 100_000)
    assert seen == sorted(seen)
