"""Files from elsewhere: whatever they do to the process that opens them first is one line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from export.chip.netx_write import write_netx
from export.errors import InvalidGraph
from export.nir_file import read_nir, write_nir
from export.onnx import write_onnx
from hwsim.foreign import limits, opening
from hwsim.foreign.opening import all_opened_safely, opened_safely
from hwsim.foreign.readers import READERS, kind_of
from tests.frozen_networks import conv_network
from tests.small_chip_graphs import chain
from trainers.errors import ConfigError, FileError

HARM = "tests.hwsim.foreign.harmful_child"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound file."""
    write_nir(conv_network(channels=(2, 3)), tmp_path / "model.nir")
    return tmp_path / "model.nir"


@pytest.fixture
def harmful(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's reader does to it what its KIND says, where that is a kind of harm."""
    monkeypatch.setattr(opening, "CHILD", HARM)


def children(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of all children from here on."""
    started: list[list[str]] = []
    run = subprocess.run

    def counted(command: list[str], **options: object) -> object:
        started.append(command)
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", counted)
    return started


def write_npz(path: Path) -> None:
    """Two arrays."""
    np.savez(path, inputs=np.arange(6), labels=np.arange(2))


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.nir": lambda path: write_nir(conv_network(channels=(2, 3)), path),
    "a.onnx": lambda path: write_onnx(conv_network(channels=(2, 3)), path),
    "a.net": lambda path: write_netx(chain(1).graph(), path),
    "a.npz": write_npz,
}


@pytest.mark.parametrize("name", WRITERS)
def test_sound_files_pass(name: str, tmp_path: Path) -> None:
    """Every kind is read in the child by its own reader, and its path comes back."""
    WRITERS[name](tmp_path / name)
    assert opened_safely(tmp_path / name) == tmp_path / name


def test_no_other_kind_is_known(tmp_path: Path) -> None:
    """A file's name says how it is read."""
    assert {kind_of(Path(name)) for name in WRITERS} <= READERS.keys()
    with pytest.raises(FileError, match=r"a\.pkl: unknown kind\. Name a \.nir"):
        opened_safely(tmp_path / "a.pkl")


def test_a_refusal_is_the_reader_s_own(path: Path) -> None:
    """Class and line are those that reading it here gives, with nothing wrapped around them."""
    with h5py.File(path, "r+") as file:
        file["node/nodes/l000_conv/bias"][1] = np.nan
    with pytest.raises(InvalidGraph) as here:
        read_nir(path)
    with pytest.raises(InvalidGraph) as there:
        opened_safely(path)
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("crash", r"reading it crashed \(SIGSEGV\)"),
        ("abort", r"reading it crashed \(SIGABRT\)"),
        ("kill", "was killed, as the system does when memory runs out"),
        ("bomb", "took more memory than it may"),
        ("loop", "took more than 1 s of computing"),
        ("wait", "took more than 4 s,"),
        ("bug", r"failed \(ZeroDivisionError: a bug\)"),
        ("leave", r"failed \(without a word\)"),
    ],
)
@pytest.mark.usefixtures("harmful")
def test_harm_is_one_line(
    harm: str, says: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened, to which file, within which limits, and what to do; this process goes on."""
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "1")
    monkeypatch.setenv(limits.TIME_VARIABLE, "1")
    with pytest.raises(FileError, match=says) as error:
        opened_safely(path, harm)
    line = str(error.value)
    assert line.startswith(f"{path}: reading it ")
    assert "at most 1 GiB and 1 s. Don't trust this file" in line
    assert "\n" not in line


@pytest.mark.usefixtures("harmful")
def test_the_guilty_one_of_several_is_named(path: Path, tmp_path: Path) -> None:
    """Files before it were answered for, and the line is about the one that has no answer."""
    other, third = tmp_path / "b.npz", tmp_path / "c.npz"
    for file in (other, third):
        write_npz(file)
    with pytest.raises(FileError, match=f"{other}: reading it crashed"):
        all_opened_safely([(path, "nir"), (other, "crash"), (third, "npz")])


@pytest.mark.usefixtures("harmful")
def test_what_a_library_prints_is_no_answer(path: Path, tmp_path: Path) -> None:
    """A file that crashes it isn't passed by what was printed for the one before."""
    write_npz(tmp_path / "b.npz")
    with pytest.raises(FileError, match=r"b\.npz: reading it crashed"):
        all_opened_safely([(path, "noise"), (tmp_path / "b.npz", "crash")])


def test_one_child_for_several_files_and_none_for_known_ones(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is opened so once in a process, until it changes; missing ones are left alone."""
    write_npz(tmp_path / "b.npz")
    started = children(monkeypatch)
    openings = [(path, "nir"), (tmp_path / "b.npz", "npz"), (tmp_path / "none.nir", "nir")]
    all_opened_safely(openings)
    all_opened_safely(openings)
    assert len(started) == 1
    assert started[0][-4:] == ["nir", str(path), "npz", str(tmp_path / "b.npz")]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileError):
        all_opened_safely(openings)
    assert len(started) == 2


def test_a_module_beside_the_file_is_not_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child doesn't import from the working directory, where a stranger's archive may lie."""
    (tmp_path / "h5py.py").write_text("raise SystemExit('taken over')")
    (tmp_path / "hwsim").mkdir()
    (tmp_path / "hwsim" / "__init__.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    opened_safely(path.name)


@pytest.mark.parametrize("kind", ["nir", "onnx", "chip", "npz"])
def test_the_child_starts_without_torch(kind: str, tmp_path: Path) -> None:
    """It is started for every stranger's file, and torch takes seconds."""
    path = tmp_path / f"a.{ {'chip': 'net'}.get(kind, kind) }"
    WRITERS[path.name](path)
    code = (
        "import sys; from pathlib import Path; from hwsim.foreign.child import main; "
        f"assert main(['{1 << 32}', '60', '{kind}', sys.argv[1]]) == 0; "
        "assert not {'torch', 'lightning', 'onnxruntime', 'numba'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    assert done.stdout == b"{}\n"


def test_limits_follow_size_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 s and 1 s per 4 MB of each file, an ONNX model's data included; or what is asked for."""
    small, large, data = (tmp_path / name for name in ("a.npz", "b.onnx", "b.onnx.data"))
    for path, size in ((small, 10), (large, 8_000_000), (data, 4_000_000)):
        with path.open("wb") as file:
            file.truncate(size)
    found = limits.limits_for([small, large])
    assert (found.computing_s, found.waiting_s) == (43, 172)
    assert limits.GIB <= found.memory_bytes <= 17 * limits.GIB
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "30")
    monkeypatch.setenv(limits.TIME_VARIABLE, "7")
    assert limits.limits_for([small]) == limits.Limits(30 * limits.GIB, 7, 28)
    monkeypatch.setenv(limits.TIME_VARIABLE, "soon")
    with pytest.raises(ConfigError, match="SPIKEPORT_READ_SECONDS=soon: expected a whole number"):
        limits.limits_for([small])
