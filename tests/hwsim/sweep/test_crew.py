"""Further workers end with the process that started them, however that ends."""

import signal
import subprocess
import sys

import pytest
import torch

from hwsim.sweep.crew import crew, shared_cores

ENDLESS = "from hwsim.sweep.crew import end_with_parent; end_with_parent(); import time\n"
WORKER = f"{ENDLESS}print('!', end='', flush=True)\ntime.sleep(600)"
PARENT = (
    "import subprocess, sys, time\n"
    f"child = subprocess.Popen([sys.executable, '-c', {WORKER!r}], stdin=subprocess.PIPE)\n"
    "time.sleep(600)"
)


def test_a_worker_ends_when_its_parent_is_killed() -> None:
    """By SIGKILL, which gives the parent no chance to end it."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.read(1) == b"!"
        parent.send_signal(signal.SIGKILL)
        # The worker shares the pipe, so this ends when it does.
        assert parent.stdout.read() == b""


def test_workers_that_failed_are_told(capfd: pytest.CaptureFixture[str]) -> None:
    """Their own line is above; the block ends all the same."""
    lines: list[str] = []
    with crew(2, ["sweep", "/no/such/run", "--further-worker"], lines.append) as processes:
        assert [process.wait() for process in processes] == [2, 2]
    assert lines == ["2 of 2 further workers failed (see above); the others computed their points"]
    assert capfd.readouterr().err.count("not a run folder") == 2


def test_torchs_threads_are_given_back() -> None:
    """What else runs in this process computes as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        with shared_cores(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
