"""One population over a whole window of steps: sums first, then the neurons walk through time."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hwsim.engine.neuron import NeuronParameters, NeuronState, neuron_step, resting
from hwsim.engine.synapse import Synapses


@dataclass(frozen=True)
class Feed:
    """Synapses and the events of their source, int32 or bool [T, N, sources]."""

    synapses: Synapses
    events: Tensor


@dataclass(frozen=True)
class PopulationRun:
    """What a population did: states int32 and spikes bool [T, N, neurons], counts int64 [T, N].

    `u` and `v` hold the last step only, unless recording was asked for.
    """

    spikes: Tensor
    u: Tensor
    v: Tensor
    synops: Tensor
    active: Tensor
    wraps: Tensor
    saturations: Tensor


def run_population(
    parameters: NeuronParameters,
    feeds: Sequence[Feed],
    loops: Sequence[Synapses],
    biases: Tensor,
    extent: tuple[int, int, int],
    *,
    lag: int,
    record: bool,
) -> PopulationRun:
    """Runs T steps of N samples from rest.

    Args:
        parameters: of the neurons.
        feeds: synapses from elsewhere, with what their sources sent.
        loops: synapses of the population onto itself; a spike of step t arrives at t + 1.
        biases: state units, int32 [T, N, neurons], or [1, ...] if constant.
        extent: T, N, neurons.
        lag: steps that `feeds` take: 1 in raw chip time, 0 where windows are aligned.
        record: keep u and v of every step.
    """
    steps, samples, neurons = extent
    device = str(biases.device)
    arriving, synops = _arrivals(feeds, extent, lag, device)
    spikes = torch.zeros(extent, dtype=torch.bool, device=device)
    state = resting(samples, neurons, device)
    states: list[NeuronState] = []
    counts: list[Tensor] = []
    for t in range(steps):
        own, own_synops = _echoes(loops, spikes, t)
        synops[t] += own_synops
        total = _sum(None if arriving is None else arriving[t], own)
        state, events = neuron_step(parameters, state, total, biases[t if len(biases) > 1 else 0])
        spikes[t] = events.spikes
        counts.append(torch.stack((events.active, events.wraps, events.saturations)))
        if not record:
            states.clear()
        states.append(state)
    active, wraps, saturations = torch.stack(counts, dim=1)
    return PopulationRun(
        spikes,
        torch.stack([s.u for s in states]),
        torch.stack([s.v for s in states]),
        synops,
        active,
        wraps,
        saturations,
    )


def _arrivals(
    feeds: Sequence[Feed], extent: tuple[int, int, int], lag: int, device: str
) -> tuple[Tensor | None, Tensor]:
    """Synaptic sums, int32 [T, N, neurons] (None without feeds), and synops, int64 [T, N]."""
    steps, samples, neurons = extent
    synops = torch.zeros((steps, samples), dtype=torch.int64, device=device)
    if not feeds:
        return None, synops
    sums = torch.zeros(extent, dtype=torch.int32, device=device)
    for feed in feeds:
        shift = lag + feed.synapses.delay
        sent = feed.events[: max(0, steps - shift)]
        if len(sent):
            flat = sent.flatten(0, 1)
            sums[shift:] += feed.synapses.sums(flat).reshape(-1, samples, neurons)
            synops[shift:] += feed.synapses.operations(flat).reshape(-1, samples)
    return sums, synops


def _echoes(loops: Sequence[Synapses], spikes: Tensor, t: int) -> tuple[Tensor | None, Tensor]:
    """What the population's own earlier spikes bring at step t."""
    total: Tensor | None = None
    synops = torch.zeros(spikes.shape[1], dtype=torch.int64, device=spikes.device)
    for synapses in loops:
        sent = t - 1 - synapses.delay
        if sent >= 0:
            total = _sum(total, synapses.sums(spikes[sent]))
            synops = synops + synapses.operations(spikes[sent])
    return total, synops


def _sum(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
