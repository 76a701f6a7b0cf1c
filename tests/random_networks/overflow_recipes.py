"""Recipes whose values leave the chip's fields, or lie exactly on their limits."""

from dataclasses import replace

from numpy.random import Generator

from tests.random_chip_graphs import integers
from tests.random_networks.chain_recipes import hidden
from tests.random_networks.sketch import Sketch
from tests.random_networks.starts import start


def currents_wrap(rng: Generator) -> Sketch:
    """Slowly decaying currents of strong payloads pass +-2^23 and wrap; voltages saturate."""
    sketch = start(rng, forms=("graded",), maps=False, payloads=(-150, 150))
    here = sketch.dense("input", sketch.size(15, 40), kind="extreme", decay_u=100)
    return hidden(sketch, here, sketch.size(1, 2))


def currents_far_outside(rng: Generator) -> Sketch:
    """One correction isn't enough: u stays outside 24 bits."""
    sketch = start(rng, forms=("graded",), maps=False, payloads=(-6000, 6000))
    here = sketch.dense("input", sketch.size(15, 40), kind="extreme")
    return hidden(sketch, here, sketch.size(1, 2))


def currents_beyond_32_bits(rng: Generator) -> Sketch:
    """Sums whose 64-fold leaves 32 bits, where Lava's integers wrap silently."""
    sketch = start(rng, forms=("graded",), maps=False, payloads=(-120_000, 120_000))
    here = sketch.dense("input", sketch.size(15, 40), kind="extreme")
    return hidden(sketch, here, sketch.size(1, 2))


def convolution_sums_wrap(rng: Generator) -> Sketch:
    """Lava's convolution wraps its sums at 24 bits before they reach u."""
    sketch = start(rng, forms=("graded",), maps=True, payloads=(-25_000, 25_000))
    here = sketch.conv("input", sketch.size(2, 5), kind="extreme", rich=False)
    here = sketch.conv(here, sketch.size(2, 5))
    return hidden(sketch, here, sketch.size(0, 1))


def voltages_saturate(rng: Generator) -> Sketch:
    """Voltages without leak climb and sink to their limits; every second neuron only sinks."""
    sketch = start(rng, forms=("bias",), reset="none", maps=False, payloads=(-32_767, 32_767))
    here = sketch.dense("input", sketch.size(15, 40), decay_u=20, decay_v=0, biases=2000)
    return hidden(sketch, here, sketch.size(1, 2))


def exactly_on_the_limits(rng: Generator) -> Sketch:
    """Sums of 2^16 and 2^17 without leak: u and v of exactly +-2^22 and +-2^23."""
    sketch = start(rng, forms=("graded",), maps=False, payloads=(-1, 1))
    sketch.inputs *= 512
    here = sketch.dense("input", sketch.size(15, 40), decay_u=4096, decay_v=0)
    coarse = integers(128 * rng.integers(-2, 2, sketch.projections[0].weight.shape))
    coarse[0, :2] = -256, 128
    sketch.projections[0] = replace(sketch.projections[0], weight=coarse)
    return hidden(sketch, here, sketch.size(1, 2))


def exactly_on_the_threshold(rng: Generator) -> Sketch:
    """Small integers and no leak: v often equals the threshold, and doesn't fire then."""
    sketch = start(rng, forms=("spikes",), maps=False)
    here = sketch.dense("input", sketch.size(15, 40), decay_u=4096, decay_v=0)
    small = rng.integers(-2, 4, sketch.projections[0].weight.shape)
    small[0, :2] = -2, 3
    sketch.projections[0] = replace(sketch.projections[0], weight=integers(small))
    return hidden(sketch, here, sketch.size(1, 2))


def biases_of_16_bits(rng: Generator) -> Sketch:
    """Input biases up to the whole of int16."""
    sketch = start(rng, forms=("bias",), payloads=(-32_767, 32_767))
    edge = rng.random(sketch.inputs.shape) < 0.2
    sketch.inputs[edge] = rng.choice([-32_767, 32_767], int(edge.sum()))
    if len(sketch.shape) == 3 and sketch.chance(0.5):
        return hidden(sketch, sketch.conv("input", 4), 1)
    return hidden(sketch, "input", 2)
