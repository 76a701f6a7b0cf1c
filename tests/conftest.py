"""Fixtures that several test files share."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from hwsim.cli.app import run

if not torch.cuda.is_available():
    # Triton reads it when it is first imported, which torch's compiler may do in any test.
    os.environ["TRITON_INTERPRET"] = "1"


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_works() -> Iterator[None]:
    """Tests that interrupt work in a background job too, which starts with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests sign with a key of their own, not with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEPORT_STATE", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def spikeport(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command line in this process."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def trained_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe of `make demo`, run once for all tests; read it, never change it."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    assert run(["run", "digits", "-o", str(folder), "--device", "cpu"]) == 0
    return folder


@pytest.fixture
def digits_run(trained_digits: Path, tmp_path: Path) -> Path:
    """A copy of the finished digits run that a test may damage."""
    return Path(shutil.copytree(trained_digits, tmp_path / "digits"))
