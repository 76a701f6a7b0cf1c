"""One group of populations over a whole window of steps.

A population outside any loop is computed at once: its sums over all steps are one product, then
the neurons walk through time. The populations of a loop walk together, step by step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from hwsim.engine import compiled_neuron, tensor_neuron
from hwsim.engine.exact_product import narrowed
from hwsim.engine.neuron import (
    Advance,
    Arrivals,
    NeuronParameters,
    NeuronState,
    Walk,
    resting,
)
from hwsim.engine.synapse import Synapses


@dataclass(frozen=True)
class Feed:
    """Synapses that lead into a population.

    Args:
        source: population or external input.
        synapses: of one delay.
        lag: steps in the trace's time between a spike and its arrival.
    """

    source: str
    synapses: Synapses
    lag: int


@dataclass(frozen=True)
class Member:
    """One population of a group.

    Args:
        name: of the population.
        parameters: of its neurons.
        neurons: how many.
        outside: feeds from inputs and groups computed before.
        inside: feeds from populations of the group itself.
        keep: keep u and v of every step.
        count_neurons: count spikes and active updates of each neuron.
    """

    name: str
    parameters: NeuronParameters
    neurons: int
    outside: tuple[Feed, ...]
    inside: tuple[Feed, ...]
    keep: bool
    count_neurons: bool = False


@dataclass(frozen=True)
class PopulationRun:
    """What a population did in T steps: `advance`'s arrays, synops, and v after the last step.

    Args:
        advance: spikes, counts and states.
        synops: int64 [T, N], operations of the synapses that lead here.
        v_last: int32 [N, neurons].
    """

    advance: Advance
    synops: Tensor
    v_last: Tensor


def run_group(
    members: Sequence[Member],
    events: Mapping[str, Tensor],
    biases: Mapping[str, Tensor],
    steps: int,
    samples: int,
    device: str,
) -> dict[str, PopulationRun]:
    """Runs T steps of N samples from rest.

    Args:
        members: the group's populations, in the order of their steps.
        events: of each source outside the group, [T, N, sources], or [1, ...] if constant.
        biases: per population, state units, int32 [T or 1, N or 1, neurons].
        steps: T.
        samples: N.
        device: where the products run.
    """
    if len(members) == 1 and not members[0].inside:
        member = members[0]
        run = _run_alone(member, events, biases[member.name], steps, samples, device)
        return {member.name: run}
    return _run_together(members, events, biases, steps, samples, device)


def _walk_on(device: str) -> Walk:
    on_cpu = torch.device(device).type == "cpu"
    return compiled_neuron.advance if on_cpu else tensor_neuron.advance


def _run_alone(
    member: Member,
    events: Mapping[str, Tensor],
    bias: Tensor,
    steps: int,
    samples: int,
    device: str,
) -> PopulationRun:
    arrivals, synops = _arrivals(member, events, steps, samples, device)
    state = resting(samples, member.neurons, device)
    walk = _walk_on(device)
    done = walk(
        member.parameters,
        state,
        arrivals,
        bias,
        steps,
        keep=member.keep,
        count_neurons=member.count_neurons,
    )
    return PopulationRun(done, synops, state.v)


def _arrivals(
    member: Member, events: Mapping[str, Tensor], steps: int, samples: int, device: str
) -> tuple[Arrivals | None, Tensor]:
    """What the outside sends, and its synaptic operations, int64 [T, N]."""
    synops = torch.zeros((steps, samples), dtype=torch.int64, device=device)
    found: list[Arrivals] = []
    for feed in member.outside:
        constant = len(events[feed.source]) == 1
        sent = events[feed.source] if constant else events[feed.source][: max(0, steps - feed.lag)]
        if len(sent) and feed.lag < steps:
            flat = sent.flatten(0, 1)
            sums = feed.synapses.sums(flat).view(len(sent), samples, -1)
            found.append(Arrivals(sums, feed.lag, feed.synapses.narrow))
            synops[feed.lag :] += feed.synapses.operations(flat).view(len(sent), samples)
    return _merged(found, steps), synops


def _merged(found: Sequence[Arrivals], steps: int) -> Arrivals | None:
    """One array of sums: several ones add up in the 32 bits that Lava's have."""
    if len(found) < 2:
        return found[0] if found else None
    _, samples, neurons = found[0].sums.shape
    total = torch.zeros((steps, samples, neurons), dtype=torch.int32, device=found[0].sums.device)
    for part in found:
        total[part.first :] += _narrowed(part)
    return Arrivals(total)


def _narrowed(arrivals: Arrivals) -> Tensor:
    return narrowed(arrivals.sums) if arrivals.narrow else arrivals.sums.to(torch.int32)


def _run_together(
    members: Sequence[Member],
    events: Mapping[str, Tensor],
    biases: Mapping[str, Tensor],
    steps: int,
    samples: int,
    device: str,
) -> dict[str, PopulationRun]:
    walk = _walk_on(device)
    states: dict[str, NeuronState] = {}
    outside: dict[str, Arrivals | None] = {}
    synops: dict[str, Tensor] = {}
    history: dict[str, list[Tensor]] = {member.name: [] for member in members}
    done: dict[str, list[Advance]] = {member.name: [] for member in members}
    for member in members:
        states[member.name] = resting(samples, member.neurons, device)
        arrivals, synops[member.name] = _arrivals(member, events, steps, samples, device)
        outside[member.name] = arrivals
    for t in range(steps):
        for member in members:
            name = member.name
            found = _at(outside[name], t)
            for feed in member.inside:
                if t >= feed.lag:
                    sent = history[feed.source][t - feed.lag]
                    found.append(Arrivals(feed.synapses.sums(sent)[None], 0, feed.synapses.narrow))
                    synops[name][t] += feed.synapses.operations(sent)
            bias = biases[name][t if len(biases[name]) > 1 else 0][None]
            parameters = member.parameters.at(t)
            step = walk(
                parameters,
                states[name],
                _merged(found, 1),
                bias,
                1,
                keep=member.keep,
                count_neurons=member.count_neurons,
            )
            history[name].append(step.spikes[0])
            done[name].append(step)
    return {
        name: PopulationRun(_joined(parts), synops[name], states[name].v)
        for name, parts in done.items()
    }


def _at(arrivals: Arrivals | None, t: int) -> list[Arrivals]:
    """What arrives at step t, as arrivals of a single step."""
    if arrivals is None or t < arrivals.first:
        return []
    row = t - arrivals.first if len(arrivals.sums) > 1 else 0
    return [Arrivals(arrivals.sums[row : row + 1], 0, arrivals.narrow)]


def _joined(parts: Sequence[Advance]) -> Advance:
    names = (field.name for field in fields(Advance))
    return Advance(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
