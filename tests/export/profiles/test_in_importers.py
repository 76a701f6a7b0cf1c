"""Every profile in the tools it is written for, float64, spike for spike against our executor."""

from collections.abc import Iterator
from typing import Any

import nir
import numpy as np
import pytest

from export.errors import UnsupportedLayer
from export.executor import run_graph
from export.flattened import flattened
from export.nir_file import read_nir, write_nir
from export.profiles import PROFILES
from export.profiles.features import features
from export.profiles.refusals import excuses
from tests.importer_runs import FIRING, TOOLS, ToolRun
from tests.random_frozen import DT, KINDS, inputs, lively

PAIRS = [(name, tool) for name, profile in PROFILES.items() for tool in profile.tools]

EVERYWHERE = ("dense", "threshold-2")
RUNS: dict[tuple[str, str], tuple[str, ...]] = {
    ("portable", "norse"): (
        *EVERYWHERE, "conv", "grouped", "tall", "conv-if", "if", "forgetting", "recurrent",
        "recurrent-bias", "forgetting-recurrent", "one-step",
    ),
    ("portable", "snntorch"): (
        *EVERYWHERE, "conv", "grouped", "tall", "forgetting", "recurrent", "recurrent-bias",
        "forgetting-recurrent", "one-step",
    ),
    ("portable", "spikingjelly"): (
        *EVERYWHERE, "conv", "grouped", "tall", "conv-if", "if", "recurrent", "recurrent-bias",
        "one-step",
    ),
    ("cuba", "norse"): (
        *EVERYWHERE, "conv", "grouped", "tall", "forgetting", "recurrent", "recurrent-bias",
        "forgetting-recurrent", "per-neuron", "per-neuron-recurrent", "synapse",
        "synapse-recurrent", "per-neuron-synapse", "one-step",
    ),
    ("cuba", "snntorch"): (
        *EVERYWHERE, "conv", "grouped", "tall", "forgetting", "recurrent", "recurrent-bias",
        "forgetting-recurrent", "per-neuron", "per-neuron-recurrent", "synapse",
        "synapse-recurrent", "per-neuron-synapse", "one-step",
    ),
    ("cuba", "spikingjelly"): (
        *EVERYWHERE, "conv", "grouped", "tall", "forgetting", "recurrent", "recurrent-bias",
        "forgetting-recurrent", "synapse", "synapse-recurrent", "one-step",
    ),
    ("sinabs", "sinabs"): (
        *EVERYWHERE, "conv-if", "if", "forgetting", "recurrent", "per-neuron",
        "per-neuron-recurrent", "forgetting-recurrent", "one-step", "subtract", "several",
        "several-conv-if", "several-recurrent", "recurrent-bias",
    ),
    ("rockpool", "rockpool"): (
        "forgetting", "forgetting-recurrent", "one-step", "subtract", "subtract-synapse",
        "several", "several-recurrent",
    ),
    ("spyx", "spyx"): ("forgetting", "one-step", "later-lagging", "synapse-lagging"),
}  # fmt: skip
"""What must run: nothing on this list may be refused."""


def cases() -> Iterator[Any]:
    """All that must run; each of Spyx starts a process of its own, so most of them are slow."""
    for (profile, tool), kinds in RUNS.items():
        for kind in kinds:
            slow = tool == "spyx" and kind != "later-lagging"
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(profile, tool, kind, marks=marks)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("profile", "tool", "kind"), [*cases()])
def test_the_tool_fires_the_same_spikes(
    profile: str, tool: str, kind: str, seed: int, tmp_path: object
) -> None:
    """Through a file, every spiking node at every step, and the outputs to float64 rounding."""
    graph = lively(KINDS[kind], seed)
    samples = inputs(graph)
    expected = run_graph(graph, samples)
    path = f"{tmp_path}/model.nir"
    write_nir(PROFILES[profile].encode(graph), path)
    found = TOOLS[tool](read_nir(path), np.moveaxis(samples, 1, 0), DT)
    for name, fired in found.spikes.items():
        outer = name.partition(".")[0]
        (same,) = (each for key, each in expected.spikes.items() if key.partition(".")[0] == outer)
        np.testing.assert_array_equal(fired, same, err_msg=name)
    np.testing.assert_allclose(found.outputs, expected.outputs, rtol=0, atol=1e-9)
    assert len(found.spikes) == (0 if tool == "spyx" else len(expected.spikes))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("profile", "tool"), PAIRS)
def test_what_is_refused_is_in_the_table(profile: str, tool: str, kind: str) -> None:
    """A network off the list is refused by profile or tool, for a feature that the table has."""
    if kind in RUNS[profile, tool]:
        return
    graph = lively(KINDS[kind], 1)
    found = features(graph)
    written, refusal = _encoded(profile, graph)
    if written is None:
        assert "\n" not in refusal
        assert refusal.startswith("NIR node 'l0")
        # portable and cuba serve the same tools, each what the other can't hold.
        other = {"portable": {"synapse", "per-neuron decay"}, "cuba": {"no leak"}}
        assert found & other.get(profile, set()) or excuses(tool, found)
        return
    with pytest.raises((AssertionError, ValueError)):
        TOOLS[tool](written, np.moveaxis(inputs(graph), 1, 0), DT)
    assert excuses(tool, found)


def _encoded(profile: str, graph: nir.NIRGraph) -> tuple[nir.NIRGraph | None, str]:
    try:
        return PROFILES[profile].encode(graph), ""
    except UnsupportedLayer as refusal:
        return None, str(refusal)


def test_sinabs_without_the_settings_is_another_network() -> None:
    """They are no decoration: as loaded, Sinabs fires several spikes a step and subtracts."""
    graph = lively(KINDS["dense"], 1)
    samples = inputs(graph)
    written = PROFILES["sinabs"].encode(graph)
    written.metadata["settings"] = ""
    found = TOOLS["sinabs"](written, np.moveaxis(samples, 1, 0), DT)
    expected = run_graph(graph, samples)
    assert (found.spikes["l001_lif"] != expected.spikes["l001_lif"]).any()


def test_a_flat_loop_is_what_the_nested_graph_saves_from() -> None:
    """SnnTorch takes the flat loop and runs another network, or fails: nesting isn't taste."""
    graph = lively(KINDS["recurrent"], 1)
    samples = inputs(graph)
    nested = PROFILES["portable"].encode(graph)
    flat = flattened(nested)
    flat.nodes["l001_lif.l00_lif"].input_type = {"input": np.array([12])}
    expected = run_graph(graph, samples).spikes["l001_lif"]
    found: ToolRun | None = None
    try:
        found = TOOLS["snntorch"](flat, np.moveaxis(samples, 1, 0), DT)
    except (AttributeError, AssertionError, KeyError, RuntimeError):
        return
    (first, *_) = found.spikes.values()
    assert (first != expected).any()


def test_firing_kinds_are_what_the_executor_calls_firing() -> None:
    """The harness watches every population that a profile writes as a neuron."""
    assert set(FIRING) == {nir.LIF, nir.IF, nir.CubaLIF}
