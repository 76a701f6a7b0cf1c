"""The neurons' walk through time in tensor operations, for devices other than a CPU."""

import torch
from torch import Tensor

from export.chip.limits import DECAY_BITS, STATE_LIMIT, STATE_SHIFT
from hwsim.engine.exact_product import narrowed
from hwsim.engine.neuron import Advance, Arrivals, NeuronParameters, NeuronState
from hwsim.errors import SimulationError

HIGHEST = STATE_LIMIT - 1


def advance(
    parameters: NeuronParameters,
    state: NeuronState,
    arrivals: Arrivals | None,
    bias: Tensor,
    steps: int,
    *,
    keep: bool,
    count_neurons: bool = False,
) -> Advance:
    """Walks `steps` steps; arguments and result as in `hwsim.engine.compiled_neuron`.

    Raises:
        SimulationError: a sum isn't an integer.
    """
    sums = None if arrivals is None else _integers(arrivals)
    spikes: list[Tensor] = []
    counts: list[Tensor] = []
    by_neuron: list[Tensor] = []
    kept: list[tuple[Tensor, Tensor]] = []
    for t in range(steps):
        arriving = None
        if arrivals is not None and sums is not None and t >= arrivals.first:
            arriving = sums[t - arrivals.first if len(sums) > 1 else 0]
        happened = _step(parameters.at(t), state, arriving, bias[t if len(bias) > 1 else 0])
        spikes.append(happened[0].to(torch.uint8))
        counts.append(torch.stack([torch.count_nonzero(h, dim=1) for h in happened]))
        if count_neurons:
            by_neuron.append(torch.stack([h.sum(dim=0, dtype=torch.int32) for h in happened[:2]]))
        if keep:
            kept.append((state.u.clone(), state.v.clone()))
    fired, active, wraps, saturations = torch.stack(counts, dim=1)
    nothing = state.u.new_empty((0, *state.u.shape))
    u, v = (torch.stack(states) for states in zip(*kept, strict=True)) if kept else (nothing,) * 2
    uncounted = nothing.new_empty((2, 0, nothing.shape[-1]))
    each_fired, each_active = torch.stack(by_neuron, dim=1) if by_neuron else uncounted
    return Advance(
        torch.stack(spikes), fired, active, wraps, saturations, u, v, each_fired, each_active
    )


def _integers(arrivals: Arrivals) -> Tensor:
    sums = arrivals.sums.to(torch.int32)
    if not torch.equal(sums.to(arrivals.sums.dtype), arrivals.sums):
        raise SimulationError(
            f"synaptic sums: some aren't integers, so products on device '{sums.device}' aren't "
            "exact. Report it with your torch version and device."
        )
    return narrowed(sums) if arrivals.narrow else sums


def _step(
    parameters: NeuronParameters, state: NeuronState, arriving: Tensor | None, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Which neurons fired, were active, wrapped and saturated, bool [N, neurons]."""
    before = state.u | state.v
    current = _decayed(state.u, parameters.keep_u)
    if arriving is not None:
        # Like Lava's, this sum has 32 bits and wraps silently beyond.
        current = current + (arriving << STATE_SHIFT)
    above, below = current > STATE_LIMIT, current <= -STATE_LIMIT
    u = current + (below.to(torch.int32) - above.to(torch.int32)) * (2 * STATE_LIMIT)
    voltage = _decayed(state.v, parameters.keep_v) + u + bias
    v = voltage.clamp(-HIGHEST, HIGHEST)
    spikes = v > parameters.threshold[0]
    state.u.copy_(u)
    state.v.copy_(v.masked_fill(spikes, 0))
    return spikes, (before | u | bias) != 0, above | below, v != voltage


def _decayed(state: Tensor, keep: Tensor) -> Tensor:
    """rtz(state * keep / 4096) in 64 bits, of which Lava keeps the lower 32."""
    wide = state.to(torch.int64)
    return (wide.sign() * ((wide.abs() * keep) >> DECAY_BITS)).to(torch.int32)
