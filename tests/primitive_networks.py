"""Networks of NIR primitives that freezing never writes: synapses, integrators, delays, loops."""

import nir
import numpy as np

from tests.frozen_networks import DT
from tests.other_networks import biases, chain, weights, with_facts

T = 12


def varied(rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    """A parameter of each neuron's own."""
    return rng.uniform(low, high, size=shape)


def dense(rng: np.random.Generator, inputs: int, outputs: int, gain: float = 2.0) -> nir.Affine:
    """Random weights and small biases."""
    return nir.Affine(weights(rng, outputs, inputs, gain=gain), biases(rng, outputs))


def lif(rng: np.random.Generator, size: int) -> nir.LIF:
    """Neurons that differ in everything, leak and reset to values of their own."""
    return nir.LIF(
        tau=varied(rng, (size,), 2 * DT, 9 * DT),
        r=varied(rng, (size,), 2, 5),
        v_leak=varied(rng, (size,), -0.1, 0.1),
        v_threshold=varied(rng, (size,), 0.5, 1),
        v_reset=varied(rng, (size,), -0.2, 0.2),
    )


def cuba(rng: np.random.Generator, size: int) -> nir.CubaLIF:
    """The same with a synapse."""
    return nir.CubaLIF(
        tau_syn=varied(rng, (size,), 1 * DT, 4 * DT),
        tau_mem=varied(rng, (size,), 2 * DT, 9 * DT),
        r=varied(rng, (size,), 3, 6),
        v_leak=varied(rng, (size,), -0.1, 0.1),
        v_threshold=varied(rng, (size,), 0.5, 1),
        v_reset=varied(rng, (size,), -0.2, 0.2),
        w_in=varied(rng, (size,), 1, 3),
    )


def with_ends(nodes: dict[str, nir.NIRNode], inputs: tuple[int, ...], outputs: int) -> None:
    """Puts Input first and Output last."""
    inner = dict(nodes)
    nodes.clear()
    nodes["input"] = nir.Input(np.array(inputs))
    nodes.update(inner)
    nodes["output"] = nir.Output(np.array([outputs]))


def every_primitive() -> nir.NIRGraph:
    """conv1d, synapses, integrators of all kinds, delays of several lengths, scale, threshold."""
    rng = np.random.default_rng(3)
    nodes: dict[str, nir.NIRNode] = {
        "a_conv": nir.Conv1d(None, weights(rng, 4, 1, 3, gain=2.0), 2, 2, 2, 2, biases(rng, 4)),
        "b_flatten": nir.Flatten(None, start_dim=0, end_dim=-1),
        "c_cuba": cuba(rng, 20),
        "d_delay": nir.Delay(DT * rng.integers(0, 5, size=20)),
        "e_fc": dense(rng, 20, 14),
        "f_li": nir.LI(
            varied(rng, (14,), 2 * DT, 9 * DT), varied(rng, (14,), 1, 3),
            varied(rng, (14,), -0.1, 0.1),
        ),
        "g_scale": nir.Scale(varied(rng, (14,), 0.5, 2)),
        "h_threshold": nir.Threshold(varied(rng, (14,), 0, 0.3)),
        "i_fc": dense(rng, 14, 9),
        "j_cubali": nir.CubaLI(
            *(varied(rng, (9,), 2 * DT, 9 * DT) for _ in range(2)), varied(rng, (9,), 1, 3),
            varied(rng, (9,), -0.1, 0.1), varied(rng, (9,), 1, 2),
        ),
        "k_fc": dense(rng, 9, 6),
        "l_i": nir.I(varied(rng, (6,), 1 / DT, 2 / DT)),
    }  # fmt: skip
    with_ends(nodes, (2, 9), 6)
    return with_facts(nodes, chain(nodes), time_steps=T, form="sequence")


def loops(kind: str = "lif") -> nir.NIRGraph:
    """Two populations that feed themselves, and the second the first; all weights have a bias."""
    rng = np.random.default_rng(5)
    make = {"lif": lif, "cuba": cuba}[kind]
    nodes: dict[str, nir.NIRNode] = {
        "a_fc": dense(rng, 8, 12), "b_lif": make(rng, 12), "c_rec": dense(rng, 12, 12),
        "d_fc": dense(rng, 12, 10), "e_lif": make(rng, 10), "f_rec": dense(rng, 10, 10),
        "g_back": dense(rng, 10, 12), "h_fc": dense(rng, 10, 4),
    }  # fmt: skip
    with_ends(nodes, (8,), 4)
    edges = [
        ("input", "a_fc"), ("a_fc", "b_lif"), ("b_lif", "c_rec"), ("c_rec", "b_lif"),
        ("b_lif", "d_fc"), ("d_fc", "e_lif"), ("e_lif", "f_rec"), ("f_rec", "e_lif"),
        ("e_lif", "g_back"), ("g_back", "b_lif"), ("e_lif", "h_fc"), ("h_fc", "output"),
    ]  # fmt: skip
    return with_facts(nodes, edges, time_steps=T, form="sequence")


def soft_reset() -> nir.NIRGraph:
    """LI - Threshold - Scale back into LI: a reset by subtraction, one step late."""
    rng = np.random.default_rng(7)
    tau = np.full(10, 5 * DT)
    nodes: dict[str, nir.NIRNode] = {
        "a_fc": dense(rng, 8, 10),
        "b_li": nir.LI(tau, tau / DT, np.zeros(10)),
        "c_threshold": nir.Threshold(np.ones(10)),
        "d_scale": nir.Scale(np.full(10, -0.8)),
        "e_fc": dense(rng, 10, 3),
    }
    with_ends(nodes, (8,), 3)
    edges = [
        ("input", "a_fc"), ("a_fc", "b_li"), ("b_li", "c_threshold"), ("c_threshold", "d_scale"),
        ("d_scale", "b_li"), ("c_threshold", "e_fc"), ("e_fc", "output"),
    ]  # fmt: skip
    return with_facts(nodes, edges, time_steps=T, form="sequence")


def trains(graph: nir.NIRGraph, samples: int = 3) -> np.ndarray:
    """Random spike trains of the graph's input shape."""
    shape = tuple(graph.nodes["input"].input_type["input"])
    rng = np.random.default_rng(11)
    fired: np.ndarray = (rng.random((samples, T, *shape)) < 0.5).astype(np.float32)
    return fired
