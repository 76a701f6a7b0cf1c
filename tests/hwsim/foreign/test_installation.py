"""The installation's key: made once, kept to its owner, and never guessed."""

import multiprocessing
import os
from pathlib import Path

import pytest

from hwsim.foreign.installation import KEY_FILE, is_own, signature_of, state_folder

CONTENT = b"what was made"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder that doesn't exist yet."""
    monkeypatch.setenv("SPIKEPORT_STATE", str(tmp_path / "deep" / "state"))
    return tmp_path / "deep" / "state"


def test_own_signatures_are_known(state: Path) -> None:
    """For their content alone; another installation's, and none, are not."""
    signature = signature_of(CONTENT)
    assert is_own(CONTENT, signature)
    assert signature_of(CONTENT) == signature
    assert not is_own(CONTENT + b".", signature)
    assert not is_own(CONTENT, None)
    assert not is_own(CONTENT, "")
    assert not is_own(CONTENT, "\u00e9")
    (state / KEY_FILE).unlink()
    assert signature_of(CONTENT) != signature
    assert not is_own(CONTENT, signature)


def test_the_key_is_its_owner_s_alone(state: Path) -> None:
    """Nobody else may read file or folder, and nothing is left of its making."""
    signature_of(CONTENT)
    assert (state / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert os.listdir(state) == [KEY_FILE]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_could_read_or_replace_signs_nothing(state: Path, mode: int) -> None:
    """Its signatures would be anyone's."""
    signature = signature_of(CONTENT)
    (state / KEY_FILE).chmod(mode)
    assert signature_of(CONTENT) is None
    assert not is_own(CONTENT, signature)


def test_a_damaged_key_signs_nothing_and_stays(state: Path) -> None:
    """An empty key would be one that everyone knows."""
    signature = signature_of(CONTENT)
    (state / KEY_FILE).write_bytes(b"")
    assert signature_of(CONTENT) is None
    assert not is_own(CONTENT, signature)
    assert (state / KEY_FILE).read_bytes() == b""


def test_asking_makes_no_key(state: Path) -> None:
    """Only signing does."""
    assert not is_own(CONTENT, "00")
    assert not state.exists()


def test_no_place_for_a_key_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run goes on without; its files will be opened as a stranger's are."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKEPORT_STATE", str(tmp_path / "file" / "state"))
    assert signature_of(CONTENT) is None


def test_a_key_made_meanwhile_stays(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process was quicker after this one had looked: its signatures stay good."""
    signature = signature_of(CONTENT)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert signature_of(CONTENT) == signature
    assert os.listdir(state) == [KEY_FILE]


def sign(number: int) -> str | None:
    """In another process."""
    del number
    return signature_of(CONTENT)


def test_processes_that_start_together_share_one_key(state: Path) -> None:
    """Whoever is first makes it whole, and the others take it."""
    with multiprocessing.get_context("fork").Pool(8) as pool:
        signatures = pool.map(sign, range(32), chunksize=1)
    assert set(signatures) == {signature_of(CONTENT)}
    assert os.listdir(state) == [KEY_FILE]


def test_where_the_state_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own variable, then the XDG base directory specification's, then its default."""
    monkeypatch.setenv("SPIKEPORT_STATE", "/own")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    monkeypatch.setenv("HOME", "/home/someone")
    assert state_folder() == Path("/own")
    monkeypatch.delenv("SPIKEPORT_STATE")
    assert state_folder() == Path("/xdg/spikeport")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_folder() == Path("/home/someone/.local/state/spikeport")
