"""First differing decisions, against a loop over every one of them."""

import numpy as np
import pytest

from hwsim.verify.parting import partings


@pytest.mark.parametrize("seed", range(20))
def test_against_a_loop(seed: int) -> None:
    """Samples, steps, layers, neurons and excuses are those a plain search finds."""
    rng = np.random.default_rng(seed)
    shapes = {"a": (5, 7, 3), "b": (5, 7, 2, 2), "c": (5, 7, 1)}
    differs = {name: rng.random(shape) < 0.06 for name, shape in shapes.items()}
    margins = {name: rng.random(shape) for name, shape in shapes.items()}
    bounds = {name: rng.random(shape) + 0.1 for name, shape in shapes.items()}
    found = partings(differs, margins, bounds)
    expected = []
    for n in range(7):
        places = [
            (t, k, name)
            for t in range(5)
            for k, name in enumerate(shapes)
            if differs[name][t, n].any()
        ]
        if not places:
            continue
        t, k, name = places[0]
        parts = {
            i: margins[name][t, n].flat[i] / bounds[name][t, n].flat[i]
            for i in range(differs[name][t, n].size)
            if differs[name][t, n].flat[i]
        }
        neuron = max(parts, key=lambda i: parts[i])
        expected.append((n, t, k, neuron, parts[neuron], parts[neuron] > 1))
    assert len(expected) > 0
    assert (
        list(
            zip(
                found.samples, found.steps, found.layers, found.neurons, found.excess, found.beyond,
                strict=True,
            )
        )
        == expected
    )  # fmt: skip


def test_nothing_parts() -> None:
    """Equal spikes give no entry."""
    none = {"a": np.zeros((2, 3, 4), dtype=bool)}
    assert len(partings(none, {"a": np.ones((2, 3, 4))}, {"a": np.ones((2, 3, 4))})) == 0
