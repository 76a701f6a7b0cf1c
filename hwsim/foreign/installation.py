"""The key of this installation, with which it signs what it made itself.

HMAC-SHA256 (RFC 2104) with 32 random bytes that lie, readable by their owner alone, in
`installation.key` of the state folder: $SPIKEPORT_STATE, else $XDG_STATE_HOME/spikeport, else
~/.local/state/spikeport. Where no key can be kept nothing is signed and nothing vouched for, so
that the installation's own files are treated as a stranger's: slower, never less careful.
"""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path

KEY_FILE = "installation.key"
KEY_BYTES = 32


def state_folder() -> Path | None:
    """Where the key lies; None where there is no home folder."""
    chosen = os.environ.get("SPIKEPORT_STATE")
    if chosen:
        return Path(chosen)
    states = os.environ.get("XDG_STATE_HOME", "")
    # The XDG base directory specification says to ignore a relative one.
    if os.path.isabs(states):
        return Path(states) / "spikeport"
    try:
        return Path.home() / ".local" / "state" / "spikeport"
    except RuntimeError:
        return None


def signature_of(content: bytes) -> str | None:
    """HMAC-SHA256 of the content, hexadecimal; None where this installation can't keep a key."""
    key = _key(create=True)
    return None if key is None else _hmac(key, content)


def is_own(content: bytes, signature: str | None) -> bool:
    """Whether this installation made the signature, for this content."""
    key = _key(create=False)
    if key is None or signature is None:
        return False
    return hmac.compare_digest(_hmac(key, content).encode(), signature.encode())


def _hmac(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _key(*, create: bool) -> bytes | None:
    folder = state_folder()
    if folder is None:
        return None
    path = folder / KEY_FILE
    try:
        if create and not path.exists():
            _create(path)
        return _read(path)
    except OSError:
        return None


def _create(path: Path) -> None:
    """Puts a new key there whole; where another process was quicker, its key stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".key.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)


def _read(path: Path) -> bytes | None:
    """The key, unless others could have read or replaced it."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        others = stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
        if others or found.st_uid != os.getuid() or found.st_size != KEY_BYTES:
            return None
        return file.read()
