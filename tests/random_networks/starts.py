"""How a sketch begins: its input, how long it runs and what keeps samples apart."""

from numpy.random import Generator

from export.chip.graph import InputForm
from hwsim.engine.drive import ResetRule
from tests.random_chip_graphs import integers
from tests.random_networks.sketch import Sketch


def start(
    rng: Generator,
    *,
    forms: tuple[InputForm, ...] = ("spikes", "spikes", "bias", "graded"),
    reset: ResetRule | None = None,
    maps: bool | None = None,
    payloads: tuple[int, int] | None = None,
) -> Sketch:
    """An input alone (with its population, when biases drive it); what isn't given is drawn.

    Args:
        rng: of the whole network.
        forms: ways in which the input may enter.
        reset: `staggered` runs several samples end to end, `none` one long stream.
        maps: whether the input is (C, H, W).
        payloads: lowest and highest value of a graded or bias-driven input.
    """
    form = forms[int(rng.integers(len(forms)))]
    reset = reset or ("staggered", "none")[int(rng.integers(2))]
    maps = bool(rng.integers(2)) if maps is None else maps
    shape = _maps(rng) if maps else (int(rng.integers(12, 40)),)
    samples, steps = (1, int(rng.integers(20, 41)))
    if reset == "staggered":
        samples, steps = int(rng.integers(3, 7)), int(rng.integers(4, 11))
    # Without resets netx holds one row of biases for good, or takes one per step.
    constant = form == "bias" and bool(rng.integers(2))
    size = (samples, *shape) if constant else (samples, steps, *shape)
    if form == "spikes":
        inputs = integers(rng.random(size) < rng.uniform(0.15, 0.5))
    else:
        low, high = payloads or _usual(rng, form)
        inputs = integers(rng.integers(low, high + 1, size))
    sketch = Sketch(rng, form, shape, reset, steps, inputs)
    if form == "bias":
        sketch.neurons(shape, name="input", spread=sketch.chance(0.3))
    return sketch


def _maps(rng: Generator) -> tuple[int, ...]:
    channels, rows, columns = rng.choice([1, 2, 3, 4, 6]), rng.integers(5, 11), rng.integers(5, 11)
    return int(channels), int(rows), int(columns)


def _usual(rng: Generator, form: InputForm) -> tuple[int, int]:
    if form == "bias":
        return -int(rng.integers(100, 900)), int(rng.integers(600, 4000))
    return -int(rng.choice([0, 0, 20, 100])), int(rng.integers(1, 256))
