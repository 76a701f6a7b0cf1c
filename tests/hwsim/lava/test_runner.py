"""Lava as a subprocess: one line says what went wrong, and nothing of it stays behind."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from export.chip.graph import IntArray
from export.chip.netx_write import write_netx
from hwsim.errors import LavaError
from hwsim.lava import runner
from hwsim.lava.environment import FOLDER_VARIABLE, site_packages
from hwsim.lava.job import LavaJob
from hwsim.lava.runner import run_lava, run_lava_jobs
from tests.random_chip_graphs import Chain, integers


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A small bias-driven file."""
    chain = Chain(1, "bias", (8,)).biased_input(threshold=900)
    chain.dense(6, threshold=150).dense(4, threshold=100)
    write_netx(chain.graph(), tmp_path / "chip.net")
    return tmp_path / "chip.net"


def biases(samples: int) -> IntArray:
    """For the small file."""
    return integers(np.random.default_rng(2).integers(-600, 2400, (samples, 8)))


def test_windows_are_the_runs_own_steps(net: Path) -> None:
    """A run without resets and the windows of one sample with resets show the same first window."""
    one = run_lava(net, biases(1), reset="staggered", time_steps=6)
    raw = run_lava(net, biases(1), reset="none", steps=8)
    assert one.lag == raw.lag == (0, 1, 2)
    first, again = one.layers[0], raw.layers[0]
    assert first.u.shape == (1, 6, 8)
    assert again.u.shape == (8, 8)
    np.testing.assert_array_equal(first.v[0], again.v[:6])
    assert first.s.any()
    assert one.versions["lava-dl"] == "0.6.0"


def test_first_layers_only(net: Path) -> None:
    """num_layers counts as netx does, and each layer's result doesn't depend on later ones."""
    whole = run_lava(net, biases(3), reset="staggered", time_steps=4)
    part = run_lava(net, biases(3), reset="staggered", time_steps=4, num_layers=2)
    assert len(part.layers) == 2
    np.testing.assert_array_equal(part.layers[1].v, whole.layers[1].v)


def test_time_out_leaves_nothing_behind(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lava's parent and all its children are gone, and so are the temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with pytest.raises(LavaError) as caught:
        run_lava(net, biases(4000), reset="staggered", time_steps=50, timeout_s=4.0)
    assert str(caught.value) == (
        f"{net}: Lava took longer than 4 s and was ended. Use fewer samples or a longer time-out."
    )
    assert processes_naming(tmp_path) == []
    assert set(tmp_path.iterdir()) == before


def test_killed_parent_leaves_nothing_running(net: Path, tmp_path: Path) -> None:
    """A parent that was killed can't end its Lava; the worker notices and does."""
    script = (
        "import sys, numpy, pathlib; from hwsim.lava.runner import run_lava; "
        "run_lava(pathlib.Path(sys.argv[1]), numpy.ones((1, 8), int), reset='none', steps=10**6)"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", script, net], env=os.environ | {"TMPDIR": str(temporary)}
    )
    assert comes_true(lambda: len(processes_naming(temporary)) > 5)
    parent.kill()
    parent.wait()
    assert comes_true(lambda: processes_naming(temporary) == [])


def comes_true(condition: Callable[[], bool], patience_s: float = 30.0) -> bool:
    """Whether something happens before patience ends."""
    deadline = time.monotonic() + patience_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def processes_naming(folder: Path) -> list[str]:
    """Command lines of running processes that name the folder; Lava's children keep theirs."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


def _message_bits(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["layer/1/neuron/messageBits"] = 8


def _threshold_for_five_of_six(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["layer/1/neuron/vThMant"]
        file["layer/1/neuron/vThMant"] = np.arange(5)


def _all_zero_weights(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["layer/1/weight"][...] = 0


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _no_layers(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["layer"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_message_bits, r"ValueError: setting an array element"),
        (_threshold_for_five_of_six, r"ValueError: operands could not be broadcast"),
        (_all_zero_weights, r"OverflowError: cannot convert float infinity to integer"),
        (_truncated, r"OSError: .*truncated file"),
        (_no_layers, r"KeyError: .*open object"),
    ],
)
def test_failure_is_one_line_with_lavas_reason(
    net: Path, damage: Callable[[Path], None], reason: str
) -> None:
    """Also when Lava itself only says '1 Exception(s) occurred' and hides the child's traceback."""
    damage(net)
    with pytest.raises(LavaError, match=reason) as caught:
        run_lava(net, biases(2), reset="staggered", time_steps=4)
    assert str(caught.value).startswith(f"{net}: Lava can't run it (")
    assert "\n" not in str(caught.value)
    assert "Exception(s) occurred" not in str(caught.value)


def test_other_neurons_are_refused() -> None:
    """Sigma-delta neurons run in Lava, but nothing here would see their states."""
    file = site_packages() / "tests/lava/lib/dl/netx/gts/pilotnet_sdnn/network.net"
    with pytest.raises(LavaError, match=r"population 0 has Delta neurons, only LIF is watched"):
        run_lava(file, integers([[1]]), reset="none")


def test_failing_file_among_several_is_named(net: Path, tmp_path: Path) -> None:
    """The message names the file that failed, not the ones that ran."""
    bad = tmp_path / "bad.net"
    bad.write_bytes(net.read_bytes()[:5000])
    jobs = [LavaJob(path, biases(1), time_steps=2) for path in (net, bad)]
    with pytest.raises(LavaError) as caught:
        run_lava_jobs(jobs)
    assert str(caught.value).startswith(f"{bad}: ")


def test_worker_that_dies_is_reported(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an outcome the program's last line of output is the reason."""
    monkeypatch.setattr(runner, "WORKER", net)
    with pytest.raises(LavaError, match=r"chip\.net: Lava can't run it \(SyntaxError: "):
        run_lava(net, biases(1), reset="staggered", time_steps=4)


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (integers([[1]]), {"reset": "staggered"}, "need time_steps"),
        (integers([[1]]), {"reset": "none", "time_steps": 4}, "Give steps"),
        (integers([[1]]), {"reset": "staggered", "time_steps": 0}, "time_steps is 0"),
        (integers([[1 << 31]]), {"reset": "none"}, "exceeds the 2147483647"),
        (integers([[]]), {"reset": "none"}, "must be integers"),
        (
            integers([[1] * 7]),
            {"reset": "none"},
            r"shape \(7,\) per step, the network takes \(8,\)",
        ),
        (integers([[40000] * 8]), {"reset": "none"}, "int16"),
    ],
)
def test_bad_inputs_are_one_line(
    net: Path, inputs: IntArray, options: dict[str, object], message: str
) -> None:
    """What can't be run as asked is refused, not reshaped or wrapped."""
    with pytest.raises(LavaError, match=message) as caught:
        run_lava(net, inputs, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_missing_file_and_missing_lava(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own line, before anything is started."""
    with pytest.raises(LavaError, match=r"none\.net: no such file"):
        run_lava(tmp_path / "none.net", biases(1), reset="staggered", time_steps=4)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(LavaError, match="Run `spikeport lava install`"):
        run_lava(net, biases(1), reset="staggered", time_steps=4)
