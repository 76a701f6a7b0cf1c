"""The child process with readers that do it harm, one per kind; with $HARM files of every kind."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hwsim.foreign.child import main
from hwsim.foreign.readers import READERS


def crash(path: Path) -> None:
    """As a C library that follows a damaged address."""
    del path
    ctypes.string_at(0)


def abort(path: Path) -> None:
    """As a C library whose memory is damaged."""
    del path
    os.abort()


def kill(path: Path) -> None:
    """As the system when memory runs out."""
    del path
    os.kill(os.getpid(), signal.SIGKILL)


def bomb(path: Path) -> None:
    """A file that unpacks to more than the limit."""
    del path
    bytearray(2 << 30)


def loop(path: Path) -> None:
    """A chain that closes upon itself."""
    del path
    while True:
        pass


def wait(path: Path) -> None:
    """Never computes, never comes back."""
    del path
    time.sleep(60)


def bug(path: Path) -> None:
    """An error that the reader should have turned into a line."""
    del path
    raise ZeroDivisionError("a bug")


def noise(path: Path) -> None:
    """A library that talks, as if it were the answer."""
    del path
    os.write(1, b"{}\n{}\n")


def leave(path: Path) -> None:
    """Ends the process in silence."""
    del path
    sys.exit(3)


HARM: dict[str, Callable[[Path], None]] = {
    harm.__name__: harm for harm in (crash, abort, kill, bomb, loop, wait, bug, noise, leave)
}

if __name__ == "__main__":
    chosen = os.environ.get("HARM")
    harmed = dict.fromkeys(READERS, HARM[chosen]) if chosen else READERS
    sys.exit(main(sys.argv[1:], {**harmed, **HARM}))
