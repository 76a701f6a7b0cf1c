"""The Lava environment: whole or not there, never half, never on top of something else."""

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hwsim.errors import LavaError
from hwsim.lava.environment import (
    FOLDER_VARIABLE,
    LAVA,
    PINS,
    STAMP,
    WHEELS,
    install,
    lava_environment,
    require_lava,
    site_packages,
    status,
)


@dataclass
class FakeCommands:
    """Stands in for `subprocess.run`: remembers the commands, fails when told to."""

    folder: Path
    failing: str = ""
    commands: list[list[str]] = field(default_factory=list)
    stamps_seen: list[bool] = field(default_factory=list)
    variables: list[set[str]] = field(default_factory=list)

    def run(
        self, command: list[str], *, env: dict[str, str], **options: object
    ) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        self.stamps_seen.append((self.folder / STAMP).exists())
        self.variables.append(set(env))
        if self.failing and any(self.failing in part for part in command):
            return subprocess.CompletedProcess(command, 1, "Looking\n", "ERROR: no route to host\n")
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the environment."""
    chosen = tmp_path / "lava"
    monkeypatch.setenv(FOLDER_VARIABLE, str(chosen))
    return chosen


@pytest.fixture
def commands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    """No pip, no network."""
    fake = FakeCommands(folder)
    monkeypatch.setattr(subprocess, "run", fake.run)
    return fake


def silent(line: str) -> None:
    """Reports to nobody."""


def test_folder_lies_in_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the environment lies under the running Python's prefix."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert lava_environment() == Path(sys.prefix) / "share" / "spikeport" / "lava"


def test_missing_environment_says_how_to_get_it(folder: Path) -> None:
    """The one line that every user without Lava reads."""
    assert not status().installed
    with pytest.raises(LavaError) as caught:
        require_lava()
    assert str(caught.value) == (
        f"Lava environment: not installed in {folder}. Run `spikeport lava install`."
    )


def test_install_pins_everything_in_two_steps(folder: Path, commands: FakeCommands) -> None:
    """First Lava's needs in exact versions, then both wheels by hash and without dependencies."""
    install(silent)
    needs, wheels, trial = commands.commands
    pins = PINS[".".join(platform.python_version_tuple()[:2])]
    assert needs[-len(pins) :] == [f"{name}=={version}" for name, version in pins.items()]
    assert wheels[-5:] == [
        "--no-deps", "--ignore-requires-python", "--require-hashes", "-r", str(WHEELS),
    ]  # fmt: skip
    for command in (needs, wheels):
        assert command[:5] == [sys.executable, "-m", "pip", "--python", f"{folder}/bin/python"]
        assert "--only-binary=:all:" in command
    assert trial[:2] == [f"{folder}/bin/python", "-I"]


def test_wheels_are_the_pinned_ones() -> None:
    """The hashed requirements name the same versions as the stamp."""
    lines = [line for line in WHEELS.read_text().splitlines() if not line.startswith("#")]
    assert [line.split(" ")[0] for line in lines] == [f"{n}=={v}" for n, v in LAVA.items()]
    assert all(len(line.partition("--hash=sha256:")[2]) == 64 for line in lines)


def test_stamp_is_written_last(folder: Path, commands: FakeCommands) -> None:
    """No stamp while anything is still being installed; afterwards it lists every version."""
    install(silent)
    assert commands.stamps_seen == [False, False, False]
    found = status()
    assert found.installed
    assert found.versions["python"] == platform.python_version()
    assert found.versions["lava-nc"] == "0.10.0"
    assert require_lava() == found
    assert site_packages().is_dir()


def test_pip_does_not_see_the_callers_packages(
    commands: FakeCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inherited PYTHONPATH would shadow the environment's NumPy."""
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")
    install(silent)
    assert all("PYTHONPATH" not in variables for variables in commands.variables)


def test_whole_environment_is_left_alone(folder: Path, commands: FakeCommands) -> None:
    """A second install does nothing and says so; with force it builds again."""
    install(silent)
    said: list[str] = []
    install(said.append)
    assert said == [f"Lava environment: already installed in {folder}."]
    assert len(commands.commands) == 3
    install(silent, force=True)
    assert len(commands.commands) == 6


@pytest.mark.parametrize(
    ("failing", "stage"), [("numpy==", "pip failed"), ("wheels.txt", "pip failed"),
                           ("lava/worker", "Lava can't be imported")],
)  # fmt: skip
def test_failed_stage_leaves_an_unfinished_folder_that_is_rebuilt(
    folder: Path, commands: FakeCommands, failing: str, stage: str
) -> None:
    """The last line of the failed program is in the error; the next install starts afresh."""
    commands.failing = failing
    with pytest.raises(LavaError) as caught:
        install(silent)
    assert str(caught.value).startswith(
        f"Lava environment in {folder}: {stage} (ERROR: no route to host). "
    )
    assert "\n" not in str(caught.value)
    assert status().reason == f"unfinished in {folder}"
    leftover = folder / "lib" / "leftover"
    leftover.touch()
    commands.failing = ""
    install(silent)
    assert status().installed
    assert not leftover.exists()


def _older_numpy(stamp: dict[str, str]) -> None:
    stamp["numpy"] = "1.24.0"


def _python_never_tried(stamp: dict[str, str]) -> None:
    stamp["python"] = "3.9.1"


def _no_python(stamp: dict[str, str]) -> None:
    del stamp["python"]


@pytest.mark.parametrize("change", [_older_numpy, _python_never_tried, _no_python])
def test_other_versions_do_not_count(
    folder: Path, commands: FakeCommands, change: Callable[[dict[str, str]], None]
) -> None:
    """An environment with other pins (of an earlier release, say) is built again."""
    install(silent)
    stamp = json.loads((folder / STAMP).read_text())
    change(stamp)
    (folder / STAMP).write_text(json.dumps(stamp))
    assert not status().installed
    install(silent)
    assert status().installed


def test_removed_python_is_noticed(folder: Path, commands: FakeCommands) -> None:
    """An environment whose base Python was uninstalled can't run."""
    install(silent)
    (folder / "bin" / "python").unlink()
    assert not status().installed


@pytest.mark.parametrize("text", ["", "{", "[]", '"whole"'])
def test_damaged_stamp_is_no_stamp(folder: Path, commands: FakeCommands, text: str) -> None:
    """A stamp that isn't ours doesn't make an environment whole."""
    install(silent)
    (folder / STAMP).write_text(text)
    assert not status().installed


def test_foreign_folder_is_never_cleared(folder: Path, commands: FakeCommands) -> None:
    """A folder that holds something else is refused and stays as it was."""
    folder.mkdir()
    treasure = folder / "thesis.tex"
    treasure.write_text("years of work")
    with pytest.raises(LavaError, match=r"thesis|holds something else"):
        install(silent, force=True)
    assert treasure.read_text() == "years of work"
    assert commands.commands == []


def test_python_never_tried_is_refused(
    folder: Path, commands: FakeCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only Pythons on which Lava was compared get an environment."""
    monkeypatch.setattr(platform, "python_version", lambda: "3.10.13")
    with pytest.raises(LavaError, match=r"Python 3\.10\.13 .*Install with Python 3\.11, 3\.12"):
        install(silent)
    assert not folder.exists()
