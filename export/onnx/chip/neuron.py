"""The chip's neuron as integer operators, one step; see `export.chip.graph` for the rule.

Where u has a bound that leaves room in 32 bits (`export.onnx.chip.reach`), sums are int32 and
only a product with a decay may need int64. Elsewhere sums are int64 and cast to int32, which
keeps the low 32 bits: Lava's own sums have no more. Div truncates toward zero as the chip does.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np

from export.chip.graph import IntArray, Population
from export.chip.limits import DECAY_ONE, STATE_LIMIT, STATE_SHIFT
from export.onnx.chip.fragment import IntegerFragment
from export.onnx.chip.plan import Plan
from export.onnx.chip.reach import INT32_LIMIT, Reach
from export.onnx.chip.synapses import Sums

VOLTAGE_LIMIT = STATE_LIMIT - 1


@dataclass(frozen=True)
class Cell:
    """A population on its way into the graph.

    Args:
        body: receives the operators.
        plan: names the tensors.
        population: its parameters.
        reach: how far u goes.
    """

    body: IntegerFragment
    plan: Plan
    population: Population
    reach: Reach

    @property
    def wide(self) -> bool:
        """Whether sums need more than 32 bits on their way."""
        return self.reach.largest is None

    @property
    def number(self) -> type[np.signedinteger]:
        """What sums are computed in."""
        return np.int64 if self.wide else np.int32

    def name(self, role: str) -> str:
        """The name of one of its tensors."""
        return self.plan.local(role, self.population.name)

    def constant(self, role: str, values: IntArray | int) -> str:
        """A constant of its own, in the type sums are computed in."""
        name = self.name(f"{role}{'_wide' if self.wide else ''}")
        return self.body.constant(name, values, self.number)

    def widened(self, tensor: str) -> str:
        """An int32 tensor in the type sums are computed in."""
        return self.body.cast(tensor, np.int64, f"{tensor}_wide") if self.wide else tensor

    def narrowed(self, tensor: str, output: str) -> str:
        """The low 32 bits."""
        return self.body.cast(tensor, np.int32, output) if self.wide else tensor


def remembers_current(population: Population) -> bool:
    """Whether u of one step matters in the next."""
    return bool((population.decay_u < DECAY_ONE).any())


def emit_neuron(cell: Cell, arriving: list[Sums], bias: str | None) -> str | None:
    """Appends one step: `v_next_<population>` after the reset, and the output `<population>.s`.

    Args:
        cell: the population.
        arriving: synaptic sums of this step, one entry per projection.
        bias: int32 tensor of biases in state units; None where all are 0.

    Returns:
        the tensor of u after the step, int32; None without synapses, where it stays 0.
    """
    body = cell.body
    u = _emit_current(cell, arriving) if arriving else None
    terms = [_emit_kept(cell, "v", cell.population.decay_v, VOLTAGE_LIMIT)]
    terms += [cell.widened(tensor) for tensor in (u, bias) if tensor is not None]
    total = cell.narrowed(_emit_added(cell, terms, "voltage"), cell.name("voltage_low"))
    lowest = body.constant("voltage_min", -VOLTAGE_LIMIT, np.int32)
    highest = body.constant("voltage_max", VOLTAGE_LIMIT, np.int32)
    v = body.compute("Clip", [total, lowest, highest], cell.name("voltage_clipped"))
    threshold = body.constant(
        cell.name("threshold"), cell.population.threshold << STATE_SHIFT, np.int32
    )
    spikes = body.compute("Greater", [v, threshold], f"{cell.population.name}.s")
    rest = body.constant("rest", 0, np.int32)
    body.compute("Where", [spikes, rest, v], cell.name("v_next"))
    return u


def _emit_current(cell: Cell, arriving: list[Sums]) -> str:
    terms = [_emit_shifted(cell, arriving)]
    if remembers_current(cell.population):
        largest = INT32_LIMIT if cell.reach.largest is None else cell.reach.largest
        terms.append(_emit_kept(cell, "u", cell.population.decay_u, largest))
    total = cell.narrowed(_emit_added(cell, terms, "current"), cell.name("current_low"))
    return _emit_wrapped(cell, total) if cell.reach.wraps else total


def _emit_shifted(cell: Cell, arriving: list[Sums]) -> str:
    """All synaptic sums, times 2^6: once for all that share a factor."""
    scaled = []
    for factor in sorted({sums.factor for sums in arriving}):
        alike = [cell.widened(sums.tensor) for sums in arriving if sums.factor == factor]
        total = _emit_added(cell, alike, f"sum_{factor}")
        shift = cell.constant(f"shift_{factor}", factor << STATE_SHIFT)
        scaled.append(cell.body.compute("Mul", [total, shift], cell.name(f"shifted_{factor}")))
    return _emit_added(cell, scaled, "arriving")


def _emit_kept(cell: Cell, role: str, decay: IntArray, largest: int) -> str:
    """trunc(state * keep / 4096), by the smallest numbers that say the same."""
    body, state = cell.body, cell.name(role)
    keep = DECAY_ONE - decay
    common = gcd(DECAY_ONE, int(np.gcd.reduce(keep, axis=None)))
    factor, divisor = keep // common, DECAY_ONE // common
    fits = int(factor.max()) * largest < INT32_LIMIT
    dtype = np.int32 if fits else np.int64
    kept = state if fits else body.cast(state, dtype, f"{state}_long")
    if (factor != 1).any():
        share = body.constant(cell.name(f"{role}_share"), factor, dtype)
        kept = body.compute("Mul", [kept, share], cell.name(f"{role}_product"))
    if divisor != 1:
        whole = body.constant(f"whole_{divisor}_{'int32' if fits else 'int64'}", divisor, dtype)
        kept = body.compute("Div", [kept, whole], cell.name(f"{role}_quotient"))
    if fits == cell.wide:
        kept = body.cast(kept, cell.number, cell.name(f"{role}_kept"))
    return kept


def _emit_wrapped(cell: Cell, current: str) -> str:
    """One correction by 2^24: +2^23 stays, -2^23 becomes +2^23."""
    body = cell.body
    highest = body.constant("current_max", STATE_LIMIT, np.int32)
    lowest = body.constant("current_min", -STATE_LIMIT, np.int32)
    turn = body.constant("current_turn", 2 * STATE_LIMIT, np.int32)
    above = body.compute("Greater", [current, highest], cell.name("above"))
    below = body.compute("LessOrEqual", [current, lowest], cell.name("below"))
    less = body.compute("Sub", [current, turn], cell.name("turned_down"))
    more = body.compute("Add", [current, turn], cell.name("turned_up"))
    lifted = body.compute("Where", [below, more, current], cell.name("lifted"))
    return body.compute("Where", [above, less, lifted], cell.name("wrapped"))


def _emit_added(cell: Cell, terms: list[str], role: str) -> str:
    total = terms[0]
    for k, term in enumerate(terms[1:]):
        total = cell.body.compute("Add", [total, term], cell.name(f"{role}{k}"))
    return total
