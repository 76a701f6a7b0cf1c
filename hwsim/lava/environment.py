"""The isolated environment that holds Lava: where it is, whether it is whole, how it is made.

Lava (lava-nc 0.10.0, lava-dl 0.6.0) pins an old Python and old packages and installs a package
called `tests`, so it never shares an environment with the project. It is a virtual environment of
its own, about 420 MB, without torch. Virtual environments can't be moved: it is built in place and
a stamp, written last, says that it is whole.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwsim.errors import LavaError
from trainers.atomic_file import cannot_write, whole_file

FOLDER_VARIABLE = "SPIKEPORT_LAVA_ENV"
STAMP = "spikeport-lava.json"
UNFINISHED = "spikeport-lava.unfinished"
WHEELS = Path(__file__).with_name("wheels.txt")
WORKER = Path(__file__).with_name("worker")

LAVA = {"lava-nc": "0.10.0", "lava-dl": "0.6.0"}
_SINCE_3_11 = {
    "numpy": "1.26.4", "scipy": "1.17.1", "h5py": "3.16.0", "networkx": "3.6.1",
    "asteval": "1.0.10",
}  # fmt: skip
PINS: Mapping[str, Mapping[str, str]] = {
    "3.11": _SINCE_3_11,
    "3.12": _SINCE_3_11,
    "3.13": {**_SINCE_3_11, "numpy": "2.3.5"},
}
"""Python version -> what Lava needs, each combination compared with 0 mismatches."""


@dataclass(frozen=True)
class LavaStatus:
    """Whether Lava can be run.

    Args:
        folder: where the environment is or would be.
        installed: it is whole and holds exactly the pinned versions.
        versions: packages and `python`, empty when nothing whole is there.
        reason: one sentence for people.
    """

    folder: Path
    installed: bool
    versions: Mapping[str, str]
    reason: str


def lava_environment() -> Path:
    """The environment's folder: $SPIKEPORT_LAVA_ENV, else share/spikeport/lava of this Python."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).absolute() if chosen else Path(sys.prefix) / "share" / "spikeport" / "lava"


def interpreter(folder: Path) -> Path:
    """The environment's Python."""
    return folder / "bin" / "python"


def site_packages() -> Path:
    """Where the environment's packages lie; Lava's own test networks come with them.

    Raises:
        LavaError: the environment isn't installed.
    """
    found = require_lava()
    python = _minor(found.versions["python"])
    return found.folder / "lib" / f"python{python}" / "site-packages"


def status() -> LavaStatus:
    """Looks at the environment without starting it."""
    folder = lava_environment()
    versions = _read_stamp(folder)
    if versions is None:
        reason = "unfinished" if (folder / UNFINISHED).exists() else "not installed"
        return LavaStatus(folder, False, {}, f"{reason} in {folder}")
    if versions != _stamp(versions.get("python", "")):
        return LavaStatus(folder, False, versions, f"not the pinned versions in {folder}")
    if not interpreter(folder).exists():
        return LavaStatus(folder, False, versions, f"without its Python (removed?) in {folder}")
    return LavaStatus(folder, True, versions, f"installed in {folder}")


def require_lava() -> LavaStatus:
    """The environment, or the one line that says how to get it.

    Raises:
        LavaError: it isn't installed, unfinished or outdated.
    """
    found = status()
    if not found.installed:
        raise LavaError(f"Lava environment: {found.reason}. Run `spikeport lava install`.")
    return found


def install(report: Callable[[str], None], *, force: bool = False) -> Path:
    """Makes the environment with the running interpreter and its pip; a whole one is left alone.

    Args:
        report: receives one line per stage.
        force: build it again even if it is whole.

    Raises:
        LavaError: this Python isn't supported, the folder holds something else, or pip failed.
        FileError: the folder can't be written to, or no space is left.
    """
    found = status()
    if found.installed and not force:
        report(f"Lava environment: already {found.reason}.")
        return found.folder
    folder, pins = found.folder, _pins_of_this_python()
    try:
        _clear(folder)
        report(f"Lava environment: building in {folder} (about 420 MB).")
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        report(f"Lava environment: installing {', '.join(pins)}.")
        _pip(folder, *(f"{name}=={version}" for name, version in pins.items()))
        report(f"Lava environment: installing {', '.join(LAVA)}.")
        _pip(folder, "--no-deps", "--ignore-requires-python", "--require-hashes", "-r", WHEELS)
        _try_import(folder)
        _mark_whole(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    report(f"Lava environment: installed in {folder}.")
    return folder


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _stamp(python: str) -> dict[str, str] | None:
    """What the stamp of a whole environment says; None for a Python without tried versions."""
    pins = PINS.get(_minor(python))
    return None if pins is None else {"python": python, **LAVA, **pins}


def _read_stamp(folder: Path) -> dict[str, str] | None:
    try:
        content = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _mark_whole(folder: Path) -> None:
    with whole_file(folder / STAMP) as partial:
        partial.write_text(json.dumps(_stamp(platform.python_version()), indent=2))
    (folder / UNFINISHED).unlink()


def _pins_of_this_python() -> Mapping[str, str]:
    pins = PINS.get(_minor(platform.python_version()))
    if pins is None or os.name != "posix":
        raise LavaError(
            f"Lava environment: Python {platform.python_version()} on {platform.system()} hasn't "
            f"been tried with Lava. Install with Python {', '.join(PINS)} on Linux or macOS."
        )
    return pins


def _clear(folder: Path) -> None:
    """Empties an earlier environment; a folder that isn't one is never touched."""
    ours = (folder / STAMP).exists() or (folder / UNFINISHED).exists()
    if folder.exists() and not ours and any(folder.iterdir()):
        raise LavaError(
            f"Lava environment: {folder} holds something else. Empty it, or set "
            f"{FOLDER_VARIABLE} to another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNFINISHED).touch()
    (folder / STAMP).unlink(missing_ok=True)
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item.name != UNFINISHED:
            item.unlink()


def _pip(folder: Path, *arguments: str | Path) -> None:
    python = interpreter(folder)
    options = ("--no-input", "--disable-pip-version-check", "--quiet", "--only-binary=:all:")
    _run(
        [sys.executable, "-m", "pip", "--python", python, "install", *options, *arguments],
        f"Lava environment in {folder}: pip failed",
        "Check the network and run `spikeport lava install` again",
    )


def _try_import(folder: Path) -> None:
    _run(
        [interpreter(folder), "-I", WORKER],
        f"Lava environment in {folder}: Lava can't be imported",
        "Run `spikeport lava install --force`",
    )


def _run(command: Sequence[str | Path], failure: str, remedy: str) -> None:
    # PYTHONPATH would show the environment's Python the caller's packages.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=clean,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
        raise LavaError(f"{failure} ({lines[-1].strip()}). {remedy}.")
