"""Recipes of networks that aren't chains: skips, branches, loops, several readouts."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from export.chip.graph import ConvProjection, Projection
from export.chip.timing import timing_of
from tests.random_networks.chain_recipes import hidden
from tests.random_networks.draws import Geometry
from tests.random_networks.sketch import Sketch
from tests.random_networks.starts import start

SAME = Geometry((3, 3), padding=(1, 1))
"""Keeps the size of maps."""


def spike_sums(rng: Generator) -> Sketch:
    """Residual sums of spikes: the same kernel reads a population and the one it skipped."""
    sketch = start(rng, maps=True)
    stem = sketch.conv("input", sketch.size(2, 4), geometry=SAME)
    block = sketch.conv(stem, sketch.shape_of(stem)[0], geometry=SAME)
    end = sketch.conv(block, sketch.size(2, 6), biases=sketch.pick(0, 40))
    sketch.projections.append(replace(sketch.projections[-1], source=stem))
    return balanced(hidden(sketch, end, sketch.size(0, 1)))


def current_sums(rng: Generator) -> Sketch:
    """Residual sums of currents: two kernels or matrices onto one population."""
    sketch = start(rng)
    if len(sketch.shape) == 3:
        stem = sketch.conv("input", sketch.size(2, 4), geometry=SAME)
        block = sketch.conv(stem, 3, geometry=SAME)
        end = sketch.conv(block, 4, geometry=SAME)
        sketch.projections.append(sketch.kernel(stem, end, 4, geometry=Geometry((1, 1))))
    else:
        stem = sketch.dense("input", sketch.size(12, 30))
        end = sketch.dense(sketch.dense(stem, 20), sketch.size(10, 25))
        sketch.join(stem, end, kind=sketch.pick("odd", "even"))
    return balanced(hidden(sketch, end, sketch.size(0, 1)))


def branches(rng: Generator) -> Sketch:
    """Two ways that part and meet again, and a readout on each."""
    sketch = start(rng, maps=False)
    stem = sketch.dense("input", sketch.size(12, 30))
    left = sketch.dense(stem, sketch.size(8, 20), kind="positive")
    right = sketch.dense(stem, sketch.size(8, 20), biases=50)
    end = sketch.dense(left, sketch.size(8, 20))
    sketch.join(right, end)
    sketch.readout(end, 4)
    sketch.readout(sketch.pick(left, right, stem), 3)
    return balanced(sketch)


def delayed_convolutions(rng: Generator) -> Sketch:
    """Convolutions whose spikes take longer, as a long skip needs them."""
    sketch = start(rng, maps=True, forms=("spikes", "graded"))
    stem = sketch.conv("input", 3, geometry=SAME, delay=sketch.size(1, 3))
    end = sketch.conv(sketch.conv(stem, 3, geometry=SAME), 4, geometry=SAME)
    delay = sketch.size(1, 4) if sketch.reset == "none" else 0
    skip = sketch.kernel(stem, end, 4, geometry=SAME, delay=delay)
    sketch.projections.append(skip)
    return balanced(hidden(sketch, end, sketch.size(0, 1)))


def loop_over_two(rng: Generator) -> Sketch:
    """Two populations that feed each other, with or without delays."""
    sketch = start(rng, maps=False)
    first = sketch.dense("input", sketch.size(12, 25), biases=sketch.pick(0, 40))
    second = sketch.dense(first, sketch.size(12, 25))
    sketch.join(second, first, delay=sketch.pick(None, None, 1, "synapse"))
    if sketch.chance(0.3):
        sketch.join(second, second)
    return hidden(sketch, second, sketch.size(0, 1))


def maps_in_a_loop(rng: Generator) -> Sketch:
    """A convolution onto itself, which a dense matrix reaches too."""
    sketch = start(rng, maps=True)
    here = sketch.conv("input", sketch.size(2, 4), geometry=SAME)
    sketch.projections.append(sketch.kernel(here, here, sketch.shape_of(here)[0], geometry=SAME))
    small = sketch.neurons((2, 4, 3))
    sketch.join(here, small)
    return hidden(sketch, small, sketch.size(0, 1))


def pacemaker(rng: Generator) -> Sketch:
    """A population that only its biases drive, and an input that reaches two layers."""
    sketch = start(rng, maps=False)
    pace = sketch.neurons((sketch.size(8, 20),), biases=4095)
    stem = sketch.dense("input", sketch.size(12, 25))
    sketch.join(pace, stem)
    end = sketch.dense(stem, sketch.size(8, 20))
    sketch.join("input", end)
    sketch.join(stem, end, delay="synapse" if sketch.reset == "none" else None)
    return balanced(hidden(sketch, end, sketch.size(0, 1)))


def balanced(sketch: Sketch) -> Sketch:
    """With staggered resets, shorter ways are delayed to the length of the longest."""
    if sketch.reset == "staggered":
        timing = timing_of(sketch.graph({}))
        for k, projection in enumerate(sketch.projections):
            missing = timing.depth[projection.target] - timing.depth[projection.source] - 1
            sketch.projections[k] = delayed(projection, missing)
    return sketch


def delayed(projection: Projection, steps: int) -> Projection:
    """The same synapses with one delay for all."""
    if isinstance(projection, ConvProjection):
        return replace(projection, delay=steps)
    delay = np.full(projection.weight.shape, steps, dtype=np.int64) if steps else None
    return replace(projection, delay=delay)
