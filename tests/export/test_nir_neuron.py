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


@pytest.mark.parametrize("decay_4096", [0, 1, 819, 3686, 4095])
def test_encoding_c2_means_threshold_one(decay_4096: int) -> None:
    """What freezing writes is read back: the decay on the grid, threshold 1, gain 1 - beta."""
    rate = 1 - decay_4096 / 4096
    cell = discrete_neuron(
        "n", lif(tau=DT / rate, r=1.0, v_leak=0, v_threshold=rate, v_reset=0), DT
    )
    np.testing.assert_allclose(cell.decay, decay_4096 / 4096, rtol=0, atol=1e-15)
    np.testing.assert_allclose(cell.threshold, 1.0, rtol=1e-12)
    np.testing.assert_allclose(cell.gain, rate, rtol=1e-12)
    assert not cell.leak.any()
    assert not cell.reset.any()


def test_the_last_bit_of_tau_is_no_reason_to_refuse() -> None:
    """tau = dt means no memory; a tau that float32 rounded below dt means the same."""
    for tau in (DT, DT * (1 - 1e-10)):
        assert (discrete_neuron("n", lif(tau=tau), DT).decay == 0).all()
    with pytest.raises(InvalidGraph, match="shorter than dt"):
        discrete_neuron("n", lif(tau=DT * (1 - 1e-8)), DT)


def test_cuba_has_the_discrete_neurons_recurrence() -> None:
    """i <- alpha i + x ; u <- beta u + leak + i follows NIR's two Euler steps, new i first."""
    rng = np.random.default_rng(0)
    sizes = dict(tau_syn=(1, 4), tau_mem=(2, 9), r=(1, 5), v_leak=(-1, 1), w_in=(1, 3))
    values = {key: rng.uniform(*span, size=50) for key, span in sizes.items()}
    values["tau_syn"] *= DT
    values["tau_mem"] *= DT
    node = nir.CubaLIF(**values, v_threshold=np.full(50, 1e9), v_reset=np.zeros(50))
    cell = discrete_neuron("lif", node, DT)
    current, v, i, u = (np.zeros(50) for _ in range(4))
    for x in rng.normal(size=(30, 50)):
        current = current + DT / node.tau_syn * (node.w_in * x - current)
        v = v + DT / node.tau_mem * ((node.v_leak - v) + node.r * current)
        i = cell.synapse_decay * i + x
        u = cell.decay * u + cell.leak + i
        np.testing.assert_allclose(u * cell.gain, v, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(cell.threshold * cell.gain, node.v_threshold)


def test_a_synapse_shorter_than_dt_is_refused() -> None:
    """By the field's name."""
    ones = np.ones(3)
    node = nir.CubaLIF(DT / 2 * ones, 5 * DT * ones, ones, 0 * ones, ones)
    with pytest.raises(InvalidGraph, match="'lif': tau_syn = 5e-05 s is shorter than dt"):
        discrete_neuron("lif", node, DT)
