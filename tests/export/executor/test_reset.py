"""Reset rules of the executor against a loop over single numbers, and who refuses them."""

from math import floor

import nir
import numpy as np
import pytest

from export.errors import UnsupportedLayer
from export.executor import run_graph
from export.graph_order import in_order
from export.importing.reading import closed
from export.nir_metadata import FrozenFacts, InputFacts, ResetRule, attach_facts
from export.targets import TARGETS, refuse_unfit_targets

DT, STEPS, DECAY, THRESHOLD = 1e-4, 40, 0.75, 1.0
RULES: tuple[ResetRule, ...] = ("zero", "subtract", "subtract-delayed", "subtract-multi")


def neurons(rule: ResetRule, node: nir.NIRNode) -> nir.NIRGraph:
    """Six neurons without weights."""
    ends = nir.Input({"input": np.array([6])}), nir.Output({"output": np.array([6])})
    nodes = {"input": ends[0], "cell": node, "output": ends[1]}
    graph = nir.NIRGraph(nodes, [("input", "cell"), ("cell", "output")])
    facts = FrozenFacts(
        spikeport="test",
        dt_s=DT,
        time_steps=STEPS,
        input=InputFacts(form="sequence", shape=(6,)),
        resets={} if rule == "zero" else {"cell": rule},
    )
    attach_facts(graph, facts)
    return graph


def leaky() -> nir.LIF:
    """u <- 0.75 u + x."""
    full = np.ones(6)
    return nir.LIF(
        tau=full * DT / (1 - DECAY), r=full / (1 - DECAY), v_leak=full * 0, v_threshold=full
    )


def one_by_one(rule: ResetRule, inputs: list[float]) -> list[int]:
    """What the rules say, for one neuron."""
    u, owed, fired = 0.0, 0.0, []
    for x in inputs:
        u = DECAY * u + x - owed
        count = max(floor(u / THRESHOLD), 0) if rule == "subtract-multi" else int(u > THRESHOLD)
        owed = THRESHOLD * count if rule == "subtract-delayed" else 0.0
        if rule == "zero":
            u = 0.0 if count else u
        elif rule != "subtract-delayed":
            u -= THRESHOLD * count
        fired.append(count)
    return fired


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_what_it_says(rule: ResetRule) -> None:
    """Spikes of a loop over single numbers; only `subtract-multi` fires twice in a step."""
    inputs = np.random.default_rng(0).normal(0.3, 0.9, (3, STEPS, 6))
    run = run_graph(neurons(rule, leaky()), inputs)
    expected = [[one_by_one(rule, list(inputs[n, :, k])) for k in range(6)] for n in range(3)]
    np.testing.assert_array_equal(run.spikes["cell"], np.transpose(expected, (2, 0, 1)))
    assert (run.spikes["cell"].max() > 1) == (rule == "subtract-multi")


def test_the_rules_differ() -> None:
    """On the same input no two of them fire alike."""
    inputs = np.random.default_rng(0).normal(0.3, 0.9, (3, STEPS, 6))
    counts = {run_graph(neurons(rule, leaky()), inputs).outputs.tobytes() for rule in RULES}
    assert len(counts) == len(RULES)


def test_a_closed_threshold_fires_on_ties() -> None:
    """On a grid of eighths, where v often equals the threshold, > becomes >=."""
    full = np.ones(6)
    node = nir.IF(r=full / DT, v_threshold=full)
    inputs = np.random.default_rng(0).integers(-2, 5, (4, STEPS, 6)) / 8
    runs = {
        strict: run_graph(neurons("zero", node if strict else closed(node)), inputs, record=True)
        for strict in (True, False)
    }
    ties = runs[False].membranes["cell"] == 1
    assert ties.sum() > 5
    np.testing.assert_array_equal(runs[False].spikes["cell"], runs[False].membranes["cell"] >= 1)
    assert not runs[True].spikes["cell"][runs[True].membranes["cell"] == 1].any()


@pytest.mark.parametrize("rule", RULES[1:])
def test_everything_but_the_executor_refuses_it(rule: ResetRule) -> None:
    """Quantising and ONNX order nodes by `in_order`; targets ask before they write."""
    graph = neurons(rule, leaky())
    with pytest.raises(UnsupportedLayer, match=f"'cell'.*{rule}"):
        in_order(graph, loops=True)
    for name in TARGETS:
        with pytest.raises(UnsupportedLayer, match=f"'cell'.*{rule}"):
            refuse_unfit_targets(graph, (name,))
