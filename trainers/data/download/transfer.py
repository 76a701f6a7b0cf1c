"""One published file over HTTP into a temporary file beside its place, checked byte for byte.

A transfer that breaks off leaves what it has: the next one asks for the rest (HTTP range, RFC 9110
section 14), and starts over where a server doesn't know ranges. No more is taken than the table of
sources promises, and nothing is believed before size and checksum agree.
"""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from trainers.data.download.meter import Meter
from trainers.data.download.source import RemoteFile
from trainers.data.download.storing import store, storing
from trainers.errors import DataError

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""

TRIES = 10
"""Connections to one address, each of which brought something before it broke."""

BLOCK = 1 << 20
MOST_BYTES = 8 << 30
"""Of a file whose size no publisher gives."""

_BROKEN = (OSError, http.client.HTTPException, ValueError)
"""What urllib raises: no such name, refused, reset, timed out, an HTTP error, no HTTP at all."""

Progress = Callable[[int], None]


class _UselessAddressError(Exception):
    """Why the next address is tried; one clause."""


def partial_path(file: RemoteFile, folder: Path) -> Path:
    """Where a transfer lies until it is whole."""
    return folder / f".{file.name}.partial"


def transfer(file: RemoteFile, folder: Path, meter: Meter, remedy: str) -> Path:
    """Fetches a file from the first address that has it; returns its temporary place.

    Args:
        file: which one.
        folder: where the temporary file lies; it exists.
        meter: is told how far it is.
        remedy: what to do where no address helps.

    Raises:
        DataError: no address has it; the last one's reason.
        FileError: the folder can't be written to, or no space is left.
    """
    partial = partial_path(file, folder)
    with meter(file.name, file.size) as progress:
        for address in file.addresses:
            try:
                _from_address(file, address, partial, progress)
            except _UselessAddressError as error:
                reason = f"{address}: {error}"
            else:
                return partial
    number = len(file.addresses)
    tried = f"none of {number} addresses gives" if number > 1 else "its address doesn't give"
    raise DataError(f"{file.name}: {tried} it ({reason}). {remedy}")


def _from_address(file: RemoteFile, address: str, partial: Path, progress: Progress) -> None:
    """Receives, as often as something more comes, and checks; starts over once.

    Raises:
        _UselessAddressError: this address doesn't give the file.
    """
    resumed = _held(partial) > 0
    for _ in range(TRIES):
        before = _held(partial)
        try:
            _receive(file, address, partial, progress)
        except _BROKEN as error:
            if _held(partial) <= before:
                raise _UselessAddressError(_reason(error)) from error
            continue
        fault = _difference(file, partial)
        if fault is None:
            return
        partial.unlink()
        if not resumed:
            raise _UselessAddressError(fault)
        # What lay here can have been the beginning of something else.
        resumed = False
    raise _UselessAddressError(f"broke off {TRIES} times")


def _receive(file: RemoteFile, address: str, partial: Path, progress: Progress) -> None:
    """One request; what comes continues the temporary file or replaces it.

    Raises:
        OSError, http.client.HTTPException, ValueError: as of `_BROKEN`.
        FileError: the temporary file can't be written.
    """
    held = _held(partial)
    if file.size is not None and held >= file.size:
        return
    request = urllib.request.Request(address, headers={"User-Agent": "spikeport"})
    if held:
        request.add_header("Range", f"bytes={held}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            # Nothing follows: it is whole, or never was this file. Its checksum will tell.
            return
        raise
    with response:
        continues = response.headers.get("Content-Range", "").startswith(f"bytes {held}-")
        start = held if response.status == http.client.PARTIAL_CONTENT and continues else 0
        _save(response, partial, start, _total(file, response, start), progress)


def _total(file: RemoteFile, response: http.client.HTTPResponse, start: int) -> int | None:
    """Bytes of the whole file, as the server announces them."""
    length = response.headers.get("Content-Length")
    if length is None:
        return file.size
    total = start + int(length)
    if file.size is not None and total != file.size:
        raise _UselessAddressError(f"offers {total:,} bytes, expected {file.size:,}")
    if total > MOST_BYTES:
        raise _UselessAddressError(f"offers {total:,} bytes, at most {MOST_BYTES:,} are fetched")
    return total


def _save(
    response: http.client.HTTPResponse,
    partial: Path,
    start: int,
    total: int | None,
    progress: Progress,
) -> None:
    most, done = MOST_BYTES if total is None else total, start
    with storing(partial):
        file = partial.open("ab" if start else "wb", buffering=0)
    with file:
        progress(done)
        while block := response.read(BLOCK):
            done += len(block)
            if done > most:
                partial.unlink()
                raise _UselessAddressError(f"sends more than {most:,} bytes")
            store(file, block, partial)
            progress(done)
    if total is not None and done < total:
        raise ConnectionError(f"broke off after {done:,} of {total:,} bytes")


def _held(partial: Path) -> int:
    return partial.stat().st_size if partial.is_file() else 0


def _difference(file: RemoteFile, partial: Path) -> str | None:
    """What is wrong with a received file; None: nothing."""
    held = _held(partial)
    if file.size is not None and held != file.size:
        return f"gave {held:,} bytes, expected {file.size:,}"
    with partial.open("rb") as content:
        found = hashlib.file_digest(content, file.checksum.kind).hexdigest()
    if found == file.checksum.value:
        return None
    return (
        f"gave another file: {file.checksum.kind} {found[:12]}..., expected "
        f"{file.checksum.value[:12]}..."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return (str(cause).splitlines() or [type(cause).__name__])[0][:120]
