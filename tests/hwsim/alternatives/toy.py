"""A network of 3 -> 2 -> 2 neurons whose every count fits on paper.

    weights a -> b   [[2, 0, -4],        b -> out  [[2, -2],
                      [6, 8,  0]]                   [0,  4]]

Two samples over T = 2 steps. Neurons of `a` fire 3, 2 and 0 times, those of `b` once each: per
inference 3.5 spikes, and 2.5 * 2 + 1 * 2 = 7 synaptic operations on 6 + 4 = 10 synapses.
"""

from dataclasses import replace

import numpy as np

from export.chip.graph import ChipGraph, ChipInput, DenseProjection, HostEncoder, Readout
from hwsim.engine.trace import Trace
from tests.cost_example import fired_trace, population

A_TO_B = np.array([[2, 0, -4], [6, 8, 0]])
B_TO_OUT = np.array([[2, -2], [0, 4]])


def toy_graph(host_macs: int = 12) -> ChipGraph:
    """The network: `a` and `b` leak, `b` has biases, `out` is the readout."""
    return ChipGraph(
        input=ChipInput("a", "bias", (3,)),
        populations=(
            population("a", (3,)),
            population("b", (2,), bias=np.array([1, 0])),
            replace(population("out", (2,), threshold=131071), decay_v=np.asarray(0)),
        ),
        projections=(DenseProjection("a", "b", A_TO_B), DenseProjection("b", "out", B_TO_OUT)),
        time_steps=2,
        readouts=(Readout("out", 1.0),),
        host=HostEncoder(macs=host_macs, scale=1.0) if host_macs else None,
    )


def toy_trace(host_macs: int = 12) -> Trace:
    """What the two samples did."""
    fired = {
        "a": np.array([[[1, 1, 0], [1, 0, 0]], [[1, 0, 0], [0, 1, 0]]]),
        "b": np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]]]),
        "out": np.zeros((2, 2, 2), dtype=np.int64),
    }
    return fired_trace(toy_graph(host_macs), fired)


def silent_trace(host_macs: int = 12) -> Trace:
    """The same network without a spike."""
    trace = toy_trace(host_macs)
    return replace(
        trace,
        spikes=trace.spikes * 0,
        synops=trace.synops * 0,
        neuron_spikes={name: counts * 0 for name, counts in trace.neuron_spikes.items()},
    )
