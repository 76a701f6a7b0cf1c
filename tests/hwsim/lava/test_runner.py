"""Lava as a subprocess: one line says what went wrong, and nothing of it stays behind."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from export.chip.graph import IntArray
from export.chip.netx_write import write_netx
from hwsim.errors import LavaError
from hwsim.lava import crew
from hwsim.lava.environment import FOLDER_VARIABLE, site_packages
from hwsim.lava.job import LavaJob
from hwsim.lava.pieces import Piece, shared_out
from hwsim.lava.runner import run_lava, run_lava_jobs
from tests.full_disk import full_disk
from tests.random_chip_graphs import Chain, integers
from trainers.errors import FileError


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


def test_log_keeps_what_lava_printed(net: Path, tmp_path: Path) -> None:
    """A run that succeeds keeps its warnings, one that fails its whole traceback."""
    log = tmp_path / "lava.log"
    run_lava(net, biases(2), reset="staggered", time_steps=4, log=log)
    assert log.read_text().startswith(f"== worker 1 of 1: {net}\n")
    assert "UserWarning" in log.read_text()
    _all_zero_weights(net)
    with pytest.raises(LavaError, match=r"OverflowError.* Its log: .*lava\.log\.$"):
        run_lava(net, biases(2), reset="staggered", time_steps=4, log=log)
    assert "Traceback (most recent call last):" in log.read_text()


def test_log_that_cannot_be_written(net: Path, tmp_path: Path) -> None:
    """One line names the log."""
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"file/lava\.log: can't be written"):
        run_lava(net, biases(1), reset="none", log=tmp_path / "file" / "lava.log")


def test_full_disk_is_one_line(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs that don't fit in the temporary folder: what to do, and nothing half-written."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with full_disk(2000), pytest.raises(FileError) as caught:
        run_lava(net, biases(300), reset="staggered", time_steps=4)
    assert "can't be written (File too large). Free some space, or set TMPDIR" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


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
    monkeypatch.setattr(crew, "WORKER", net)
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


def test_workers_must_be_there(net: Path) -> None:
    """No workers is refused; more workers than samples are not started."""
    with pytest.raises(LavaError, match="workers is 0, must be at least 1"):
        run_lava(net, biases(1), reset="none", workers=0)
    assert shared_out([LavaJob(net, biases(2), time_steps=3)], 5) == [
        [Piece(0, 0, 1)],
        [Piece(0, 1, 2)],
    ]


def test_samples_are_shared_out_evenly(net: Path) -> None:
    """A long job is cut, short ones are whole; every sample belongs to one worker."""
    jobs = [
        LavaJob(net, biases(90), time_steps=4),
        LavaJob(net, biases(3), time_steps=4),
        LavaJob(net, biases(400), "none"),
    ]
    shares = shared_out(jobs, 3)
    assert len(shares) == 3
    pieces = [piece for share in shares for piece in share]
    steps = [sum((p.stop - p.start) * jobs[p.job].window for p in share) for share in shares]
    assert max(steps) <= 400
    assert sorted((p.start, p.stop) for p in pieces if p.job == 0)[-1][1] == 90
    assert sum(p.stop - p.start for p in pieces) == 90 + 3 + 1


def test_missing_file_and_missing_lava(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own line, before anything is started."""
    with pytest.raises(LavaError, match=r"none\.net: no such file"):
        run_lava(tmp_path / "none.net", biases(1), reset="staggered", time_steps=4)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(LavaError, match="Run `spikeport lava install`"):
        run_lava(net, biases(1), reset="staggered", time_steps=4)
