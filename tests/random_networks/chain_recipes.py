"""Recipes of networks that netx can hold: chains of convolutions and dense layers."""

from numpy.random import Generator

from tests.random_networks.sketch import Sketch
from tests.random_networks.starts import start


def odd_dense(rng: Generator) -> Sketch:
    """Dense layers with odd and extreme weights."""
    sketch = start(rng, maps=False)
    here = sketch.dense("input", sketch.size(15, 60), kind="extreme", biases=sketch.pick(0, 60))
    return hidden(sketch, here, sketch.size(1, 2))


def single_sign(rng: Generator) -> Sketch:
    """A matrix without negative weights, then one without positive ones."""
    sketch = start(rng)
    here = sketch.dense("input", sketch.size(15, 50), kind="positive")
    return hidden(sketch, sketch.dense(here, sketch.size(10, 40), kind="negative", biases=2000), 1)


def delays_per_synapse(rng: Generator) -> Sketch:
    """Every synapse its own delay."""
    sketch = start(rng, reset="none", maps=False)
    here = sketch.dense("input", sketch.size(12, 30), delay="synapse")
    return hidden(sketch, here, 1)


def delays_per_output(rng: Generator) -> Sketch:
    """Every neuron its own delay."""
    sketch = start(rng, reset="none", maps=False)
    return hidden(sketch, sketch.dense("input", sketch.size(12, 30), delay="output"), 1)


def delays_per_layer(rng: Generator) -> Sketch:
    """One delay for all synapses of a layer, which keeps samples apart."""
    sketch = start(rng, maps=False)
    here = sketch.dense("input", sketch.size(12, 30), delay="same")
    return hidden(
        sketch, sketch.dense(here, sketch.size(10, 25), delay=sketch.pick(None, "same")), 1
    )


def convolutions(rng: Generator) -> Sketch:
    """Strides, paddings, dilations and groups that differ between rows and columns."""
    sketch = start(rng, maps=True)
    here = sketch.conv("input", sketch.size(2, 8), biases=sketch.pick(0, 0, 80))
    here = sketch.conv(here, sketch.size(2, 10))
    return hidden(sketch, here, sketch.size(0, 1))


def image_classifier(rng: Generator) -> Sketch:
    """Biases from the host, convolutions, a readout, samples end to end."""
    sketch = start(rng, forms=("bias",), reset="staggered", maps=True)
    here = sketch.conv("input", sketch.size(2, 6), rich=False, biases=60)
    here = sketch.conv(here, sketch.size(2, 8), biases=sketch.pick(0, 40))
    sketch.readout(here, sketch.size(3, 10))
    return sketch


def self_loop(rng: Generator) -> Sketch:
    """A dense layer that feeds itself."""
    sketch = start(rng)
    here = sketch.dense("input", sketch.size(15, 40), biases=sketch.pick(0, 60))
    sketch.join(here, here, kind=sketch.pick("odd", "even"))
    return hidden(sketch, here, sketch.size(0, 1))


def graded(rng: Generator) -> Sketch:
    """Integer payloads into a convolution or a dense layer."""
    sketch = start(rng, forms=("graded",))
    first = sketch.conv("input", 5) if len(sketch.shape) == 3 else sketch.dense("input", 30)
    return hidden(sketch, first, sketch.size(1, 2))


def per_neuron(rng: Generator) -> Sketch:
    """Each neuron its own decays, threshold and bias."""
    sketch = start(rng, maps=True)
    here = sketch.conv("input", sketch.size(2, 6), spread=True, biases=60)
    here = sketch.dense(here, sketch.size(10, 40), spread=True, biases=60)
    return hidden(sketch, here, sketch.size(0, 1))


def hidden(sketch: Sketch, here: str, layers: int) -> Sketch:
    """Some dense layers more, one of them perhaps a readout."""
    for _ in range(layers):
        here = sketch.dense(
            here, sketch.size(8, 30), kind=sketch.pick("odd", "even", "positive"),
            biases=sketch.pick(0, 0, 50), spread=sketch.chance(0.2),
        )  # fmt: skip
    if sketch.chance(0.25):
        sketch.readout(here, sketch.size(2, 6))
    return sketch
