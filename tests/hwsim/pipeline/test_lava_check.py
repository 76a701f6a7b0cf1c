"""Lava judges the samples of all processes, on the device that the counts come from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.chip.graph import ChipGraph
from export.chip.netx_write import write_netx
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import LavaError
from hwsim.pipeline import emulation, lava_check
from hwsim.pipeline.emulation import Emulation
from hwsim.pipeline.lava_check import LavaCheck
from hwsim.pipeline.scratch_arrays import ScratchArrays
from hwsim.sharding.ranks import Ranks
from tests.small_chip_graphs import chain, spikes
from trainers.errors import ConfigError, FileError
from trainers.npz_rows import RowsInFile, open_rows

SAMPLES, STEPS = 4, 6


class SameRanks(Ranks):
    """Processes that all say the same."""

    def _exchange(self, value: int) -> list[int]:
        return [value] * self.number


@pytest.fixture
def graph(tmp_path: Path) -> ChipGraph:
    """A chain, written as own.net."""
    graph = chain(3).graph(STEPS)
    write_netx(graph, tmp_path / "own.net")
    return graph


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[RowsInFile]:
    """Its inputs on disk."""
    np.savez(tmp_path / "in.npz", inputs=spikes(4, SAMPLES, STEPS, 2, 4, 3).astype(np.uint8))
    with open_rows(tmp_path / "in.npz", "inputs", scratch=tmp_path) as rows:
        yield rows


def test_the_first_process_speaks_and_logs_for_all(
    graph: ChipGraph, rows: RowsInFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has every part of the last check; values are those of all processes."""
    monkeypatch.setattr(lava_check, "PART_BYTES", 1)
    log, said = tmp_path / "lava.log", list[str]()
    log.write_text("of an earlier check")
    first = LavaCheck(tmp_path / "own.net", graph, log=log, ranks=SameRanks(0, 2), say=said.append)
    first.run(rows.part(slice(2)))
    text = log.read_text()
    assert (text.count("== worker 1 of 1"), "earlier" in text) == (2, False)
    neurons = sum(population.neurons for population in graph.populations)
    assert said == [
        f"Lava: all {2 * 2 * 3 * neurons * STEPS:,} values of u, v and spikes are the emulator's"
    ]
    other = LavaCheck(tmp_path / "own.net", graph, log=log, ranks=SameRanks(1, 2), say=said.append)
    other.run(rows.part(slice(2, 2)))
    other.run(rows.part(slice(2, 3)))
    assert (log.read_text(), len(said)) == (text, 1)


def test_a_log_that_cannot_be_there(graph: ChipGraph, rows: RowsInFile, tmp_path: Path) -> None:
    """One line, before anything is simulated."""
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"file/lava\.log: can't be written"):
        LavaCheck(tmp_path / "own.net", graph, log=tmp_path / "file" / "lava.log").run(rows)


def test_inputs_count_too(
    graph: ChipGraph, rows: RowsInFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part holds what its states and its inputs leave room for."""
    neurons = sum(population.neurons for population in graph.populations)
    sample = STEPS * (neurons * lava_check.BYTES_PER_STEP + 24 * (1 + 4))
    check = LavaCheck(tmp_path / "own.net", graph)
    for room, expected in ((2 * sample, 2), (2 * sample - 1, 1)):
        monkeypatch.setattr(lava_check, "PART_BYTES", room)
        assert check._samples_at_once(rows) == expected


def test_the_device_is_that_of_the_counts(
    graph: ChipGraph, rows: RowsInFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held to Lava was computed where the counts were."""
    seen: list[str] = []

    def on_cpu(graph: ChipGraph, inputs: Any, *, device: str, **others: Any) -> Trace:
        seen.append(device)
        return simulate(graph, inputs, **others)

    def no_lava(*_: object, **__: object) -> None:
        raise LavaError("none here")

    monkeypatch.setattr(emulation, "simulate", on_cpu)
    monkeypatch.setattr(lava_check, "simulate", on_cpu)
    monkeypatch.setattr(lava_check, "run_lava_file", no_lava)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "3")
    net = tmp_path / "own.net"
    asked = Emulation(
        net,
        graph,
        ScratchArrays(tmp_path),
        lava=LavaCheck(net, graph),
        device="cuda",
        ranks=SameRanks(1, 2),
    )
    with pytest.raises(LavaError, match="none here"):
        asked.run(rows)
    assert seen == ["cuda:1", "cuda:1"]
    monkeypatch.setenv("LOCAL_RANK", "first")
    with pytest.raises(ConfigError, match="LOCAL_RANK=first in the environment is no number"):
        asked.run(rows)
