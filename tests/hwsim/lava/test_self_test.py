"""The self-test behind `spikeport lava status`: live networks, and a difference is found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from export.chip.graph import ChipGraph, IntArray
from hwsim.engine.simulate import simulate
from hwsim.engine.trace import Trace
from hwsim.errors import LavaError
from hwsim.lava import self_test
from hwsim.lava.environment import FOLDER_VARIABLE, require_lava
from tests.conftest import Command

VALUES = 3 * 6 * ((60 + 48 + 9 + 4) + (60 + 60 + 4)) * 3
"""Samples, steps, neurons of both networks, and u, v and s of each."""


def test_status_runs_the_self_test(spikeport: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder, versions and result; every hidden population fires, or nothing would be shown."""
    traces: list[Trace] = []

    def remembered(graph: ChipGraph, inputs: IntArray, **options: Any) -> Trace:
        traces.append(simulate(graph, inputs, **options))
        return traces[-1]

    monkeypatch.setattr(self_test, "simulate", remembered)
    outcome = spikeport("lava", "status")
    assert outcome.code == 0
    assert f"installed in {require_lava().folder}: python 3." in outcome.out
    assert "lava-nc 0.10.0, lava-dl 0.6.0, numpy" in outcome.out
    assert f"self-test: {VALUES:,} values of u, v and spikes equal the emulator's" in outcome.out
    for trace in traces:
        rates = {name: states["s"].mean() for name, states in trace.recordings.items()}
        assert all(0.02 <= rate <= 0.6 for name, rate in rates.items() if name != "readout")


def test_a_difference_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator that leaks a little faster isn't Lava's."""

    def leaky(graph: ChipGraph, inputs: IntArray, **options: Any) -> Trace:
        first, *others = graph.populations
        changed = replace(first, decay_v=first.decay_v + 1)
        return simulate(replace(graph, populations=(changed, *others)), inputs, **options)

    monkeypatch.setattr(self_test, "simulate", leaky)
    with pytest.raises(LavaError, match=r"^Lava self-test: \d+ of \d+ values differ, first in pop"):
        self_test.self_test()


def test_status_without_lava(
    spikeport: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Says how to get it, and tells a script so."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    outcome = spikeport("lava", "status")
    assert outcome.code == 2
    assert "not installed in" in outcome.err
    assert "Run `spikeport lava install`." in outcome.err
