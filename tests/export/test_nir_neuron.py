"""The discrete neuron of LIF and IF, against NIR's Euler step."""

import nir
import numpy as np
import pytest

from export.errors import InvalidGraph
from export.nir_neuron import discrete_neuron

DT = 1e-4


def lif(**changed: float) -> nir.LIF:
    values = {"tau": 4 * DT, "r": 2.0, "v_leak": 0.1, "v_threshold": 0.5, "v_reset": -0.2} | changed
    return nir.LIF(**{name: np.full((2,), value) for name, value in values.items()})


def integrator(**changed: float) -> nir.IF:
    values = {"r": 2.0 / DT, "v_threshold": 0.5, "v_reset": -0.2} | changed
    return nir.IF(**{name: np.full((2,), value) for name, value in values.items()})


@pytest.mark.parametrize("kind", ["lif", "if"])
def test_unit_gain_form_follows_euler(kind: str) -> None:
    """v = gain * u at every step, with spikes and resets at the same steps."""
    node = lif() if kind == "lif" else integrator()
    cell = discrete_neuron("n", node, DT)
    v, u, spikes = np.zeros(2), np.zeros(2), 0
    for current in np.random.default_rng(0).uniform(0, 1, size=(50, 2)):
        if kind == "lif":
            v = v + DT / node.tau * ((node.v_leak - v) + node.r * current)
        else:
            v = v + DT * node.r * current
        u = cell.decay * u + cell.leak + current
        np.testing.assert_allclose(u * cell.gain, v, rtol=1e-12, atol=1e-15)
        fired = v > node.v_threshold
        np.testing.assert_array_equal(u > cell.threshold, fired)
        v, u = np.where(fired, node.v_reset, v), np.where(fired, cell.reset, u)
        spikes += int(fired.sum())
    assert 2 < spikes < 98


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (lif(tau=0.5 * DT), "shorter than dt"),
        (lif(r=0.0), "input gain"),
        (lif(v_threshold=np.nan), "v_threshold holds NaN"),
        (integrator(r=-1.0), "input gain"),
        (integrator(v_reset=np.inf), "v_reset holds NaN or infinity"),
    ],
)
def test_parameters_that_can_not_be_stepped(node: nir.NIRNode, message: str) -> None:
    """A neuron that has no discrete form is refused by name."""
    with pytest.raises(InvalidGraph, match=f"'n': .*{message}"):
        discrete_neuron("n", node, DT)
