"""Random legal networks of every kind: the emulator equals live Lava in every u, v and spike.

`make test` runs the first networks, `make test-slow` all of them and prints what they cover
(`python -m tests.random_networks` prints the same without Lava).
"""

import sys
from collections import Counter
from pathlib import Path

import pytest

from export.chip.chip_file import read_chip, write_chip
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.lava.chip_job import file_job
from hwsim.lava.compare import compare
from hwsim.lava.environment import require_lava
from hwsim.lava.runner import run_lava_jobs
from tests.random_networks.coverage import FEATURES, rows_of, table
from tests.random_networks.edges import EDGES
from tests.random_networks.network import NETWORKS, RECIPES, RandomNetwork, network
from tests.random_networks.tuning import LIVELY

IN_EVERY_RUN = 40
CHUNK = 30
AT_LEAST = 10


def compare_with_lava(numbers: range, folder: Path) -> int:
    """Runs networks through files, emulator and one Lava; how many values were compared."""
    require_lava()
    jobs, traces = [], []
    for drawn in map(network, numbers):
        path = write_chip(drawn.graph, folder / str(drawn.number))
        chip = read_chip(path)
        steps = None if chip.time_steps else drawn.steps
        jobs.append(file_job(path, chip, drawn.inputs, reset=drawn.reset, steps=steps))
        traces.append(simulate(chip, drawn.inputs, reset=drawn.reset, steps=steps, record=True))
        assert_as_tuned(drawn, traces[-1])
    values = 0
    for number, trace, run in zip(numbers, traces, run_lava_jobs(jobs), strict=True):
        comparison = compare(trace, run)
        assert comparison.identical, f"network {number}, {network(number).recipe}: {comparison}"
        values += comparison.values
    return values


def assert_as_tuned(drawn: RandomNetwork, trace: Trace) -> None:
    """Every population but the readouts is alive, and the wraps and saturations happened."""
    silent = {readout.population for readout in drawn.graph.readouts}
    for name in set(trace.populations) - silent:
        rate = trace.recordings[name]["s"].mean()
        assert LIVELY[0] <= rate <= LIVELY[1], f"network {drawn.number}, '{name}': {rate:.1%}"
    counted = {
        "wraps": drawn.edges["u wraps up"] + drawn.edges["u wraps down"],
        "saturations": drawn.edges["v saturates up"] + drawn.edges["v saturates down"],
    }
    assert {key: int(getattr(trace, key).sum()) for key in counted} == counted


def test_the_first_networks_equal_lava(tmp_path: Path) -> None:
    """Every recipe at least once."""
    assert len(RECIPES) <= IN_EVERY_RUN
    assert compare_with_lava(range(IN_EVERY_RUN), tmp_path) > 0


@pytest.mark.slow
@pytest.mark.parametrize("first", range(IN_EVERY_RUN, NETWORKS, CHUNK))
def test_all_networks_equal_lava(first: int, tmp_path: Path) -> None:
    """The rest, in chunks that share a Lava."""
    assert compare_with_lava(range(first, min(first + CHUNK, NETWORKS)), tmp_path) > 0


@pytest.mark.slow
def test_every_feature_is_hit_often(capsys: pytest.CaptureFixture[str]) -> None:
    """Each feature and each path of the arithmetic in at least ten networks; prints the table."""
    drawn = [network(number) for number in range(NETWORKS)]
    rows = rows_of((set(each.features), each.edges) for each in drawn)
    with capsys.disabled():
        sys.stdout.write(f"\n{NETWORKS} networks\n{table(rows)}\n")
    assert NETWORKS >= 200
    assert {row.what for row in rows} == {*FEATURES, *EDGES}
    assert [row.what for row in rows if row.networks < AT_LEAST] == []
    assert set(Counter(each.recipe for each in drawn).values()) == {NETWORKS // len(RECIPES)}
